import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addGrant, changeGrant, createToken, removeGrant } from '#server/access/index.ts';
import { addNode, updateNode } from '#server/nodes/index.ts';
import type { Actor, Role } from '#shared/access.ts';
import { auditPageSchema } from '#shared/audit.ts';
import { problemSchema } from '#shared/errors.ts';
import { fleetSchema } from '#shared/nodes.ts';
import { runListSchema, runSchema } from '#shared/runs.ts';
import { until } from '#test/support/until.ts';
import { CANARY, everyRoute, type Route, twoGroups } from './walk.ts';

const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };

describe('a grant for one group', () => {
  let world: Awaited<ReturnType<typeof twoGroups>>;
  let routes: Route[];
  const cleanUps: (() => Promise<void> | void)[] = [];
  before(async () => {
    routes = await everyRoute();
    world = await twoGroups({ after: (fn: () => Promise<void>) => void cleanUps.push(fn) });
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  const call = async (name: string, token: string, options: { params?: Record<string, string>; query?: string; body?: unknown } = {}) => {
    const route = routes.find((one) => one.name === name);
    assert.ok(route, name);
    const { params = {}, query = '', body } = options;
    const url = route.dir.replace(/\[(\w+)\]/g, (_, key: string) => params[key] ?? '');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '"1"' };
    const init = { method: route.method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return route.call(new Request(`http://127.0.0.1:3000/${url}${query}`, init), { params: Promise.resolve(params) });
  };
  const codeOf = async (response: Response) => problemSchema.parse(await response.json()).code;
  const holder = (name: string, ...grants: { role: Role; selector: string | null }[]): Actor => ({
    kind: 'user',
    id: name,
    name,
    role: 'viewer',
    grants,
  });

  test('shows its nodes and nothing of the others, in every list', async () => {
    const token = await world.token('viewer', 'group=a');
    const fleet = fleetSchema.parse(await (await call('GET /api/v1/fleet', token)).json());
    assert.deepEqual(
      fleet.nodes.map(({ name }) => name),
      ['edge-a'],
    );
    const sd = await (await call('GET /api/v1/sd', token)).text();
    assert.match(sd, /edge-a/);
    const all = fleetSchema.parse(await (await call('GET /api/v1/fleet', await world.token('viewer', null))).json());
    assert.equal(all.nodes.length, 2);
    assert.equal((await call('GET /api/v1/nodes/[id]', token, { params: { id: world.ids.a } })).status, 200);
  });

  test('shows a run with one of its nodes, less what is not theirs; the whole of it and every change take all of its nodes', async () => {
    const token = await world.token('admin', 'group=a');
    const list = runListSchema.parse(await (await call('GET /api/v1/runs', token)).json());
    assert.deepEqual(new Set(list.runs.map(({ id }) => id)), new Set([world.ids.runOfA, world.ids.mixed]));
    assert.deepEqual(list.runs.find(({ id }) => id === world.ids.mixed)?.targetNames, ['edge-a']);
    const params = { id: world.ids.mixed };
    const text = await (await call('GET /api/v1/runs/[id]', token, { params })).text();
    assert.ok(!text.includes(CANARY), text);
    assert.deepEqual(
      runSchema.parse(JSON.parse(text)).targets.map(({ name }) => name),
      ['edge-a'],
    );
    assert.equal(await codeOf(await call('POST /api/v1/runs/[id]/abort', token, { params })), 'auth.forbidden');
    assert.equal(await codeOf(await call('GET /api/v1/runs/[id]/evidence', token, { params })), 'auth.forbidden');
    const other = { id: world.ids.mixed, node: world.ids.b };
    assert.equal(await codeOf(await call('GET /api/v1/runs/[id]/targets/[node]', token, { params: other })), 'node.not-found');
    assert.equal((await call('GET /api/v1/runs/[id]/evidence', token, { params: { id: world.ids.runOfA } })).status, 200);
  });

  test('starts runs on its own nodes: a selector finds no others, and one that is seen and not granted is named', async () => {
    const token = await world.token('operator', 'group=a');
    const body = { runbook: 'fd-leak', selector: '*', dryRun: true };
    const run = runSchema.parse(await (await call('POST /api/v1/runs', token, { body })).json());
    assert.deepEqual(
      run.targets.map(({ name }) => name),
      ['edge-a'],
    );
    const none = await call('POST /api/v1/runs', token, { body: { ...body, selector: 'group=b' } });
    const words = await none.text();
    assert.equal(none.status, 422);
    assert.ok(!words.includes(CANARY), words);
    const both = holder('eve', { role: 'viewer', selector: null }, { role: 'operator', selector: 'group=a' });
    await assert.rejects(world.runtime.command(both, world.runtime.runs.verbs.start, body), /may not start a run on zzcanary-b/);
  });

  test('does not reach further by what a node is called: neither taken in nor given away by a label', async () => {
    const admin = holder('amy', { role: 'admin', selector: 'group=a' });
    const input = { name: 'new-a', host: 'new-a.invalid', user: 'sre', labels: { group: 'a' } };
    const node = await world.runtime.command(admin, addNode, input);
    await assert.rejects(world.runtime.command(admin, addNode, { ...input, name: 'new-b', labels: { group: 'b' } }), /may not write/);
    const change = (id: string, group: string) => ({ id, version: 1, node: { ...input, name: `moved-${group}`, labels: { group } } });
    await assert.rejects(world.runtime.command(admin, updateNode, change(node.id, 'b')), /may not write/);
    await assert.rejects(world.runtime.command(admin, updateNode, change(world.ids.b, 'a')), /on every node that it acts on/);
  });

  test('tells only the events of its nodes and runs, at the instant at which a label moves one in or out', async () => {
    const { runtime, ids } = world;
    const told = runtime.eventsFor(holder('sam', { role: 'viewer', selector: 'group=a' }));
    assert.ok(told);
    const sample = (nodeId: string) => ({ type: 'fleet.sample', nodeId, at: 0, values: {}, processStart: null }) as const;
    assert.deepEqual([await told(sample(ids.a)), await told(sample(ids.b))], [true, false]);
    assert.deepEqual(
      [await told({ type: 'run.changed', runId: ids.mixed }), await told({ type: 'run.changed', runId: ids.runOfB })],
      [true, false],
    );
    assert.equal(await told({ type: 'audit.appended', seq: 1 }), false);
    const { version, id: _, ...node } = await runtime.nodes.get(ids.b);
    await runtime.command(SYSTEM, updateNode, { id: ids.b, version, node: { ...node, labels: { group: 'a' } } });
    assert.deepEqual([await told({ type: 'node.changed', nodeId: ids.b }), await told(sample(ids.b))], [true, true]);
    await runtime.command(SYSTEM, updateNode, { id: ids.b, version: version + 1, node });
    assert.deepEqual([await told({ type: 'node.changed', nodeId: ids.b }), await told(sample(ids.b))], [true, false]);
    assert.equal(runtime.eventsFor(holder('ann', { role: 'viewer', selector: null })), null);
  });

  test('reads of the audit what was done to its own, and of a mixed run that it was', async () => {
    const token = await world.token('operator', 'group=a');
    const page = auditPageSchema.parse(await (await call('GET /api/v1/audit', token, { query: '?limit=500' })).json());
    const objects = new Set(page.entries.filter(({ actor }) => actor.kind !== 'token').map(({ object }) => object));
    assert.ok(objects.has(`node:${world.ids.a}`) && objects.has(`run:${world.ids.mixed}`));
    for (const foreign of [`node:${world.ids.b}`, `run:${world.ids.runOfB}`]) assert.ok(!objects.has(foreign), foreign);
    assert.ok(![...objects].some((object) => /^(user|token):/.test(object)), [...objects].join());
    assert.equal(page.entries.find(({ object, action }) => object === `run:${world.ids.mixed}` && action === 'run.start')?.after, null);
    const csv = await (await call('GET /api/v1/audit/export', token, { query: '?format=csv' })).text();
    assert.ok(csv.includes(`node:${world.ids.a}`) && !csv.includes(CANARY));
  });

  test('of a person can be more than one; a token is never more than its maker is now', async () => {
    const { runtime } = world;
    const at = new Date().toISOString();
    const user = { name: 'Kim', emailVerified: 1, image: null, createdAt: at, updatedAt: at };
    await runtime.db
      .insertInto('user')
      .values({ ...user, id: 'u_kim', email: 'kim@example.com', role: 'admin' })
      .execute();
    await runtime.db
      .insertInto('user')
      .values({ ...user, id: 'u_root', email: 'root@example.com', role: 'admin' })
      .execute();
    const kim: Actor = { kind: 'user', id: 'u_kim', name: 'Kim', role: 'admin', grants: [{ role: 'admin', selector: null }] };
    const { token } = await runtime.command(kim, createToken, { name: 'kim’s', role: 'admin' });
    const seen = async () => fleetSchema.parse(await (await call('GET /api/v1/fleet', token)).json()).nodes.map(({ name }) => name);
    assert.ok((await seen()).length >= 2);
    await runtime.command(SYSTEM, changeGrant, { id: 'base-u_kim', role: 'viewer', selector: 'name=edge-a' });
    assert.deepEqual(await seen(), ['edge-a']);
    assert.equal((await call('POST /api/v1/tokens', token, { body: { name: 'more', role: 'admin' } })).status, 403);
    const { id } = await runtime.command(SYSTEM, addGrant, { userId: 'u_kim', role: 'operator', selector: `name=${CANARY}-b` });
    assert.deepEqual(await seen(), ['edge-a', `${CANARY}-b`]);
    await runtime.command(SYSTEM, removeGrant, { id });
    assert.deepEqual(await seen(), ['edge-a']);
    await assert.rejects(runtime.command(SYSTEM, removeGrant, { id: 'base-u_kim' }), /with the account/);
    await assert.rejects(
      runtime.command(SYSTEM, changeGrant, { id: 'base-u_root', role: 'admin', selector: 'group=a' }),
      /nobody would be admin/,
    );
    await runtime.db.deleteFrom('user').where('id', '=', 'u_kim').execute();
    assert.equal((await call('GET /api/v1/fleet', token)).status, 401);
  });

  test('is refused with facts in it, and holds nothing when it cannot be read', async () => {
    const admin = await world.token('admin', null);
    for (const selector of ['state=up', 'group=a leak=yes', 'group=', '']) {
      const answer = await call('POST /api/v1/grants', admin, { body: { userId: 'u_root', role: 'viewer', selector } });
      assert.equal(await codeOf(answer), 'request.invalid', selector);
    }
    const broken = holder('bob', { role: 'admin', selector: 'group=' });
    assert.deepEqual((await world.runtime.nodes.list()).filter(world.runtime.scopeOf(broken, 'test').only('fleet.read')), []);
    assert.deepEqual((await world.runtime.nodes.list()).filter(world.runtime.scopeOf(holder('nil'), 'test').only('fleet.read')), []);
  });

  test('makes no incident, silence or capture of other nodes, and is told of none', async () => {
    const token = await world.token('admin', 'group=a');
    const { a, b, incidentOfB, silenceOfB } = world.ids;
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const post = async (name: string, body: unknown, params: Record<string, string> = {}) =>
      (await call(name, token, { body, params })).status;
    assert.equal(await post('POST /api/v1/incidents', { title: 'x', nodeIds: [a, b] }), 403);
    assert.equal(await post('POST /api/v1/incidents', { title: 'x', nodeIds: [a] }), 201);
    assert.equal(await post('POST /api/v1/silences', { selector: 'group=b', reason: 'x', endsAt }), 403);
    assert.equal(await post('POST /api/v1/silences', { selector: 'site', reason: 'x', endsAt }), 403);
    assert.equal(await post('POST /api/v1/silences', { selector: 'group=a', reason: 'x', endsAt }), 201);
    assert.equal(await post('POST /api/v1/incidents/[id]/captures', { nodeId: a }, { id: incidentOfB }), 404);
    assert.equal((await call('GET /api/v1/incidents/[id]', token, { params: { id: incidentOfB } })).status, 404);
    assert.equal((await call('DELETE /api/v1/silences/[id]', token, { params: { id: silenceOfB } })).status, 403);
    const seen = await (await call('GET /api/v1/incidents', token)).text();
    assert.ok(!seen.includes(CANARY), seen);
  });

  test('tells of no drill in a report: where the fault was is nobody’s who does not see drills', async () => {
    const endedAt = Date.now() - 60_000;
    const score = { total: 80, of: 100, lines: [], detectSeconds: 1, acknowledgeSeconds: 1, answerSeconds: 1, wrongMoves: 0 };
    const times = { createdAt: endedAt - 60_000, startedAt: endedAt - 50_000, endsAt: endedAt, endedAt, ended: 'stopped' };
    const nobody = { why: null, detectedAt: null, acknowledgedAt: null, acknowledgedBy: null, answer: null };
    await world.runtime.db
      .insertInto('drills')
      .values({
        ...{ id: 'd_of_b', status: 'ended', secret: '-', inPlay: JSON.stringify([world.ids.b]), minutes: 10, startedBy: CANARY },
        ...{ ...times, ...nobody, hints: '[]', score: JSON.stringify({ ...score, nodeRight: true, causeRight: true }) },
      })
      .execute();
    const report = async (selector: string | null, format: string) =>
      (await call('GET /api/v1/reports', await world.token('viewer', selector), { query: `?format=${format}` })).text();
    for (const format of ['json', 'md', 'html']) assert.ok(!(await report('group=a', format)).includes(CANARY), format);
    assert.match(await report(null, 'json'), /d_of_b/);
  });

  test('that is asked for a foreign thing again and again is one row of the audit', async () => {
    const token = await world.token('viewer', 'group=a');
    const rows = async () =>
      (await world.runtime.audit.list({ limit: 500, filter: { object: `node:${world.ids.b}`, result: 'refused' } })).length;
    const before_ = await rows();
    for (let i = 0; i < 5; i++) await call('GET /api/v1/nodes/[id]/metrics', token, { params: { id: world.ids.b } });
    await until('the row', async () => (await rows()) > before_);
    assert.equal(await rows(), before_ + 1);
  });
});
