import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAudit } from '#server/audit/index.ts';
import { openDatabase } from '#server/db/index.ts';
import { listenTo } from '#test/support/event-client.ts';
import { ADMIN, PUBLIC_URL } from '#test/support/processes.ts';
import { programs } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';
import { startWorld, type World } from './world.ts';

const bin = programs.postgres();
/** How long the database stays away; by hand longer. */
const AWAY_MS = Number(process.env.HEADROOM_TEST_AWAY_SECONDS ?? 20) * 1000;
const seconds = (fromMs: number) => `${((performance.now() - fromMs) / 1000).toFixed(1)} s`;

if (bin === null) test('several processes on one PostgreSQL', { skip: 'PostgreSQL is not installed' }, () => undefined);
else
  describe('two web and two worker processes on one PostgreSQL', { timeout: 600_000 }, () => {
    let world: World;
    const ends: (() => unknown)[] = [];
    before(async () => {
      const later = { after: (end?: unknown) => void ends.unshift(end as () => unknown) };
      world = await startWorld(later, bin, { nodes: 2, web: 2, workers: 2 });
    });
    test.after(async () => {
      for (const end of ends) await end();
    });

    test('a person who signed in at one web process is signed in at the other one', () => staysSignedIn(world));
    test('each node is read by one worker, and every web process shows all of them, live', () => showsAllNodes(world));
    test('a worker killed while it restarts a node: the other one takes the run over, and the node is restarted once', (t) =>
      takesOver(t, world));
    test('a web process killed under a browser: it goes on at the other one without a loss or a repetition', (t) => resumes(t, world));
    test(`the database away for ${AWAY_MS / 1000} s in the middle of a run: what was acknowledged is there, everything goes on by itself`, (t) =>
      comesBack(t, world));
  });

async function staysSignedIn(world: World): Promise<void> {
  const [one, two] = world.webs();
  assert.ok(one && two);
  const headers = { 'content-type': 'application/json', origin: PUBLIC_URL };
  const signedIn = await fetch(`${one.url}/api/v1/auth/sign-in`, { method: 'POST', headers, body: JSON.stringify(ADMIN) });
  assert.equal(signedIn.status, 200, await signedIn.text());
  const cookie = signedIn.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  const session = await fetch(`${two.url}/api/v1/session`, { headers: { cookie } });
  assert.equal(session.status, 200, await session.text());
  assert.equal((await world.sql('SELECT 1 FROM "user"')).length, 1, 'four processes made one admin');
}

async function showsAllNodes(world: World): Promise<void> {
  const [one, two] = world.webs();
  assert.ok(one && two);
  await world.up(one);
  await world.up(two);
  assert.equal((await world.sql('SELECT 1 FROM "scrapeOwners"')).length, world.ids.length);
  const client = await listenTo(two.url, world.token);
  const samplesOf = (id: string) =>
    client.heard.flatMap(({ event }) => (event.type === 'fleet.sample' && event.nodeId === id ? [event.at] : []));
  await until('samples of each node', () => world.ids.every((id) => samplesOf(id).length >= 3));
  client.close();
  for (const id of world.ids) {
    const times = samplesOf(id);
    // one sample a second and node, not two
    for (const [i, at] of times.slice(1).entries())
      assert.ok(at - (times[i] ?? 0) > 500, `${id} was read after ${at - (times[i] ?? 0)} ms`);
  }
  const detail = (await world.done(two, 'GET', `nodes/${world.ids[0]}`)) as { node: { openFds: number | null } };
  assert.ok(detail.node.openFds);
}

