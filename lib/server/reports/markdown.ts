import type { Report } from '#shared/reports.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { formatDay, formatDuration, formatInstant } from '#shared/units/time.ts';
import { headroomTrend } from './trend.ts';
import { range } from './words.ts';

/** What people and nodes are called cannot end a cell, begin a link or be markup. */
const plain = (text: string): string => text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_[\]<>|#]/g, (c) => `\\${c}`);
const when = (instant: string): string => formatInstant(Date.parse(instant));
const table = (heads: string[], rows: string[][]): string =>
  [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const list = (lines: readonly string[]): string => lines.map((line) => `- ${plain(line)}`).join('\n');

export const titleOf = (report: Report): string =>
  `Fleet report, ${formatDay(Date.parse(report.from))} to ${formatDay(Date.parse(report.to))}`;

/** Sections of the report in order; the HTML file has the same. `picture` is an SVG document. `rows` empty: `none` is said instead. */
export function sectionsOf(
  report: Report,
): { title: string; picture?: string | null; lines?: readonly string[]; heads?: string[]; rows?: string[][]; none: string }[] {
  const percent = (value: number) => `${Math.round(value)} %`;
  return [
    { title: 'In short', lines: report.summary, none: 'Nothing was measured and nothing happened in this time.' },
    { title: 'What to do next', lines: report.next, none: 'Nothing that the console knows of.' },
    {
      title: `Who dies first, as of ${when(report.madeAt)}`,
      heads: ['Node', 'Verdict', 'fds/min', 'Out of fds in'],
      rows: report.now.diesFirst.map((n) => [n.name, n.verdict, n.perMinute === null ? '–' : n.perMinute.toFixed(1), range(n.seconds)]),
      none: 'No node has an end in sight.',
    },
    {
      title: 'Headroom by day',
      picture: headroomTrend(report),
      heads: ['Day', 'Least headroom', 'Node'],
      rows: report.headroom.flatMap((d) =>
        d.lowestPercent === null ? [] : [[formatDay(Date.parse(d.day)), percent(d.lowestPercent), d.node ?? '–']],
      ),
      none: 'No samples in this time.',
    },
    {
      title: 'Least headroom by node',
      heads: ['Node', 'Headroom', 'Of the limit', 'When'],
      rows: report.lowest.map((n) => [n.name, `${formatCount(n.headroom)} fds`, percent(n.percent), when(n.at)]),
      none: 'No samples in this time.',
    },
    {
      title: `Leaks: ${plural(report.leaks.found, 'incident')}, ${report.leaks.fixed} closed, ${report.leaks.notFixed} judged "not fixed"`,
      lines: report.incidents
        .filter(({ cause }) => cause === 'fd-leak')
        .map((i) => `INC-${i.number} ${i.title}: ${i.status}${i.closedReason ? `, ${i.closedReason}` : ''}`),
      none: 'None.',
    },
    {
      title: 'Incidents',
      heads: ['Incident', 'Severity', 'Nodes', 'Opened', 'Acknowledged after', 'Closed'],
      rows: report.incidents.map((i) => [
        `INC-${i.number} ${i.title}`,
        i.severity,
        i.nodes.join(', '),
        when(i.openedAt),
        i.acknowledgedSeconds === null ? 'never' : formatDuration(i.acknowledgedSeconds),
        i.closedAt === null ? 'open' : when(i.closedAt),
      ]),
      none: 'None.',
    },
    {
      title: 'Changes',
      heads: ['When', 'What', 'By', 'Nodes', 'Ended', 'Verdict'],
      rows: report.changes.map((c) => [when(c.at), c.title, c.by, String(c.nodes), c.status, c.verdict ?? '–']),
      none: 'Nothing was changed through the console.',
    },
    { title: 'Drift, now', lines: report.now.drift.map(({ name }) => name), none: 'Every config is as agreed.' },
    {
      title: 'Drills',
      heads: ['When', 'By', 'Score'],
      rows: report.drills.map((d) => [when(d.at), d.by, `${d.score} of 100`]),
      none: 'Nobody rehearsed.',
    },
  ];
}

export function reportMarkdown(report: Report): string {
  const parts = sectionsOf(report).flatMap(({ title, picture, lines, heads, rows, none }) => {
    const body = lines
      ? lines.length > 0
        ? list(lines)
        : none
      : rows && rows.length > 0
        ? table(
            heads ?? [],
            rows.map((row) => row.map(plain)),
          )
        : none;
    const shown = picture ? [`![${plain(title)}](data:image/svg+xml;base64,${Buffer.from(picture).toString('base64')})`] : [];
    return [`## ${plain(title)}`, ...shown, body];
  });
  return `${[`# ${titleOf(report)}`, `${report.nodes} nodes, made ${when(report.madeAt)}.`, ...parts].join('\n\n')}\n`;
}
