import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assessFix, judgeWindow } from '#server/detect/index.ts';
import { demoNode } from './demo-node.ts';

const OLD = 1_799_999_000_000;
const NEW = 1_800_000_000_000;
const old = (seed: number, perMinute: number, kind: 'pool' | 'eof' = 'pool', to = 420) =>
  demoNode({ seed: seed + 7000, start: OLD, to, ...(perMinute ? { leak: { perMinute, kind } } : {}) });
const fresh = (seed: number, perMinute: number, shape: object = {}) =>
  demoNode({
    seed: seed + 9000,
    start: NEW,
    to: 66,
    every: 1.5,
    ...(perMinute ? { leak: { perMinute, kind: 'eof' as const } } : {}),
    ...shape,
  });
const judge = (before: ReturnType<typeof old>, after: ReturnType<typeof fresh>, more: object = {}) =>
  assessFix({ before, after, minConnections: 200, minSeconds: 60, ...more });

describe('after a restart and a minute of the new process', () => {
  test('a leak that ended is fixed, with both numbers in the sentence', () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const got = judge(old(seed, 90), fresh(seed, 0));
      assert.equal(got.verdict, 'fixed', `seed ${seed}: ${got.sentence}`);
      assert.match(got.sentence, /^fixed: [\d.,]+ fds leaked per 1,000 connections before, [\d.,]+ after$/);
      const { before, after, comparedBy } = got.judgement;
      assert.ok(before?.per1000Connections && after?.per1000Connections && before.perMinute && after.perMinute && comparedBy);
      assert.ok(Math.abs(before.perMinute.mid - 90) <= 45 && Math.abs(after.perMinute.mid) <= 15, JSON.stringify(got.judgement));
      assert.ok(after.processAge >= 60);
      assert.equal(got.missing, null);
    }
  });

  test('a leak that goes on is not fixed, however low the count is', () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const got = judge(old(seed, 90, 'eof'), fresh(seed, 90));
      assert.equal(got.verdict, 'not-fixed', `seed ${seed}: ${got.sentence}`);
      assert.match(got.sentence, /not fixed/);
      assert.ok(Math.abs((got.judgement.after?.perMinute?.mid ?? 0) - 90) <= 60);
    }
  });

  test('a node that was not leaking is said so', () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const got = judge(old(seed, 0, 'pool', 150), fresh(seed, 0));
      assert.equal(got.verdict, 'fixed', got.sentence);
      assert.equal(got.wasLeaking, false);
      assert.match(got.sentence, /was not leaking/);
    }
  });

  test('a leak that is new with the change is not fixed', () => {
    assert.equal(judge(old(1, 0), fresh(1, 120)).verdict, 'not-fixed');
  });
});

/** `node` as it is, but from `atMs` on it leaks no more. */
const stopsAt = (node: ReturnType<typeof old>, atMs: number) => {
  const atChange = node.findLast((row) => row.at < atMs);
  const more = (row: (typeof node)[number]) => 2 * ((row.connectionsActive ?? 0) - (atChange?.connectionsActive ?? 0));
  return node.map((row) => (row.at < atMs ? row : { ...row, openFds: (atChange?.openFds ?? 0) + more(row) }));
};

describe('beside a node left alone', () => {
  const control = demoNode({ seed: 77, start: OLD, to: 1420, leak: { perMinute: 90, kind: 'pool' } });
  const after = fresh(6, 0, { to: 400 });

  test('a change after which the other leaks on is a fix, and the sentence has its rate', () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const got = judge(old(seed, 90), fresh(seed, 0, { to: 400 }), { control });
      assert.equal(got.verdict, 'fixed', `seed ${seed}: ${got.sentence}`);
      assert.match(got.sentence, /^fixed: .* before, [\d.,]+ after; the node left alone leaks \d+$/);
      assert.equal(got.control?.state, 'leaking');
      const { difference } = got.control ?? {};
      assert.ok(difference && difference.low > 0 && difference.mid > 200, JSON.stringify(difference));
    }
  });

  test('a leak that ended on both was ended by something else', () => {
    const got = judge(old(6, 90), after, { control: stopsAt(control, NEW) });
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.control?.state, 'stopped');
    assert.match(got.sentence, /another cause/);
  });

  test('a change that fixed nothing is not fixed, whatever the other does', () => {
    for (const other of [control, stopsAt(control, NEW)]) {
      const got = judge(old(6, 90, 'eof'), fresh(6, 90, { to: 400 }), { control: other });
      assert.equal(got.verdict, 'not-fixed');
    }
  });

  test('a control whose leak would hardly show yet leaves it open', () => {
    const slow = demoNode({ seed: 5, start: OLD, to: 1066, leak: { perMinute: 6, kind: 'pool' } });
    const got = judge(old(6, 90), fresh(6, 0), { control: slow });
    assert.equal(got.verdict, 'inconclusive', got.sentence);
  });

  test('a control that was restarted since, or never leaked, is as good as none', () => {
    const restarted = [...control.filter((row) => row.at < NEW), ...demoNode({ seed: 3, start: NEW + 1000, to: 400 })];
    const healthy = demoNode({ seed: 8, start: OLD - 7_200_000, to: 8600, every: 15, limit: 4096 });
    for (const other of [restarted, healthy, []]) {
      const got = judge(old(6, 90), after, { control: other });
      assert.deepEqual([got.verdict, got.control], ['fixed', null], got.sentence);
      assert.doesNotMatch(got.sentence, /left alone/);
    }
  });
});

