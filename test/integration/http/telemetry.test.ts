import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as metricsRoute from '#app/metrics/route.ts';
import { addNode } from '#server/nodes/index.ts';
import { routeOf } from '#server/telemetry.ts';
import { testConsole } from '#test/support/console.ts';

const ADMIN = { kind: 'system', id: 'system', name: 'test', role: 'admin' } as const;

test('the console tells Prometheus of itself, to who may read the fleet', async (t) => {
  const { runtime, token } = await testConsole(t);
  await runtime.command(ADMIN, addNode, { name: 'edge-1', host: '10.0.0.1', user: 'sre' });
  runtime.telemetry.request({ method: 'GET', path: '/api/v1/nodes/n_1/config', status: 200, seconds: 0.03 });
  const ask = async (headers: Record<string, string>) =>
    metricsRoute.GET(new Request('http://127.0.0.1/metrics', { headers }), { params: Promise.resolve({}) });
  assert.equal((await ask({})).status, 401);
  const page = await (await ask({ authorization: `Bearer ${await token('viewer')}` })).text();
  for (const line of [
    'headroom_nodes{state="unknown"} 1',
    'headroom_nodes{state="up"} 0',
    'headroom_runs{status="running"} 0',
    'headroom_http_request_seconds_count{method="GET",route="/api/v1/nodes/:id/config",status="2xx"} 1',
    'headroom_events_total{type="node.changed"} 1',
  ])
    assert.ok(
      page.includes(line),
      `${line} is missing in\n${page
        .split('\n')
        .filter((l) => l.startsWith('headroom_'))
        .join('\n')}`,
    );
  assert.match(page, /process_open_fds \d+/);
});

test('whatever is asked for, the routes told apart are few', () => {
  const told = new Set(
    Array.from({ length: 500 }, (_, i) => [
      routeOf(`/api/v1/nodes/n_${i}`),
      routeOf(`/api/v1/nodes/n_${i}/x${i}`),
      routeOf(`/api/v1/x${i}`),
      routeOf(`/x${i}`),
      routeOf(`/api/x${i}`),
      routeOf(`/_next/static/${i}.js`),
    ]).flat(),
  );
  assert.deepEqual([...told].sort(), ['/api/v1/nodes/:id', '/api/v1/nodes/:id/:part', 'assets', 'pages', 'unknown']);
});
