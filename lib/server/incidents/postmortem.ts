import { INCIDENT_RULES, incidentName } from '#shared/incident-rules.ts';
import type { Incident, Signal } from '#shared/incidents.ts';
import { runName } from '#shared/run-name.ts';
import { formatBytes } from '#shared/units/bytes.ts';
import { formatCount, formatFigure, plural } from '#shared/units/count.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';
import type { ConfigChange } from './changes.ts';
import type { Impact } from './impact.ts';
import type { RunOutcome } from './known.ts';
import { fenced, inline } from './markdown.ts';
import { acknowledgedAfter, fellShort, firstSignal, wentWell } from './review.ts';

export type PostmortemInput = {
  incident: Incident;
  impacts: ReadonlyMap<string, Impact>;
  /** node → where its picture is: a file beside, or a data: address */
  charts: ReadonlyMap<string, string>;
  runs: readonly RunOutcome[];
  changes: readonly ConfigChange[];
  url: string;
  now: number;
};

const VERDICTS: Record<string, string> = { pass: 'fixed', fail: '**not fixed**', inconclusive: 'inconclusive' };

/** The whole of an incident as a document that can be filed. Everything with a figure comes from what was recorded; what only people know is asked for. */
export function writeIncidentPostmortem(input: PostmortemInput): string {
  const { incident } = input;
  return [
    `# ${incidentName(incident.number)}: ${inline(incident.title)}`,
    '',
    ...headOf(input),
    ...section('Summary', summaryOf(input)),
    ...section('What happened', happened(incident)),
    ...section('Impact', impactTable(input)),
    ...section('Timeline (UTC)', timelineOf(incident)),
    ...section('Cause', causeOf(incident)),
    ...section('What was done', doneOf(input)),
    ...section('Verdict', verdictTable(input.runs)),
    ...section('What went well', wentWell(input)),
    ...section('What fell short', fellShort(input)),
    ...section('Action items', actionsOf(input)),
    ...section('Evidence', evidenceOf(incident)),
  ].join('\n');
}

const section = (title: string, lines: readonly string[]): string[] => [`## ${title}`, '', ...lines, ''];

function headOf({ incident, url, now }: PostmortemInput): string[] {
  const after = acknowledgedAfter(incident);
  const end = incident.closedAt === null ? now : Date.parse(incident.closedAt);
  const row = (name: string, value: string) => `| ${name} | ${value} |`;
  return [
    '| | |',
    '|---|---|',
    row('Status', incident.closed ? `resolved by ${inline(incident.closed.by)}: ${inline(incident.closed.reason)}` : incident.status),
    row('Severity', incident.severity),
    row('Owner', incident.owner === null ? '*nobody*' : inline(incident.owner)),
    row('Opened', `${stamp(incident.openedAt)} by ${inline(incident.declaredBy)}`),
    row(
      'Acknowledged',
      incident.acknowledged && after !== null
        ? `${stamp(incident.acknowledged.at)} by ${inline(incident.acknowledged.by)}, after ${formatDuration(after)}`
        : '*not acknowledged*',
    ),
    row('Closed', incident.closedAt === null ? '*still open*' : stamp(incident.closedAt)),
    row('Duration', formatDuration((end - Date.parse(incident.openedAt)) / 1000)),
    row('Nodes', incident.nodes.map(({ name }) => inline(name)).join(', ')),
    row('Incident', `<${url}/incidents/${incident.id}>`),
    '',
  ];
}

function summaryOf({ incident, runs, impacts, now }: PostmortemInput): string[] {
  const first = firstSignal(incident);
  const end = incident.closedAt === null ? now : Date.parse(incident.closedAt);
  const all = [...impacts.values()];
  const peak = Math.max(0, ...all.map((i) => i.peakPercent ?? 0));
  const refused = all.reduce((sum, i) => sum + i.refused, 0);
  const last = new Map(runs.filter((run) => run.verdict !== null).map((run) => [run.nodeId, run]));
  return [
    [
      `${inline(incident.title)}.`,
      first
        ? `The rule "${INCIDENT_RULES[first.rule].title}" saw it first, on ${inline(first.nodeName)} at ${stamp(first.since)}.`
        : `${inline(incident.declaredBy)} declared it at ${stamp(incident.openedAt)}.`,
      `It ${incident.closedAt === null ? 'has been' : 'was'} open for ${formatDuration((end - Date.parse(incident.openedAt)) / 1000)} on ${plural(incident.nodes.length, 'node')}.`,
      ...(peak > 0
        ? [
            `At worst ${Math.round(peak)} % of a limit was used; ${refused > 0 ? `${formatCount(refused)} connections were refused` : 'no connection was refused'}.`,
          ]
        : []),
      ...[...last.values()].map(
        (run) => `On ${inline(run.nodeName)} ${runName(run.runId)} ended ${VERDICTS[run.verdict ?? ''] ?? 'without a verdict'}.`,
      ),
    ].join(' '),
  ];
}

