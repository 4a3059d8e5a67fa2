import assert from 'node:assert/strict';
import { test } from 'node:test';
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
