import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { beyondTraffic } from '#server/detect/explain.ts';
import { assessLeak, explain } from '#server/detect/index.ts';
import { demoNode } from './demo-node.ts';

const sample = demoNode({ seed: 1, to: 10 }).at(-1);
assert.ok(sample);
const base = { ...sample, openFds: 200, connectionsActive: 50, connectionsStale: 10, poolIdle: 8, withoutBackend: 0 };

test('explained = baseline + 2 × live connections + idle pool; stale tunnels are unexplained', () => {
  assert.deepEqual(explain(base, 20), { explained: 20 + 80 + 8, unexplained: 92 });
});

test('a connection without a backend explains the one fd that it holds, and no more of them are believed than are live', () => {
  assert.deepEqual(explain({ ...base, withoutBackend: 30 }, 20), { explained: 20 + 80 - 30 + 8, unexplained: 122 });
  assert.deepEqual(explain({ ...base, withoutBackend: 1e6 }, 20), { explained: 20 + 40 + 8, unexplained: 132 });
  assert.equal(beyondTraffic({ ...base, baselineFds: 20, withoutBackend: 30 }), 122);
});

test('what the node does not export counts as none, and without tunnels nothing is explained', () => {
  assert.deepEqual(explain({ ...base, connectionsStale: null, poolIdle: null, withoutBackend: null }, 20), {
    explained: 120,
    unexplained: 80,
  });
  assert.deepEqual(explain({ ...base, connectionsActive: null }, 20), { explained: null, unexplained: null });
  assert.deepEqual(explain({ ...base, openFds: null }, 20), { explained: null, unexplained: null });
});

test('both parts are never negative and together all open fds', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(3000), fc.nat(3000), fc.nat(500), fc.nat(100), (openFds, active, stale, idle, baseline) => {
      const got = explain({ ...base, openFds, connectionsActive: active, connectionsStale: stale, poolIdle: idle }, baseline);
      assert.ok(got.explained !== null && got.unexplained !== null && got.explained >= 0 && got.unexplained >= 0);
      assert.equal(got.explained + got.unexplained, openFds);
    }),
  );
});

test('descriptors of QUIC flows, which the baseline counts, are traffic and no leak, however they grow', () => {
  const samples = demoNode({ seed: 1, to: 1200 });
  const grown = (what: 'flows' | 'leak') =>
    samples.map((s, i) => ({
      ...s,
      openFds: (s.openFds ?? 0) + i,
      baselineFds: (s.baselineFds ?? 0) + (what === 'flows' ? i : 0),
    }));
  const verdict = (of: ReturnType<typeof grown>) => assessLeak({ now: of.at(-1)?.at ?? 0, samples: of }).verdict;
  assert.equal(verdict(grown('leak')), 'leaking');
  assert.notEqual(verdict(grown('flows')), 'leaking');
});