/** By node, in the order of the moments; what was seen stands once under the signals of a moment. */
function happened({ signals, declaredBy }: Incident): string[] {
  if (signals.length === 0) return [`No rule fired. ${inline(declaredBy)} declared the incident by hand. *To fill in: what was seen.*`];
  const moments = new Map<string, Signal[]>();
  for (const signal of signals.toSorted((a, b) => Date.parse(a.since) - Date.parse(b.since))) {
    const key = `${signal.nodeId} ${signal.since}`;
    moments.set(key, [...(moments.get(key) ?? []), signal]);
  }
  return [...moments.values()].flatMap((together) => {
    const [first] = together;
    if (!first) return [];
    const facts = first.evidence.facts.map(({ label, value }) => `${label} ${value}`).join(', ');
    return [
      `- **${inline(first.nodeName)}**, from ${stamp(first.since)}:`,
      ...together.map((s) => {
        const end = s.until === null ? 'still so' : `until ${stamp(s.until)} (${inline(s.ended ?? 'cleared')})`;
        return `  - ${inline(s.summary)}; ${end}`;
      }),
      ...(facts === '' ? [] : [`  - seen then: ${inline(facts)}`]),
    ];
  });
}

function impactTable({ incident, impacts, charts }: PostmortemInput): string[] {
  const rows = incident.nodes.flatMap(({ nodeId, name }) => {
    const i = impacts.get(nodeId);
    if (!i) return [`| ${inline(name)} | no samples | | | | |`];
    const peak =
      i.peakFds === null ? 'unknown' : `${formatCount(i.peakFds)}${i.peakPercent === null ? '' : ` (${Math.round(i.peakPercent)} %)`}`;
    const least = i.leastHeadroom === null ? 'unknown' : formatCount(i.leastHeadroom);
    return [
      `| ${inline(name)} | ${peak} | ${least} | ${formatDuration(i.nearLimitSeconds)} | ${formatCount(i.refused)} | ${formatDuration(i.unknownSeconds)} |`,
    ];
  });
  const pictures = incident.nodes.flatMap(({ nodeId, name }) => {
    const chart = charts.get(nodeId);
    return chart === undefined ? [] : ['', `![Open fds of ${inline(name)} during the incident](${chart})`];
  });
  return [
    '| Node | Most fds open (of the limit) | Least headroom | Above 80 % for | Connections refused | Not seen for |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
    ...pictures,
    '',
    '- *To fill in*: which users noticed, and what of',
  ];
}

function timelineOf({ timeline }: Incident): string[] {
  return timeline.map((e) => {
    const who = e.by === null ? '' : ` (${inline(e.by)})`;
    return `- ${e.at.slice(0, 19).replace('T', ' ')} ${e.nodeName === null ? '' : `**${inline(e.nodeName)}** `}${inline(e.text)}${who}`;
  });
}

function causeOf({ known, closedAt }: Incident): string[] {
  // of an incident that is over, what the process of now is not judged by yet is no cause
  const told = known.filter(({ tone, href }) => closedAt === null || tone !== 'unknown' || !href.startsWith('/nodes/'));
  return [
    ...told.map(({ text }) => `- ${inline(text)}`),
    '- A count that fell with a restart is no proof of a cause: a restart frees every leaked fd, whatever leaked it.',
    '- *To fill in*: the cause, and how it is known',
  ];
}

