import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConnectionPool, type Lease, type Poolable } from '../../../../proxy-core/src/upstream/pool.ts';

type Owner = { lost: (wire: FakeWire) => void } | null;
class FakeWire implements Poolable<Owner> {
  owner: Owner = null;
  closed = false;
  reads = false;
  read(): void {
    this.reads = true;
  }
  close(): void {
    assert.equal(this.closed, false, 'a wire is closed once');
    this.closed = true;
  }
}
type Settings = { enabled?: boolean; max_per_host?: number; connection_ttl?: number; idle_timeout?: number; cleanup_interval?: number };
const settings = (some: Settings) => ({
  ...{ enabled: true, max_per_host: 100, connection_ttl: 60, idle_timeout: 30, cleanup_interval: 10 },
  ...some,
});

/** `clients` are connected that could use idle sockets. */
function poolOf(some: Settings = {}, clients = 2000) {
  const clock = { ms: 1000 };
  const pool = new ConnectionPool<Owner, FakeWire>(
    settings(some),
    (lost) => ({ lost }),
    () => clock.ms,
  );
  for (let i = 0; i < clients; i += 1) pool.join();
  return { pool, clock };
}
const balanced = (pool: { created: number; idle: number; leased: number; destroyed: number }) =>
  pool.created === pool.idle + pool.leased + pool.destroyed;
/** A socket that was used once for `key` and given back. */
function parked(pool: ConnectionPool<Owner, FakeWire>, key = 'a'): FakeWire {
  const wire = new FakeWire();
  pool.admit(key, wire).release('reuse');
  return wire;
}

