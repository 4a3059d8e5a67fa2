import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConnectionPool, type Lease } from '../../../../proxy-core/src/upstream/pool.ts';

const balanced = (pool: ConnectionPool) => pool.created === pool.idle + pool.leased + pool.destroyed;

describe('the connection pool', () => {
  test('has balanced books after any order of lending, releasing once or twice, switching and stopping', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('lend', 'release', 'toggle', 'stop'), fc.nat(20)), { maxLength: 60 }), (steps) => {
        const pool = new ConnectionPool(true);
        const leases: Lease[] = [];
        for (const [step, at] of steps) {
          if (step === 'lend') {
            const lease = pool.lend(new net.Socket());
            assert.equal(lease !== null, pool.enabled);
            if (lease) leases.push(lease);
          } else if (step === 'release') leases[at]?.release();
          else if (step === 'toggle') pool.enabled = !pool.enabled;
          else pool.destroyAll();
          if (!balanced(pool)) return false;
        }
        pool.destroyAll();
        return pool.leased === 0 && balanced(pool) && leases.every(({ socket }) => socket.destroyed);
      }),
      { numRuns: 100 },
    );
  });

  test('destroys what is released', () => {
    const pool = new ConnectionPool(true);
    const lease = pool.lend(new net.Socket());
    lease?.release();
    assert.ok(lease?.socket.destroyed);
    assert.deepEqual([pool.created, pool.leased, pool.destroyed], [1, 0, 1]);
  });
});
