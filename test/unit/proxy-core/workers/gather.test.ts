import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '../../../../proxy-core/src/admin/status.ts';
import type { Family } from '../../../../proxy-core/src/observe/exposition.ts';
import { joinMetrics, joinStatus, Past } from '../../../../proxy-core/src/workers/gather.ts';

const family = (name: string, type: string, values: [Record<string, string>, number][], aggregator = 'sum'): Family => ({
  name,
  help: name,
  type,
  aggregator,
  values: values.map(([labels, value]) => ({ labels, value })),
});

function status(open: number, active = 0): Status {
  const kinds = { listener: 0, client: 0, upstream: 0, pool_idle: 0, other: 0 };
  return {
    version: '1',
    node: 'v24',
    pid: open,
    config: { sha256: '', generation: 1, reloadFailed: false },
    drill: null,
    bound: true,
    draining: false,
    accepted: active,
    connections: { active, max: 10, phases: { sniff: 0, dial: 0, tunnel: active, half_closed: 0, stale: 0 }, generations: { 1: active } },
    fds: { open, limit: 100, budget: 50, baseline: 20, kinds },
    pool: { enabled: false, created: 0, idle: 0, leased: 0, destroyed: 0 },
    oldest: [],
  };
}

const worker = (open: number, accepted: number, lag: number) => ({
  status: status(open, accepted),
  families: [
    family('process_open_fds', 'gauge', [[{}, open]]),
    family('sniproxy_accepted_total', 'counter', [[{}, accepted]]),
    family('sniproxy_closed_total', 'counter', [
      [{ reason: 'closed' }, accepted],
      [{ reason: 'worker_lost' }, 0],
    ]),
    family('sniproxy_eventloop_lag_seconds', 'gauge', [[{}, lag]], 'max'),
    family('sniproxy_config_info', 'gauge', [[{ generation: '7' }, 1]]),
  ],
});

const lines = async (page: ReturnType<typeof joinMetrics>) =>
  (await page.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('what workers count', () => {
  test('is added up; descriptors are those of the one nearest its limit, lag is the longest', async () => {
    const page = joinMetrics(
      [worker(30, 5, 0.1), worker(40, 7, 0.5)],
      [],
      [family('sniproxy_config_info', 'gauge', [[{ generation: '8' }, 1]], 'first')],
    );
    assert.deepEqual(await lines(page), [
      'sniproxy_accepted_total 12',
      'sniproxy_closed_total{reason="closed"} 12',
      'sniproxy_closed_total{reason="worker_lost"} 0',
      'sniproxy_eventloop_lag_seconds 0.5',
      'process_open_fds 40',
      'sniproxy_config_info{generation="8"} 1',
    ]);
  });

  test('is kept when one dies, with the connections that it carried as worker_lost; gauges go with it', async () => {
    const past = new Past();
    past.absorb(worker(30, 5, 0.1).families, 3);
    past.absorb(worker(90, 2, 0.1).families, 0);
    const page = joinMetrics([worker(40, 7, 0.5)], await past.families, []);
    assert.deepEqual(
      (await lines(page)).filter((line) => /accepted|closed|open/.test(line)),
      [
        'process_open_fds 40',
        'sniproxy_accepted_total 14',
        'sniproxy_closed_total{reason="closed"} 14',
        'sniproxy_closed_total{reason="worker_lost"} 3',
      ],
    );
  });

  test('of /status: sums, the fds of the worst, and nothing when nobody runs', () => {
    const base = {
      version: '1',
      node: 'v24',
      pid: 1,
      config: { sha256: 'x', generation: 8, reloadFailed: false },
      drill: null,
      bound: true,
      draining: false,
      losses: 0,
      listeners: [],
      workers: [],
    };
    const joined = joinStatus([worker(30, 5, 0), worker(40, 7, 0)], base, 100);
    assert.deepEqual([joined.accepted, joined.connections.active, joined.connections.phases.tunnel, joined.fds.open], [112, 12, 12, 40]);
    assert.equal(joined.config.generation, 8);
    assert.deepEqual(joined.connections.generations, { 1: 12 });
    assert.deepEqual(joinStatus([], base, 100).fds, {
      open: 0,
      limit: 0,
      budget: 0,
      baseline: 0,
      kinds: { listener: 0, client: 0, upstream: 0, pool_idle: 0, other: 0 },
    });
  });
});