describe('the connection pool', () => {
  test('has balanced books after any order of dialling, taking, giving back, losing, waiting, switching and stopping', () => {
    const step = fc.constantFrom(
      'dial',
      'take',
      'reuse',
      'destroy',
      'lose',
      'wait',
      'sweep',
      'toggle',
      'lend',
      'evict',
      'join',
      'leave',
      'stop',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(12)), { maxLength: 120 }), (steps) => {
        const { pool, clock } = poolOf({ max_per_host: 3, connection_ttl: 20, idle_timeout: 10 }, 0);
        let clients = 0;
        const wires: FakeWire[] = [];
        const leases: Lease<unknown>[] = [];
        let enabled = true;
        for (const [what, n] of steps) {
          const key = `host ${n % 3}`;
          const lease = leases[n % Math.max(1, leases.length)];
          if (what === 'dial') {
            const wire = new FakeWire();
            wires.push(wire);
            leases.push(pool.admit(key, wire));
          } else if (what === 'take') {
            const taken = pool.take(key);
            assert.ok(taken === null || (enabled && !taken.wire.closed), 'what is lent is open, and nothing is lent when it is off');
            if (taken) leases.push(taken);
          } else if (what === 'reuse' || what === 'destroy') lease?.release(what);
          else if (what === 'lose') {
            const wire = wires[n % Math.max(1, wires.length)];
            wire?.owner?.lost(wire);
          } else if (what === 'wait') clock.ms += n * 1000;
          else if (what === 'sweep') pool.sweep();
          else if (what === 'toggle') {
            enabled = !enabled;
            pool.configure(settings({ enabled, max_per_host: 3, connection_ttl: 20, idle_timeout: 10 }));
            assert.equal(pool.idle, 0);
          } else if (what === 'lend') {
            const lent = pool.lend({ destroy: () => {} });
            assert.equal(lent !== null, enabled);
            if (lent) leases.push(lent);
          } else if (what === 'join') {
            clients += 1;
            pool.join();
          } else if (what === 'leave' && clients > 0) {
            clients -= 1;
            pool.leave();
          } else if (what === 'evict') pool.evictOldest();
          else if (what === 'stop') pool.destroyAll();
          assert.ok(pool.idle <= clients + 1);
          assert.ok(balanced(pool));
          assert.ok(pool.keys <= 3 && pool.keys <= pool.idle);
        }
        pool.destroyAll();
        assert.deepEqual([pool.idle, pool.leased, pool.keys], [0, 0, 0]);
        assert.ok(wires.every(({ closed }) => closed));
      }),
      { numRuns: 300 },
    );
  });

  test('lends the socket that was used last, once, and only to its host', () => {
    const { pool } = poolOf();
    const [older, newer] = [parked(pool), parked(pool)];
    assert.equal(pool.take('b'), null);
    assert.equal(pool.take('a')?.wire, newer);
    assert.equal(pool.take('a')?.wire, older);
    assert.equal(pool.take('a'), null);
    assert.deepEqual([pool.hits, pool.misses, pool.leased], [2, 2, 2]);
  });

  test('destroys by default, and what is given back twice counts once', () => {
    const { pool } = poolOf();
    const wire = new FakeWire();
    const lease = pool.admit('a', wire);
    lease.release();
    lease.release('reuse');
    assert.ok(wire.closed);
    assert.deepEqual([pool.created, pool.idle, pool.leased, pool.destroyed], [1, 0, 0, 1]);
  });

  test('gives up an idle socket that says or ends anything, at once', () => {
    const { pool } = poolOf();
    const wire = parked(pool);
    assert.ok(wire.reads, 'it is read from, so that its end is seen');
    wire.owner?.lost(wire);
    assert.ok(wire.closed);
    assert.deepEqual([pool.idle, pool.evictions], [0, 1]);
  });

  test('never lends one that is closed already', () => {
    const { pool } = poolOf();
    const wire = new FakeWire();
    const lease = pool.admit('a', wire);
    lease.release('reuse');
    pool.evictOldest();
    assert.equal(pool.take('a'), null);
  });

  test('keeps max_per_host idle sockets of a host, and a thousand or so of all', () => {
    const { pool } = poolOf({ max_per_host: 2 });
    const wires = [parked(pool), parked(pool), parked(pool)];
    const leases = Array.from({ length: 3 }, () => pool.admit('b', new FakeWire()));
    for (const lease of leases) lease.release('reuse');
    assert.deepEqual([pool.idle, pool.keys], [4, 2]);
    assert.ok(wires.some(({ closed }) => closed));
    assert.ok(pool.rejections >= 1);
    for (let i = 0; i < 3000; i += 1) parked(pool, `host ${i}`);
    assert.equal(pool.idle, 1024);
    assert.equal(pool.keys, 1024, 'no key stays without a socket');
    assert.equal(poolOf({ max_per_host: 0 }).pool.idle, 0);
  });

  test('keeps one no longer than connection_ttl from its dial, over all its leases', () => {
    const { pool, clock } = poolOf({ connection_ttl: 60, idle_timeout: 300 });
    const wire = parked(pool);
    for (let i = 0; i < 5; i += 1) {
      clock.ms += 10_000;
      pool.take('a')?.release('reuse');
    }
    assert.equal(wire.closed, false);
    clock.ms += 10_000;
    assert.equal(pool.take('a'), null);
    assert.ok(wire.closed);
    const old = pool.admit('a', new FakeWire());
    clock.ms += 60_000;
    old.release('reuse');
    assert.equal(pool.idle, 0, 'one that has become old while it was lent is not kept');
  });

  test('keeps one no longer than idle_timeout, whether it is asked for or swept', () => {
    const { pool, clock } = poolOf({ idle_timeout: 30 });
    const [first, second] = [parked(pool), parked(pool, 'b')];
    clock.ms += 29_999;
    pool.sweep();
    assert.equal(pool.idle, 2);
    clock.ms += 1;
    assert.equal(pool.take('a'), null);
    pool.sweep();
    assert.ok(first.closed && second.closed);
    assert.equal(poolOf({ idle_timeout: 0 }).pool.idle, 0);
  });

  test('is swept by a clock of its own while anything is idle', async () => {
    const pool = new ConnectionPool<Owner, FakeWire>(settings({ idle_timeout: 0.2, cleanup_interval: 1 }), (lost) => ({ lost }));
    pool.join();
    const wire = parked(pool);
    const started = performance.now();
    while (!wire.closed && performance.now() - started < 10_000) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(wire.closed);
  });

  test('lends a socket a thousand times', () => {
    const { pool } = poolOf();
    const wire = parked(pool);
    for (let i = 0; i < 999; i += 1) pool.take('a')?.release('reuse');
    assert.ok(wire.closed);
    assert.equal(pool.hits, 999);
  });

  test('switched off it holds nothing: idle ones go at once, lent ones when they come back', () => {
    const { pool } = poolOf();
    const idle = parked(pool);
    const lease = pool.admit('a', new FakeWire());
    pool.configure(settings({ enabled: false }));
    assert.ok(idle.closed);
    assert.equal(lease.wire.closed, false, 'what is lent ends normally');
    lease.release('reuse');
    assert.ok(lease.wire.closed);
    assert.deepEqual([pool.idle, pool.leased, pool.enabled], [0, 0, false]);
    pool.configure(null);
    assert.equal(pool.enabled, false);
  });

  test('keeps no more idle sockets than clients that could use them, and one', () => {
    const { pool } = poolOf({}, 5);
    const leases = Array.from({ length: 9 }, () => pool.admit('a', new FakeWire()));
    for (const lease of leases) lease.release('reuse');
    assert.equal(pool.idle, 6);
    for (const left of [5, 4, 3, 2, 1]) {
      pool.leave();
      assert.equal(pool.idle, left);
    }
  });

  test('tells the one who had a socket last that the other side has ended it, unless another has had it since', () => {
    const { pool } = poolOf();
    let told = 0;
    const [first, second, third] = [new FakeWire(), new FakeWire(), new FakeWire()];
    for (const wire of [first, second, third]) pool.admit('a', wire).release('reuse', () => (told += 1));
    pool.take('a')?.release('reuse');
    third.owner?.lost(third);
    assert.equal(told, 0);
    second.owner?.lost(second);
    assert.equal(told, 1);
    pool.evictOldest();
    assert.equal(told, 1, 'what the pool gives up by itself is no end');
  });

  test('makes room: the one that is idle longest goes first', () => {
    const { pool } = poolOf();
    const [first, second] = [parked(pool, 'a'), parked(pool, 'b')];
    assert.equal(pool.evictOldest(), true);
    assert.deepEqual([first.closed, second.closed], [true, false]);
    assert.equal(pool.evictOldest(), true);
    assert.equal(pool.evictOldest(), false);
  });
});