describe('what was compared is said', () => {
  test('by the same process age where the old process is stored from its start, with the numbers of that age', () => {
    const before = demoNode({ seed: 11, start: OLD, to: 900, leak: { perMinute: 90, kind: 'pool', fromAge: 400 } });
    const got = judge(before, fresh(3, 0, { to: 890 }));
    assert.deepEqual([got.verdict, got.judgement.comparedBy], ['fixed', 'same process age']);
    const { before: side } = got.judgement;
    assert.ok(side && Math.abs(side.processAge - 890) < 30 && Date.parse(side.window.from) < OLD + 60_000, JSON.stringify(side));
  });

  test('by the last window where its start is not', () => {
    const tail = old(2, 90, 'pool', 1800).filter((row) => row.at > OLD + 600_000);
    const got = judge(tail, fresh(2, 0));
    assert.deepEqual([got.verdict, got.judgement.comparedBy], ['fixed', 'last window of comparable load']);
  });

  test('and nothing is named where nothing could be compared', () => {
    for (const got of [
      judge(old(1, 90), fresh(1, 0, { to: 40 })),
      judge(old(1, 90), fresh(1, 0, { rate: 0.3, to: 240 })),
      judge([], fresh(1, 0)),
    ])
      assert.deepEqual([got.verdict, got.judgement.comparedBy], ['inconclusive', null], got.sentence);
  });
});

describe('nothing is said too soon', () => {
  test('before the least age of the new process', () => {
    const got = judge(old(1, 90), fresh(1, 0, { to: 40 }));
    assert.equal(got.verdict, 'inconclusive');
    assert.match(got.missing ?? '', /seconds of the new process/);
  });

  test('with too few connections', () => {
    const got = judge(old(1, 90), fresh(1, 0, { rate: 0.3, to: 240 }));
    assert.equal(got.verdict, 'inconclusive');
    assert.match(got.missing ?? '', /more connections/);
  });

  test('when the old leak began only a while after its start (the honeymoon)', () => {
    const before = demoNode({ seed: 11, start: OLD, to: 900, leak: { perMinute: 90, kind: 'pool', fromAge: 400 } });
    const got = judge(before, fresh(3, 0, { to: 200 }));
    assert.equal(got.verdict, 'inconclusive', got.sentence);
    assert.equal(judge(before, fresh(3, 0, { to: 890 })).verdict, 'fixed');
  });

  test('when the load is far below the one that leaked', () => {
    const got = judge(old(4, 60), fresh(4, 0, { rate: 0.4, held: 2, to: 900 }));
    assert.equal(got.verdict, 'inconclusive', got.sentence);
  });

  test('without any sample of the new process', () => {
    assert.equal(assessFix({ before: old(1, 90), after: [], minConnections: 0, minSeconds: 0 }).verdict, 'inconclusive');
  });
});

test('a node that was full before the restart is compared by its way up', () => {
  const before = demoNode({ seed: 21, start: OLD, to: 900, limit: 1024, leak: { perMinute: 120, kind: 'pool' } });
  assert.equal(before.at(-1)?.openFds, 1024);
  assert.equal(judge(before, fresh(2, 0)).verdict, 'fixed');
});

describe('a window', () => {
  test('gives the slope of open fds, the leak per 1,000 connections and what was accepted, of one life', () => {
    const rows = [...old(2, 90), ...fresh(2, 0)];
    const got = judgeWindow(rows, OLD + 120_000, OLD + 420_000);
    assert.ok(got.perMinute && got.perMinute.mid > 60 && got.perMinute.mid < 120, JSON.stringify(got));
    assert.ok(got.per1000Connections && got.per1000Connections.mid > 200);
    assert.ok(got.accepted !== null && got.accepted > 800);
    const across = judgeWindow(rows, OLD, NEW + 66_000);
    assert.ok(across.perMinute && Math.abs(across.perMinute.mid) < 15, 'only the new life counts');
  });

  test('without rows is empty, not wrong', () => {
    assert.deepEqual(judgeWindow([], 0, 1), { perMinute: null, per1000Connections: null, accepted: null });
  });
});
