import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { addNode, removeNode } from '#server/nodes/index.ts';
import { hasEnded } from '#shared/runs.ts';
import { testConsole } from '#test/support/console.ts';
import { programs, startPostgres } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';

const bin = programs.postgres();
const ACTOR = { kind: 'system', id: 'system', name: 'test', role: 'admin' } as const;
const NODE = { name: 'edge-1', host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' } };

test('one process that does everything works on PostgreSQL as on a file', {
  skip: bin === null && 'PostgreSQL is not installed',
}, async (t) => {
  const server = await startPostgres(bin ?? '');
  const HEADROOM_SECRET = randomBytes(32).toString('base64');
  const { runtime } = await testConsole(t, { HEADROOM_DATABASE_URL: server.url, HEADROOM_SECRET });
  // after the console, which says goodbye to it
  t.after(() => server.stop());
  await runtime.start();
  const told: string[] = [];
  runtime.events.subscribe((_id, event) => told.push(event.type));
  const node = await runtime.command(ACTOR, addNode, NODE);
  await until('the node is asked', async () => (await runtime.fleet.view()).nodes[0]?.state === 'down', { timeoutMs: 20_000 });
  const { id } = await runtime.command(ACTOR, runtime.runs.verbs.start, { runbook: 'fd-leak', selector: 'name=edge-1' });
  const run = await until(
    'the end of the run',
    async () => {
      const now = await runtime.runs.get(id);
      return hasEnded(now.status) ? now : null;
    },
    { timeoutMs: 30_000 },
  );
  assert.equal(`${run.status}/${run.verdict}`, 'failed/null');
  assert.match(run.summary, /SSH/);
  assert.equal((await runtime.readiness()).ready, true);
  await runtime.command(ACTOR, removeNode, { id: node.id, version: node.version });
  await until('it is gone', async () => (await runtime.fleet.view()).nodes.length === 0);
  assert.equal((await runtime.audit.verify()).brokenAt, null);
  for (const type of ['node.changed', 'run.changed', 'audit.appended']) assert.ok(told.includes(type), type);
});
