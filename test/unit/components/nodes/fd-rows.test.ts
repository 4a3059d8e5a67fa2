import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fdRows, isStuck } from '#components/nodes/fd-rows.ts';
import type { FdGroup, FdLook, NodeFds } from '#shared/xray.ts';

const at = (ms: number) => new Date(ms).toISOString();
const group = (o: Partial<FdGroup> & Pick<FdGroup, 'kind' | 'count'>): FdGroup => ({
  ...{ state: null, local: null, peer: null, others: false, firstSeen: [], examples: [] },
  ...o,
});
const look = (groups: FdGroup[]): FdLook => ({
  ...{
    id: 'x_2',
    at: at(600_000),
    by: 'Ada',
    pid: 7,
    comm: null,
    processStart: null,
    fdLimit: null,
    untracked: 0,
    durationMs: 1,
    cpuMs: null,
  },
  ...{ command: 'ls', sha256: '', groups, openFds: groups.reduce((sum, { count }) => sum + count, 0) },
});
const GROUPS = [
  group({ kind: 'upstream', state: 'ESTABLISHED', peer: '10.0.0.1:80', count: 4, firstSeen: [{ at: at(600_000), count: 4 }] }),
  group({ kind: 'upstream', state: 'ESTABLISHED', peer: '10.0.0.2:80', count: 6, firstSeen: [{ at: at(0), count: 6 }] }),
  group({ kind: 'file', peer: '/dev/null', count: 3 }),
];

describe('the rows of the fd X-ray', () => {
  test('of one look: kinds are summed, the largest first, and nothing is said of growth', () => {
    const { kinds, peers } = fdRows({ looks: [], look: look(GROUPS), comparison: null, findings: [] });
    assert.deepEqual(
      kinds.map(({ kind, now, grew, before, medianAgeSeconds }) => [kind, now, grew, before, medianAgeSeconds]),
      [
        ['upstream', 10, null, null, null],
        ['file', 3, null, null, null],
      ],
    );
    assert.equal(peers.length, 3);
  });

  test('of two looks: the age that half of them have at least, and none where it is not known', () => {
    const row = { local: null, peer: null, others: false, before: 0, now: 0, grew: 0, stayed: null };
    const since = { id: 'x_1', at: at(0), pid: 7, openFds: 0 };
    const comparison: NodeFds['comparison'] = {
      ...{ since, seconds: 600, sameProcess: true, grew: 13, groups: [] },
      kinds: [
        { ...row, kind: 'upstream', state: 'ESTABLISHED' },
        { ...row, kind: 'file', state: null },
      ],
    };
    const { kinds } = fdRows({ looks: [], look: look(GROUPS), comparison, findings: [] });
    assert.deepEqual(
      kinds.map(({ medianAgeSeconds }) => medianAgeSeconds),
      [600, null],
    );
  });

  test('examples come by turns from the groups of a class, the largest first', () => {
    const example = (fd: number) => ({ fd, local: null, remote: null });
    const groups = [
      group({ kind: 'client', state: 'CLOSE_WAIT', peer: 'a', count: 2, examples: [example(1), example(2)] }),
      group({ kind: 'client', state: 'CLOSE_WAIT', peer: 'b', count: 9, examples: [example(7), example(8), example(9)] }),
    ];
    const { kinds } = fdRows({ looks: [], look: look(groups), comparison: null, findings: [] });
    assert.deepEqual(
      kinds[0]?.examples.map(({ fd }) => fd),
      [7, 1, 8, 2, 9],
    );
  });

  test('CLOSE_WAIT and orphans are what only the process can free', () => {
    assert.ok(isStuck({ kind: 'client', state: 'CLOSE_WAIT' }) && isStuck({ kind: 'orphan', state: null }));
    assert.ok(!isStuck({ kind: 'client', state: 'ESTABLISHED' }));
  });
});
