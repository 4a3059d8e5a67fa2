import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import fc from 'fast-check';
import type { OpenConnection } from '../../../../proxy-core/src/relay/open-connections.ts';
import { OpenConnections } from '../../../../proxy-core/src/relay/open-connections.ts';

const connection = (n: number): OpenConnection => ({
  ...{ place: -1, who: `client ${n}`, protocol: 'tls', asked: null, backend: null, startedAt: n, generation: 1, up: 0, down: 0 },
  ...{ isAlone: false, phase: () => 'tunnel', cut: () => {} },
});

test('hold what a set would hold, whatever comes and goes in whatever order, and say whether it was there', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(12)), { maxLength: 200 }), (steps) => {
      const all = Array.from({ length: 13 }, (_, n) => connection(n));
      const [open, model] = [new OpenConnections(), new Set<OpenConnection>()];
      for (const [comes, n] of steps) {
        const one = all[n];
        if (one === undefined || (comes && model.has(one))) continue;
        if (comes) {
          open.add(one);
          model.add(one);
        } else assert.equal(open.delete(one), model.delete(one));
        assert.equal(open.size, model.size);
        assert.deepEqual(new Set(open), model);
      }
    }),
  );
});

test('keep nothing of those that are over: no garbage grows old, also after a full collection has made their list old', () => {
  v8.setFlagsFromString('--expose-gc');
  const collect: unknown = vm.runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  const oldBytes = () => v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;
  const open = new OpenConnections();
  const live: OpenConnection[] = [];
  const pass = (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const one = { ...connection(n), ballast: Array.from({ length: 100 }, () => n) };
      open.add(one);
      live.push(one);
      const over = live.length > 2 ? live.shift() : undefined;
      if (over) open.delete(over);
    }
  };
  pass(5000);
  collect();
  const before = oldBytes();
  pass(40_000);
  // A Set keeps some 25 MB here.
  assert.ok(oldBytes() - before < 1_000_000, `${oldBytes() - before} bytes`);
  assert.equal(open.size, 2);
});
