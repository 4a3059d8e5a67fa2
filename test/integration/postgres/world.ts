import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { fingerprintOf } from '#demo/supervisor/provision.ts';
import { hasEnded, type Run, runSchema } from '#shared/runs.ts';
import { type DemoNode, drainQuickly, startDemo } from '#test/support/demo-fleet.ts';
import { adminToken, type ConsoleProcess, startProcesses } from '#test/support/processes.ts';
import { startPostgres } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A PostgreSQL, `web` and `worker` processes of the console on it, and the demo's nodes, registered and pinned. */
export async function startWorld(t: Pick<TestContext, 'after'>, bin: string, options: { nodes: number; web: number; workers: number }) {
  const database = await startPostgres(bin);
  t.after(() => database.stop());
  const token = await adminToken(database.url);
  const processes = await startProcesses(t, { databaseUrl: database.url });
  const [demo, ...started] = await Promise.all([
    startDemo(t, { args: ['--nodes', `${options.nodes}`] }),
    ...Array.from({ length: options.web }, () => processes.start('web')),
    ...Array.from({ length: options.workers }, () => processes.start('worker')),
  ]);

  const ask = async (at: ConsoleProcess, method: string, route: string, body?: unknown): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${at.url}/api/v1/${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? null : JSON.parse(text) };
  };
  const done = async (at: ConsoleProcess, method: string, route: string, body?: unknown): Promise<unknown> => {
    const { status, json } = await ask(at, method, route, body);
    assert.ok(status < 300, `${method} ${route}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  /** one question on a connection of the test's own */
  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client(database.url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };

  const of = (role: ConsoleProcess['role']) => started.filter((one) => one.role === role && one.running());
  const web = () => of('web')[0] ?? assert.fail('no web process runs');
  const { publicKey } = (await done(web(), 'GET', 'ssh-key')) as { publicKey: string };
  const ids: string[] = [];
  const nodes: DemoNode[] = demo.file().nodes;
  for (const node of nodes) {
    fs.appendFileSync(demo.path(node, 'home', 'sre', '.ssh', 'authorized_keys'), `${publicKey.trim()}\n`);
    drainQuickly(node);
    const { name, sshPort, configPath } = node;
    const input = { name, host: '127.0.0.1', sshPort, user: 'sre', configPath, metrics: { via: 'http', url: node.metricsUrl } };
    const { id } = (await done(web(), 'POST', 'nodes', input)) as { id: string };
    const fingerprint = fingerprintOf(fs.readFileSync(`${node.hostKeyPath}.pub`, 'utf8'));
    await done(web(), 'POST', `nodes/${id}/host-key`, { fingerprint, reason: 'a node of the test' });
    ids.push(id);
  }

  const run = async (id: string, at = web()): Promise<Run> => runSchema.parse(await done(at, 'GET', `runs/${id}`));

  return {
    ...{ database, token, processes, demo, ids, ask, done, sql, web },
    webs: () => of('web'),
    workers: () => of('worker'),
    add: async (role: ConsoleProcess['role']) => {
      const one = await processes.start(role);
      started.push(one);
      return one;
    },
    /** turns the pool off on one node */
    startRun: async (index: number, strategy: object = {}): Promise<string> => {
      const selector = `name=${demo.node(index).name}`;
      const input = { runbook: 'pool-settings', selector, params: { enabled: false }, strategy: { gates: 'auto', ...strategy } };
      return ((await done(web(), 'POST', 'runs', input)) as { id: string }).id;
    },
    stepIs: async (id: string, key: string, status: string, at = web()): Promise<boolean> =>
      (await run(id, at)).targets.some(({ steps }) => steps.some((step) => step.key === key && step.status === status)),
    ended: (id: string, at = web()): Promise<Run> =>
      until(
        'the end of the run',
        async () => {
          const now = await run(id, at);
          return hasEnded(now.status) ? now : null;
        },
        { timeoutMs: 120_000, everyMs: 100 },
      ),
    allReadBy: async (worker: ConsoleProcess | undefined): Promise<boolean> => {
      const owned = 'SELECT 1 FROM "scrapeOwners" o JOIN workers w ON w.id = o."workerId"';
      return (await sql(`${owned} WHERE w.name LIKE '%:${worker?.pid}'`)).length === ids.length;
    },
    /** how often the unit of a node was started since the node is there */
    starts: (index: number) => fs.readFileSync(demo.node(index).logPath, 'utf8').match(/: Started sniproxy\.service/g)?.length ?? 0,
    /** the process that advances a run; null while none does */
    async holder(runId: string): Promise<ConsoleProcess | null> {
      const [row] = await sql(`SELECT w.name FROM runs r JOIN workers w ON w.id = r."leaseOwner" WHERE r.id = '${runId}'`);
      return started.find((one) => String(row?.name).endsWith(`:${one.pid}`)) ?? null;
    },
    up: (at: ConsoleProcess, timeoutMs = 30_000) =>
      until(
        'every node is up',
        async () => {
          const fleet = (await done(at, 'GET', 'fleet')) as { nodes: { state: string }[] };
          return fleet.nodes.length === nodes.length && fleet.nodes.every(({ state }) => state === 'up');
        },
        { timeoutMs },
      ),
  };
}
