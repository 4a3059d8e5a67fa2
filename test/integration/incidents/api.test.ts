import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { POST as acknowledge } from '#app/api/v1/incidents/[id]/acknowledge/route.ts';
import { GET as postmortem } from '#app/api/v1/incidents/[id]/postmortem/route.ts';
import { POST as resolve } from '#app/api/v1/incidents/[id]/resolve/route.ts';
import { GET as one } from '#app/api/v1/incidents/[id]/route.ts';
import { POST as declare, GET as list } from '#app/api/v1/incidents/route.ts';
import { addNode } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { problemSchema } from '#shared/errors.ts';
import { incidentListItemSchema, incidentListSchema, incidentSchema } from '#shared/incidents.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { testConsole } from '#test/support/console.ts';

const ADMIN: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;

async function setUp(t: TestContext) {
  const { runtime, token } = await testConsole(t);
  const add = (name: string) =>
    runtime.command(ADMIN, addNode, nodeInputSchema.parse({ name, host: '127.0.0.1', user: 'sre', metrics: { via: 'none' } }));
  const node = await add('edge-01');
  const bearers = { viewer: await token('viewer'), operator: await token('operator') };
  const ask = async (handler: Handler, role: keyof typeof bearers, o: { id?: string; query?: string; body?: unknown } = {}) => {
    const request = new Request(`http://127.0.0.1:3000/api/v1/incidents?${o.query ?? ''}`, {
      method: o.body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${bearers[role]}`, 'content-type': 'application/json' },
      ...(o.body === undefined ? {} : { body: JSON.stringify(o.body) }),
    });
    return handler(request, { params: Promise.resolve({ id: o.id }) });
  };
  const refused = async (answer: Response) => {
    const { code, detail } = problemSchema.parse(await answer.json());
    return `${answer.status} ${code}: ${detail}`;
  };
  return { ask, refused, nodeId: node.id };
}

describe('/api/v1/incidents', () => {
  test('a viewer reads, an operator declares and resolves, and every answer has its shape', async (t) => {
    const { ask, refused, nodeId } = await setUp(t);
    const body = { title: 'edge is slow', nodeIds: [nodeId], severity: 'critical' };
    assert.match(await refused(await ask(declare, 'viewer', { body })), /^403 auth.forbidden/);
    const made = await ask(declare, 'operator', { body });
    assert.equal(made.status, 201);
    const { id } = incidentListItemSchema.parse(await made.json());
    const listed = incidentListSchema.parse(await (await ask(list, 'viewer', { query: 'status=open' })).json());
    assert.deepEqual([listed.open, listed.incidents[0]?.title], [1, 'edge is slow']);
    assert.deepEqual(
      incidentListSchema.parse(await (await ask(list, 'viewer', { query: 'status=open&severity=info' })).json()).incidents,
      [],
    );
    assert.match(await refused(await ask(acknowledge, 'viewer', { id, body: {} })), /^403 auth.forbidden/);
    assert.equal((await ask(acknowledge, 'operator', { id, body: {} })).status, 200);
    const whole = incidentSchema.parse(await (await ask(one, 'viewer', { id })).json());
    assert.deepEqual([whole.status, whole.owner, whole.closing.ready], ['acknowledged', 'test operator', false]);
    assert.match(await refused(await ask(resolve, 'operator', { id, body: { reason: ' ' } })), /^422 request.invalid/);
    assert.equal((await ask(resolve, 'operator', { id, body: { reason: 'a false alarm' } })).status, 200);
    const file = await ask(postmortem, 'viewer', { id });
    assert.match(file.headers.get('content-type') ?? '', /^text\/markdown/);
    assert.match(file.headers.get('content-disposition') ?? '', /INC-1-postmortem\.md/);
    assert.match(await file.text(), /resolved by test operator: a false alarm/);
  });

  test('what is not there is said so, and a question with a wrong word names it', async (t) => {
    const { ask, refused } = await setUp(t);
    for (const handler of [one, postmortem])
      assert.match(await refused(await ask(handler, 'viewer', { id: 'i_nothing' })), /^404 incident.not-found/);
    assert.match(await refused(await ask(acknowledge, 'operator', { id: 'i_nothing', body: {} })), /^404 incident.not-found/);
    assert.match(await refused(await ask(list, 'viewer', { query: 'status=closed' })), /^422 request.invalid.*open, resolved or all/s);
  });
});
