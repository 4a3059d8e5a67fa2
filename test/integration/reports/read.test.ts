import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createReports } from '#server/reports/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-03-08T12:00:00Z');
const EVERYTHING = { has: () => true, some: () => true, drills: true };
type Metrics = Parameters<typeof createReports>[0]['metrics'];

/** A console of one node, whose stored buckets are `open` fds of a limit of 1,000 at each instant. */
async function world(t: TestContext, open: { at: number; fds: number }[] = []) {
  const db = await testDatabase(t);
  const [story] = demoFleet();
  if (!story) throw new Error('no story');
  const node = { ...fleetNode(story, NOW - DAY, NOW), id: 'n_1', name: 'edge-01', leak: NOT_LEAKING, drift: true };
  const gauge = (openFds: number) => ({ openFds, fdLimit: 1000 });
  const metrics: Metrics = {
    query: async (_id, { fromMs, toMs }) => ({
      stepSeconds: 3600,
      buckets: open
        .filter(({ at }) => at >= fromMs && at < toMs)
        .map(({ at, fds }) => asBucket({ at, lastAt: at, max: gauge(fds), last: gauge(fds) })),
    }),
  };
  return { db, reports: createReports({ db, metrics, fleet: async () => [node], clock: { now: () => NOW, sleep: async () => {} } }) };
}
const NOT_LEAKING = { verdict: 'not-leaking', perMinute: null, per1000Connections: null } as const;
/** The parts of a bucket that a report reads. */
const asBucket = (part: unknown) => part as Awaited<ReturnType<Metrics['query']>>['buckets'][number];

describe('the report of a range', () => {
  test('without samples and happenings is empty, and says so', async (t) => {
    const { reports } = await world(t);
    const report = await reports.make({}, EVERYTHING);
    assert.equal(report.empty, true);
    assert.match(reports.render(report, 'md'), /nothing happened in this time/);
  });

  test('tells per day the least headroom, and of the node when it was', async (t) => {
    const low = Date.parse('2026-03-05T08:00:00Z');
    const { reports } = await world(t, [
      { at: low - DAY, fds: 200 },
      { at: low, fds: 900 },
    ]);
    const report = await reports.make({}, EVERYTHING);
    assert.deepEqual(
      report.headroom.flatMap(({ day, lowestPercent }) => (lowestPercent === null ? [] : [[day.slice(0, 10), lowestPercent]])),
      [
        ['2026-03-04', 80],
        ['2026-03-05', 10],
      ],
    );
    assert.deepEqual(report.lowest, [{ nodeId: 'n_1', name: 'edge-01', percent: 10, headroom: 100, at: new Date(low).toISOString() }]);
    assert.match(report.next.join('\n'), /edge-01 came down to 10 % headroom/);
    assert.match(report.next.join('\n'), /edge-01: agree to its config.yaml/);
  });

  test('has the incidents and drills of its own time only, and none of nodes that its reader may not see', async (t) => {
    const { db, reports } = await world(t, [{ at: NOW - DAY, fds: 100 }]);
    for (const [number, openedAt, closedAt] of [
      [1, NOW - 20 * DAY, NOW - 18 * DAY],
      [2, NOW - 3 * DAY, NOW - 2 * DAY],
      [3, NOW - 9 * DAY, null],
    ] as const) {
      const row = { id: `i_${number}`, number, title: 'leaks', titledBy: null, cause: 'fd-leak', severity: 'warning', severityBy: null };
      const closed = { closedAt, closedBy: null, closedReason: null, status: closedAt === null ? 'open' : 'resolved' };
      const rest = { owner: null, declaredBy: 'rule leaking', acknowledgedBy: 'ann', acknowledgedAt: openedAt + 60_000, reopened: 0 };
      await db
        .insertInto('incidents')
        .values({ ...row, ...closed, ...rest, openedAt, mergedInto: null, updatedAt: openedAt })
        .execute();
      await db.insertInto('incidentNodes').values({ incidentId: row.id, nodeId: 'n_1', name: 'edge-01', addedAt: openedAt }).execute();
    }
    const report = await reports.make({}, EVERYTHING);
    assert.deepEqual(
      report.incidents.map(({ number, acknowledgedSeconds }) => [number, acknowledgedSeconds]),
      [
        [3, 60],
        [2, 60],
      ],
    );
    assert.deepEqual(report.leaks, { found: 2, fixed: 1, notFixed: 0, open: 1 });
    await db.insertInto('incidentNodes').values({ incidentId: 'i_2', nodeId: 'n_2', name: 'core-09', addedAt: NOW }).execute();
    await db.updateTable('incidents').set({ title: 'core-09 leaks', closedReason: 'core-09 is well' }).where('id', '=', 'i_2').execute();
    const some = await reports.make({}, { has: (id) => id === 'n_1', some: (ids) => ids.includes('n_1'), drills: false });
    assert.deepEqual(
      some.incidents.map(({ number, title, closedReason, nodes }) => [number, title, closedReason, nodes]),
      [
        [3, 'leaks', null, ['edge-01']],
        [2, 'another node leaks', 'another node is well', ['edge-01']],
      ],
    );
    const blind = await reports.make({}, { has: () => false, some: () => false, drills: false });
    assert.deepEqual([blind.nodes, blind.incidents, blind.lowest], [0, [], []]);
  });
});
