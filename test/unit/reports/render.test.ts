import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reportHtml } from '#server/reports/html.ts';
import { reportMarkdown } from '#server/reports/markdown.ts';
import { nextOf, summaryOf } from '#server/reports/words.ts';
import { type Report, reportSchema } from '#shared/reports.ts';

const AT = '2026-03-02T12:00:00.000Z';
const report = (more: Partial<Report> = {}): Report =>
  reportSchema.parse({
    ...{
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-08T00:00:00.000Z',
      madeAt: '2026-03-08T00:00:00.000Z',
      nodes: 5,
      summary: [],
      empty: false,
    },
    ...{ headroom: [], lowest: [], leaks: { found: 0, fixed: 0, notFixed: 0, open: 0 }, incidents: [], changes: [], drills: [], next: [] },
    now: { diesFirst: [], drift: [], notUp: [] },
    ...more,
  });
const dying = { nodeId: 'n_1', name: 'edge-fra-01', verdict: 'leaking', perMinute: 62, seconds: { low: 3600, high: 7200 } };
const incident = {
  ...{ id: 'i_1', number: 12, title: 'edge-fra-01 leaks', severity: 'warning', status: 'open', cause: 'fd-leak', openedAt: AT },
  ...{ closedAt: null, closedReason: null, nodes: ['edge-fra-01'], acknowledgedSeconds: 40 },
};

describe('the fleet report', () => {
  test('says first who dies first, then that a fix was not one', () => {
    const said = summaryOf(
      report({ now: { diesFirst: [dying], drift: [], notUp: [] }, leaks: { found: 1, fixed: 0, notFixed: 1, open: 1 } }),
    );
    assert.match(said[0] ?? '', /edge-fra-01 runs out of fds first, in \S+.* to .* unless somebody acts/);
    assert.match(said[1] ?? '', /1 incident of a leak: 0 closed, 1 still open. 1 fix judged "not fixed"/);
  });

  test('tells what to do next for each thing that is open, and to rehearse when nobody did', () => {
    const next = nextOf(report({ incidents: [incident], now: { diesFirst: [dying], drift: [{ nodeId: 'n_2', name: 'b' }], notUp: [] } }));
    assert.match(next.join('\n'), /edge-fra-01: keep evidence.*\nINC-12 is open.*\nb: agree to its config.yaml.*\nNobody rehearsed/);
  });

  test('of an empty week says so, in both files', () => {
    const empty = report({ empty: true });
    for (const file of [reportMarkdown(empty), reportHtml(empty)]) {
      assert.match(file, /Nothing was measured and nothing happened in this time/);
      assert.match(file, /Fleet report, /);
    }
  });

  test('has no markup of what people and nodes are called', () => {
    const evil = '<script>alert(1)</script> | [x](javascript:1)\n# new';
    const named = report({
      incidents: [{ ...incident, title: evil }],
      changes: [{ id: 'r_1', title: evil, runbook: 'fd-leak', by: evil, at: AT, status: 'failed', verdict: 'fail', summary: '', nodes: 1 }],
    });
    const html = reportHtml(named);
    assert.ok(!html.includes('<script'));
    const markdown = reportMarkdown(named);
    for (const line of markdown.split('\n')) {
      if (!line.includes('alert')) continue;
      assert.doesNotMatch(line, /(^|[^\\])<script|(^|[^\\])\[x\]/);
    }
    assert.doesNotMatch(markdown, /^# new/m);
  });

  test('is the same report in HTML and Markdown', () => {
    const full = report({ incidents: [incident], now: { diesFirst: [dying], drift: [], notUp: [] }, summary: ['one'], next: ['two'] });
    const titles = (text: string, pattern: RegExp) =>
      [...text.matchAll(pattern)].map(([, title]) => title?.replaceAll('\\', '').replace(/&#34;/g, '"'));
    assert.deepEqual(titles(reportMarkdown(full), /^## (.+)$/gm), titles(reportHtml(full), /<h2>(.+?)<\/h2>/g));
  });

  test('shows the trend of the headroom: a bar a day, red below 20 %, none where nothing was measured', () => {
    const day = (n: number, lowestPercent: number | null) => ({
      ...{ day: `2026-03-0${n}T00:00:00.000Z`, lowestPercent, node: lowestPercent === null ? null : 'edge-fra-01' },
    });
    const trend = report({ headroom: [day(1, 62), day(2, null), day(3, 12)] });
    const html = reportHtml(trend);
    assert.deepEqual(
      [...html.matchAll(/<rect [^>]* fill="(#\w+)"><title>([^<]+)</g)].map(([, color, title]) => `${color} ${title}`),
      ['#3b6ea8 1 Mar: 62 %', '#b42318 3 Mar: 12 %'],
    );
    const [, inMarkdown] = /!\[Headroom by day\]\(data:image\/svg\+xml;base64,([^)]+)\)/.exec(reportMarkdown(trend)) ?? [];
    assert.ok(html.includes(Buffer.from(inMarkdown ?? '', 'base64').toString()), 'the same picture in both files');
    assert.doesNotMatch(reportHtml(report({ headroom: [day(1, 62), day(2, null)] })), /<svg/, 'one day is no trend');
  });
});