async function takesOver(t: TestContext, world: World): Promise<void> {
  const [one, two] = world.webs();
  assert.ok(one && two);
  const starts = world.starts(0);
  const id = await world.startRun(0);
  await until('the restart is under way', () => world.stepIs(id, 'restart', 'running', two), { timeoutMs: 30_000, everyMs: 20 });
  const victim = await world.holder(id);
  assert.ok(victim, 'a worker holds the run');
  await victim.kill();
  const killed = performance.now();
  const [run] = await Promise.all([
    world.ended(id, two),
    until('the other worker has the run', async () => ((await world.holder(id)) ?? victim) !== victim, { timeoutMs: 20_000 }).then(() =>
      t.diagnostic(`the run was taken over ${seconds(killed)} after kill -9 of its worker`),
    ),
    until('every node has a living reader', () => world.allReadBy(world.workers()[0]), { timeoutMs: 20_000 }).then(() =>
      t.diagnostic(`all nodes were the other worker's ${seconds(killed)} after`),
    ),
  ]);
  t.diagnostic(`the run ended ${seconds(killed)} after`);
  assert.equal(run.status, 'succeeded', run.summary);
  assert.equal(world.starts(0), starts + 1, 'restarted exactly once');
  // for the tests after this one, while they begin
  world.add('worker').catch((error) => t.diagnostic(String(error)));
}

async function resumes(t: TestContext, world: World): Promise<void> {
  const [one, two] = world.webs();
  assert.ok(one && two);
  const witness = await listenTo(two.url, world.token);
  const first = await listenTo(one.url, world.token);
  await until('events at the first', () => first.heard.length >= 5);
  await one.kill();
  const killed = performance.now();
  await first.ended;
  const since = first.heard.at(-1)?.id ?? assert.fail('heard nothing');
  const second = await listenTo(two.url, world.token, since);
  await until('events at the second', () => second.heard.length >= 5);
  t.diagnostic(`the stream had gone on ${seconds(killed)} after the kill`);
  second.close();
  witness.close();
  assert.equal(second.resets(), 0);
  const heard = [...first.heard, ...second.heard].map((one) => one.id);
  const all = witness.heard.map((one) => one.id);
  const from = Math.max(heard[0] ?? 0, all[0] ?? 0);
  const to = Math.min(heard.at(-1) ?? 0, all.at(-1) ?? 0);
  const within = (ids: number[]) => ids.filter((id) => id >= from && id <= to);
  assert.ok(within(all).length >= 5);
  assert.deepEqual(within(heard), within(all));
}

async function comesBack(t: TestContext, world: World): Promise<void> {
  const at = world.web();
  const starts = world.starts(1);
  const id = await world.startRun(1, { confirmSeconds: 300 });
  await until('the run is under way', () => world.stepIs(id, 'edit-config', 'succeeded', at), { timeoutMs: 30_000, everyMs: 20 });
  const kept: string[] = [];
  for (let i = 0; i < 5; i++)
    kept.push(((await world.done(at, 'POST', 'tokens', { name: `kept-${i}`, role: 'viewer' })) as { id: string }).id);
  await world.database.kill();
  const refused = await world.ask(at, 'POST', 'tokens', { name: 'lost', role: 'viewer' });
  assert.equal(refused.status, 503, JSON.stringify(refused.json));
  assert.equal((await fetch(`${at.url}/healthz`)).status, 200);
  await sleep(AWAY_MS);
  await world.database.again();
  const back = performance.now();
  for (const one of world.webs())
    await until('it answers', async () => (await world.ask(one, 'GET', 'fleet')).status === 200, { timeoutMs: 30_000 });
  t.diagnostic(`every web process answered ${seconds(back)} after the database was back`);
  const listed = JSON.stringify(await world.done(at, 'GET', 'tokens'));
  for (const token of kept) assert.ok(listed.includes(token), token);
  const client = await listenTo(at.url, world.token);
  await until('live samples', () => client.heard.some(({ event }) => event.type === 'fleet.sample'), { timeoutMs: 30_000 });
  client.close();
  t.diagnostic(`samples were live ${seconds(back)} after`);
  const run = await world.ended(id, at);
  t.diagnostic(`the run ended ${seconds(back)} after`);
  assert.equal(run.status, 'succeeded', run.summary);
  assert.equal(world.starts(1), starts + 1, 'restarted exactly once');
  await world.up(at);
  const db = await openDatabase({ url: world.database.url });
  assert.equal((await createAudit({ db }).verify()).brokenAt, null);
  await db.destroy();
}