function doneOf({ incident, runs, changes }: PostmortemInput): string[] {
  const lines = [
    ...runs.map(
      (r) =>
        `- ${runName(r.runId)}: ${r.runbookKey} on ${inline(r.nodeName)}${r.verdict === null ? '' : `, ${VERDICTS[r.verdict] ?? r.verdict}`}`,
    ),
    ...incident.bought.map((b) => {
      const minutes = b.minutesBought === null ? '' : `, ${formatDuration(b.minutesBought * 60)} bought`;
      return `- The limit of ${inline(b.nodeName)} was raised from ${formatCount(b.limitBefore)} to ${formatCount(b.limitAfter)} at ${stamp(b.at)}${minutes}`;
    }),
    ...incident.captures
      .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
      .map((c) => `- Evidence of ${inline(c.nodeName)} was kept at ${stamp(c.at)} by ${inline(c.by)}`),
  ];
  if (lines.length === 0) return ['- Nothing was done from the console.'];
  return [
    ...lines,
    ...changes.flatMap(({ runId, nodeNames, diff }) => [
      '',
      `${runName(runId)} changed config.yaml on ${nodeNames.map(inline).join(', ')}:`,
      '',
      ...fenced('diff', diff),
    ]),
  ];
}

function verdictTable(runs: readonly RunOutcome[]): string[] {
  const judged = runs.flatMap((run) => (run.judgement === null || run.verdict === null ? [] : [{ ...run, judgement: run.judgement }]));
  if (judged.length === 0) return ['No run judged a before and an after.'];
  const figures = (side: (typeof judged)[number]['judgement']['before']) => {
    const slope = side?.per1000Connections ?? side?.perMinute;
    if (!side || !slope) return 'not measured';
    const unit = side.per1000Connections ? 'per 1,000 conn' : 'fds/min';
    return `${formatFigure(slope.mid)} ${unit} (${formatFigure(slope.low)} to ${formatFigure(slope.high)}), process ${formatDuration(side.processAge)} old`;
  };
  return [
    '| Run | Node | Before | After | Compared by | Verdict |',
    '|---|---|---|---|---|---|',
    ...judged.map(
      (r) =>
        `| ${runName(r.runId)} | ${inline(r.nodeName)} | ${figures(r.judgement.before)} | ${figures(r.judgement.after)} | ${inline(r.judgement.comparedBy ?? 'nothing comparable')} | ${VERDICTS[r.verdict ?? ''] ?? ''} |`,
    ),
  ];
}

function actionsOf({ incident, runs, now }: PostmortemInput): string[] {
  const fixed = new Set(runs.filter((r) => r.verdict === 'pass').map((r) => r.nodeId));
  const failed = runs.filter((r) => r.verdict === 'fail' && !fixed.has(r.nodeId));
  const unfixed = [...new Set(failed.map((r) => inline(r.nodeName)))].join(', ');
  const ruledOut = failed.every((r) => r.runbookKey === 'fd-leak') ? 'the pool' : 'what was changed';
  const firing = incident.signals.filter((s) => s.until === null);
  const bought = incident.bought.filter((b) => b.endedAt === null);
  const items = [
    ...(failed.length > 0 ? [`Find what leaks on ${unfixed}: ${ruledOut} is ruled out there`] : []),
    ...(firing.length > 0
      ? [
          `Watch ${[...new Set(firing.map((s) => inline(s.nodeName)))].join(', ')}: at ${formatInstant(now)} ${firing.length === 1 ? 'a signal' : `${formatCount(firing.length)} signals`} still fired`,
        ]
      : []),
    ...bought.map((b) => `Take the raised limit and its LimitNOFILE drop-in away on ${inline(b.nodeName)} together with the leak`),
    ...(fixed.size > 0 ? ['Roll the fix out to the nodes that have the same setting and version'] : []),
    'Add what would have caught this earlier: a threshold, a dashboard, a test',
  ];
  return [
    '| What | Owner | Due |',
    '|---|---|---|',
    ...items.map((item) => `| ${item} | ${incident.owner === null ? '*to fill in*' : inline(incident.owner)} | *to fill in* |`),
  ];
}

function evidenceOf({ captures, timeline, signals }: Incident): string[] {
  const runs = [...new Set(timeline.map((e) => e.runId).filter((id) => id !== null))];
  return [
    ...captures.map(
      (c) =>
        `- Capture ${c.id} of ${inline(c.nodeName)}, ${formatInstant(Date.parse(c.at))}, ${formatBytes(c.bytes)}, sha256 \`${c.sha256}\``,
    ),
    ...runs.map((id) => `- Run ${runName(id)} (${id}): its receipts are in its signed evidence file`),
    `- ${plural(signals.length, 'signal')} with the figures of their moment, above`,
  ];
}

const stamp = (instant: string): string => formatInstant(Date.parse(instant));
