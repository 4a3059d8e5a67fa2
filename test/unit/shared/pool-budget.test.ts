import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolBudget } from '#shared/pool-budget.ts';

const node = {
  ...{ connectionsActive: 500, acceptedPerSecond: 40, explainedFds: 1060, unexplainedFds: 0, openFds: 1060, fdLimit: 4096 },
  pool: { enabled: true, active: 0, idle: 40 },
};

test('a pool holds what the traffic leaves in its idle time, and never more than max_per_host for each host', () => {
  const off = poolBudget(node, { enabled: false }, 10);
  assert.deepEqual([off?.baseline, off?.tunnels, off?.idle, off?.expected, off?.boundBy], [20, 1000, 0, 1020, 'off']);
  const byTraffic = poolBudget(node, { enabled: true, idle_timeout: 30, max_per_host: 1000 }, 10);
  assert.deepEqual([byTraffic?.idle, byTraffic?.boundBy], [1200, 'traffic']);
  const capped = poolBudget(node, { enabled: true, idle_timeout: 90, connection_ttl: 300, max_per_host: 50 }, 10);
  assert.deepEqual([capped?.idle, capped?.expected, capped?.boundBy], [500, 1520, 'max_per_host']);
  assert.equal(
    poolBudget(node, { enabled: true, idle_timeout: 90, connection_ttl: 10, max_per_host: 1000 }, 10)?.idle,
    400,
    'a socket lives no longer than its ttl',
  );
});

test('a budget of a node whose traffic nobody counts is not guessed', () => {
  assert.equal(poolBudget({ ...node, acceptedPerSecond: null }, { enabled: true }, 10), null);
  assert.equal(poolBudget({ ...node, fdLimit: null }, { enabled: true }, 10)?.share, null);
});
