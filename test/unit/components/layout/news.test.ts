import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Known, newsBetween, toastsOf } from '#components/layout/news.ts';
import type { IncidentList } from '#shared/incidents.ts';
import type { Fleet } from '#shared/nodes.ts';
import { type RunList, strategySchema } from '#shared/runs.ts';
import { bigFleet, demoFleet, fleetNode } from '#test/support/mock-fleet.ts';
import { mockIncidents } from '#test/support/mock-incidents.ts';

const AT = 1_800_000_000_000;
const iso = (ms: number) => new Date(ms).toISOString();
const nodes = bigFleet()
  .slice(0, 6)
  .map((story) => ({ ...fleetNode(story, AT, AT), state: 'up' as const, stateReason: null }));
const fleet = (...down: number[]): Fleet => ({
  asOf: iso(AT),
  nodes: nodes.map((node, i) => (down.includes(i) ? { ...node, state: 'down', stateReason: 'No route to host.' } : node)),
});
type Head = RunList['runs'][number];
const run = (status: Head['status'], more: Partial<Head> = {}): Head => ({
  ...{ id: 'r_00000000000004f2k9', runbook: { key: 'fd-leak', version: '1', title: 'fd leak' }, selector: '*', params: {}, dryRun: false },
  ...{ strategy: strategySchema.parse({}), status, verdict: null, summary: '' },
  ...{ startedBy: 'ana', createdAt: iso(AT - 60_000), finishedAt: null, approval: null, override: null, targetCount: 2, targetNames: [] },
  ...more,
});
const runs = (...heads: Head[]): RunList => ({ stopped: null, runs: heads });
const incidents = mockIncidents(
  demoFleet().map((story) => fleetNode(story, AT, AT)),
  AT,
  null,
);
const none: IncidentList = { incidents: [], open: 0, cut: false };
const calm: Known = { fleet: fleet(), incidents: none, runs: runs(run('running')) };
const me = { name: 'ana', sinceMs: AT };
const titles = (now: Partial<Known>, before: Known = calm) => newsBetween(before, { ...calm, ...now }, me).map(({ title }) => title);

describe('what is news', () => {
  test('the first reading is not: what was so before nobody looked is on the pages', () => {
    const all: Known = { fleet: fleet(0), incidents, runs: runs(run('failed')) };
    assert.deepEqual(newsBetween({ fleet: undefined, incidents: undefined, runs: undefined }, all, me), []);
    assert.deepEqual(newsBetween(all, all, me), [], 'and neither is the same again');
  });
  test('a node that went down; many at once are one message', () => {
    assert.deepEqual(titles({ fleet: fleet(1) }), [`${nodes[1]?.name} went down`]);
    assert.deepEqual(titles({ fleet: fleet(0, 1, 2, 3, 4) }), ['5 nodes went down']);
    assert.deepEqual(titles({ fleet: fleet() }, { ...calm, fleet: fleet(1) }), [], 'up again is no alarm');
    const unseen = { asOf: iso(AT), nodes: nodes.map((node) => ({ ...node, state: 'unknown' as const })) };
    assert.deepEqual(titles({ fleet: fleet(0) }, { ...calm, fleet: unseen }), [], 'a node that is still being set up went nowhere');
  });
  test('a run of mine that ended or waits; not one of another person, not one that ended before I came', () => {
    assert.deepEqual(titles({ runs: runs(run('failed')) }), ['R-4F2K9 failed']);
    assert.deepEqual(titles({ runs: runs(run('waiting')) }), ['R-4F2K9 waits for an answer']);
    assert.deepEqual(titles({ runs: runs(run('failed', { startedBy: 'ben' })) }), []);
    const before = { ...calm, runs: runs() };
    assert.deepEqual(titles({ runs: runs(run('succeeded')) }, before), []);
    assert.deepEqual(titles({ runs: runs(run('succeeded', { createdAt: iso(AT + 1000) })) }, before), ['R-4F2K9 ended']);
  });
  test('a run that ended and proved nothing fixed is not green', () => {
    const mark = (verdict: Head['verdict']) => newsBetween(calm, { ...calm, runs: runs(run('succeeded', { verdict })) }, me)[0]?.mark;
    assert.deepEqual([mark('pass'), mark(null), mark('fail'), mark('inconclusive')], ['ok', 'ok', 'danger', 'unknown']);
  });
});

describe('what is shown of it', () => {
  const news = newsBetween(calm, { ...calm, fleet: fleet(1, 2), runs: runs(run('failed')) }, me);
  const paths = (path: string, most = 3) => toastsOf(news, path, most).map(({ href }) => href);
  test('newest first, three at most, and never what the page shows', () => {
    assert.deepEqual(paths('/alerts'), ['/runs/r_00000000000004f2k9', `/nodes/${nodes[2]?.id}`, `/nodes/${nodes[1]?.id}`]);
    assert.equal(paths('/alerts', 2).length, 2);
    assert.deepEqual(paths('/'), ['/runs/r_00000000000004f2k9'], 'the fleet shows its nodes');
    assert.deepEqual(paths(`/nodes/${nodes[1]?.id}`).length, 2);
    assert.equal(paths('/runs/r_00000000000004f2k9').length, 2);
  });
  test('an incident takes the place of the message that its node is down', () => {
    const first = incidents.incidents[0];
    assert.ok(first);
    const nodesOf = first.nodes.slice(0, 1).map((one) => ({ ...one, nodeId: nodes[1]?.id ?? '' }));
    const incident = { ...first, id: 'i-new', number: 40, nodes: nodesOf };
    const both = newsBetween(calm, { ...calm, fleet: fleet(1), incidents: { ...none, incidents: [incident] } }, me);
    assert.deepEqual(both.length, 2);
    assert.deepEqual(
      toastsOf(both, '/alerts', 3).map(({ title }) => title),
      ['INC-40 is open'],
    );
    assert.deepEqual(toastsOf(both, `/nodes/${nodes[1]?.id}`, 3), [], 'its node’s page has the strip');
  });
});
