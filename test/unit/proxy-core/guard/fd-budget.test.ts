import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfig } from '#contract/index.ts';
import { connectionsWithin, FdBudget, limitFor, reserveOf } from '../../../../proxy-core/src/guard/fd-budget.ts';
import { countOpenFds, parseFdLimit, readFdLimit } from '../../../../proxy-core/src/observe/fds.ts';
import { clampConnections } from '../../../../proxy-core/src/reload.ts';

describe('the fd budget', () => {
  test('limit = baseline + reserve + two descriptors for each connection that it carries', () => {
    for (const limit of [64, 128, 1024, 4096, 20_000, 1_048_576]) {
      const carried = connectionsWithin(limit, 24);
      const used = 24 + reserveOf(limit) + 2 * carried;
      assert.ok(used <= limit && used > limit - 2, `${limit}`);
      assert.ok(reserveOf(limit) >= 16 && reserveOf(limit) <= 256);
    }
    assert.equal(connectionsWithin(32, 24), 0);
  });

  test('the limit that it asks for carries what is wanted, and hardly more', () => {
    for (const wanted of [1, 100, 10_000, 500_000]) {
      assert.ok(connectionsWithin(limitFor(wanted)) >= wanted);
      assert.ok(connectionsWithin(limitFor(wanted) - 48) < wanted);
    }
  });

  test('has room for a connection only when both its descriptors fit, open or promised', () => {
    const budget = new FdBudget();
    budget.limit = 24 + 16 + 10;
    budget.baseline = 24;
    const fill = (clients: number, upstreams: number, promised: number) => Object.assign(budget, { clients, upstreams, promised }).hasRoom;
    assert.equal(budget.total, 10);
    assert.ok(fill(0, 0, 0) && fill(4, 4, 0) && fill(4, 0, 4) && fill(0, 8, 0));
    assert.ok(!fill(5, 4, 0) && !fill(5, 5, 0) && !fill(5, 0, 5) && !fill(0, 9, 0));
  });

  test('has room where idle sockets of the pool can make room, and takes no more of them than it needs', () => {
    const budget = new FdBudget();
    budget.limit = 24 + 16 + 10;
    budget.baseline = 24;
    const pool = {
      idle: 7,
      evictOldest() {
        if (pool.idle === 0) return false;
        pool.idle -= 1;
        return true;
      },
    };
    budget.shareWith(pool);
    Object.assign(budget, { clients: 3, upstreams: 0, promised: 3 });
    assert.ok(budget.hasRoom);
    assert.equal(pool.idle, 2);
    Object.assign(budget, { clients: 5, upstreams: 0, promised: 4 });
    assert.ok(!budget.hasRoom);
    assert.equal(pool.idle, 0);
  });

  test('counts what other parts of the process hold', () => {
    const budget = new FdBudget();
    budget.measure(0);
    assert.equal(budget.limit, readFdLimit());
    assert.ok(budget.total < budget.limit - reserveOf(budget.limit) - 10);
  });

  test('clamps what is written with a warning that names both numbers, and what is not written without', () => {
    const of = (extra: object) => checkConfig({ listen_addrs: ['0.0.0.0:1'], ...extra }).config;
    const [written, plain] = [of({ max_connections: 5000 }), of({})];
    assert.ok(written && plain);
    const clamped = clampConnections(written, 1024);
    assert.equal(clamped.connections, 468);
    assert.match(clamped.warning ?? '', /is 5000.*1024 open files carries 468/);
    assert.deepEqual(clampConnections(plain, 1024), { connections: 468, warning: null });
    assert.deepEqual(clampConnections(plain, 1 << 20), { connections: 10_000, warning: null });
    assert.deepEqual(clampConnections(written, 1 << 20), { connections: 5000, warning: null });
  });
});

test('open descriptors and their limit are read from the kernel', () => {
  assert.ok((countOpenFds() ?? 0) > 3);
  assert.equal(parseFdLimit('Max open files            1024                 4096                 files     \n'), 1024);
  assert.equal(parseFdLimit('Max open files            unlimited            unlimited            files     \n'), Number.MAX_SAFE_INTEGER);
  assert.equal(parseFdLimit('nothing'), null);
});
