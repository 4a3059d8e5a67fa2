import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { addNode } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { testConsole } from '#test/support/console.ts';
import { programs, startPrometheus } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';
import { GET } from '../../../app/api/v1/sd/route.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const ADMIN: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
const ask = (headers: Record<string, string>) =>
  GET(new Request('http://127.0.0.1:3000/api/v1/sd', { headers }), { params: Promise.resolve({}) });

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ scrapeUrl: z.string(), health: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

async function listening(t: { after(fn: () => void): void }, answer: http.RequestListener): Promise<number> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return address.port;
}

describe('GET /api/v1/sd', () => {
  const prometheus = programs.prometheus();
  test('shows a real Prometheus the fleet, which it then scrapes', {
    skip: prometheus === null && 'Prometheus is not installed',
  }, async (t) => {
    const { runtime, token } = await testConsole(t);
    const page = '# TYPE process_open_fds gauge\nprocess_open_fds 321\n';
    const node = await listening(t, (request, response) => {
      response.writeHead(request.url === '/proxy/metrics?format=text' ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(page);
    });
    const url = `http://127.0.0.1:${node}/proxy/metrics?format=text`;
    const add = (input: Omit<z.input<typeof nodeInputSchema>, 'user'>) =>
      runtime.command(ADMIN, addNode, nodeInputSchema.parse({ user: 'sre', ...input }));
    await add({
      name: 'edge-01',
      host: '127.0.0.1',
      metrics: { via: 'http', url },
      labels: { group: 'edge', 'fd.class': 'a', job: 'mine' },
    });
    await add({ name: 'edge-02', host: '10.255.255.1', metrics: { via: 'ssh', url: 'http://127.0.0.1:9090/metrics' } });
    await add({ name: 'edge-03', host: '127.0.0.1', metrics: { via: 'none' } });

    const bearer = await token('viewer');
    const console_ = await listening(t, async (request, response) => {
      const answer = await ask({ authorization: request.headers.authorization ?? '' });
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    });
    const server = await startPrometheus(
      prometheus ?? '',
      `scrape_configs:
  - job_name: sniproxy
    scrape_interval: 1s
    http_sd_configs:
      - url: http://127.0.0.1:${console_}/api/v1/sd
        refresh_interval: 1s
        authorization: { credentials: ${bearer} }
    relabel_configs:
      - { source_labels: [__meta_headroom_via], target_label: via }
`,
    );
    t.after(() => server.stop());

    const targets = await until(
      'both nodes with a page are found, and one answers',
      async () => {
        const all = targetsSchema.parse(await (await fetch(`${server.url}/api/v1/targets`)).json()).data.activeTargets;
        if (all.length !== 2 || all.every((target) => target.health !== 'up')) throw new Error(JSON.stringify(all));
        return all;
      },
      { timeoutMs: 20_000, everyMs: 200 },
    );
    const [first, second] = targets.sort((a, b) => (a.labels.node ?? '').localeCompare(b.labels.node ?? ''));
    assert.equal(first?.scrapeUrl, url);
    assert.deepEqual(first?.labels, {
      instance: `127.0.0.1:${node}`,
      job: 'sniproxy',
      node: 'edge-01',
      group: 'edge',
      fd_class: 'a',
      label_job: 'mine',
      via: 'http',
    });
    assert.equal(second?.scrapeUrl, 'http://10.255.255.1:9090/metrics');
    assert.deepEqual(second?.labels, { instance: '10.255.255.1:9090', job: 'sniproxy', node: 'edge-02', via: 'ssh' });
    const found = await fetch(`${server.url}/api/v1/query?query=process_open_fds{node="edge-01"}`);
    assert.match(await found.text(), /"321"/);
  });

  test('answers who has no valid token with 401', async (t) => {
    await testConsole(t);
    assert.equal((await ask({ authorization: 'Bearer hr_wrong' })).status, 401);
    assert.equal((await ask({})).status, 401);
  });
});

describe('what deploy/ gives to Prometheus and Grafana', () => {
  const rules = path.join(root, 'deploy/prometheus-rules.yml');
  const promtool = programs.promtool();
  test('the rules are valid, and fire on the nodes that they are for', { skip: promtool === null && 'promtool is not installed' }, () => {
    execFileSync(promtool ?? '', ['check', 'rules', '--lint-fatal', rules], { stdio: 'pipe' });
    execFileSync(promtool ?? '', ['test', 'rules', path.join(import.meta.dirname, 'prometheus-rules.test.yml')], { stdio: 'pipe' });
  });

  test('every query of the dashboard is one that promtool can read', { skip: promtool === null && 'promtool is not installed' }, (t) => {
    const panels = z
      .object({ panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })) })
      .parse(JSON.parse(fs.readFileSync(path.join(root, 'deploy/grafana-dashboard.json'), 'utf8'))).panels;
    const exprs = panels.flatMap((panel) => panel.targets.map((target) => target.expr));
    assert.ok(exprs.length >= 10);
    const asRules = exprs.map((expr, i) => `{ record: "panel:${i}", expr: ${JSON.stringify(expr.replaceAll('$__rate_interval', '5m'))} }`);
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-panels-'));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'panels.yml');
    fs.writeFileSync(file, `groups: [{ name: panels, rules: [${asRules.join(', ')}] }]`);
    execFileSync(promtool ?? '', ['check', 'rules', '--lint=none', file], { stdio: 'pipe' });
  });
});
