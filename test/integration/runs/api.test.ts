import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import * as runbookRoute from '#app/api/v1/runbooks/[id]/route.ts';
import * as runbooksRoute from '#app/api/v1/runbooks/route.ts';
import * as abortRoute from '#app/api/v1/runs/[id]/abort/route.ts';
import * as evidenceRoute from '#app/api/v1/runs/[id]/evidence/route.ts';
import * as gateRoute from '#app/api/v1/runs/[id]/gates/[gate]/route.ts';
import * as rollbackRoute from '#app/api/v1/runs/[id]/rollback/route.ts';
import * as runRoute from '#app/api/v1/runs/[id]/route.ts';
import * as skipRoute from '#app/api/v1/runs/[id]/skip/route.ts';
import * as allowRoute from '#app/api/v1/runs/allow/route.ts';
import * as evidenceKeyRoute from '#app/api/v1/runs/evidence-key/route.ts';
import * as runsRoute from '#app/api/v1/runs/route.ts';
import * as stopAllRoute from '#app/api/v1/runs/stop-all/route.ts';
import { addNode } from '#server/nodes/index.ts';
import { problemSchema } from '#shared/errors.ts';
import { bundleSchema, writeBundle } from '#shared/evidence/bundle.ts';
import { verifyBundle } from '#shared/evidence/verify.ts';
import { runbookListSchema, runbookSchema } from '#shared/runbooks.ts';
import { hasEnded, type Run, runListSchema, runSchema } from '#shared/runs.ts';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';

type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;

/** A console with one node at a port of this machine where nothing listens. */
async function consoleWithDeadNode(t: TestContext) {
  const { runtime, token } = await testConsole(t);
  await runtime.start();
  const actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' } as const;
  await runtime.command(actor, addNode, { name: 'edge-1', host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' } });
  const admin = await token('admin');
  const ask = async (handler: Handler, method: string, params: Record<string, string>, body?: unknown, key = admin) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await handler(new Request('http://127.0.0.1:3000/api/v1/x', init), { params: Promise.resolve(params) });
    return { status: response.status, json: (await response.json()) as unknown };
  };
  return { ask, token };
}

describe('the API of runs', () => {
  test('POST answers 201 with the whole plan at once; the run then ends failed with SSH as its cause and no verdict', async (t) => {
    const { ask } = await consoleWithDeadNode(t);
    const body = { runbook: 'fd-leak', selector: 'name=edge-1', strategy: { gates: 'auto' } };
    const begun = performance.now();
    const created = await ask(runsRoute.POST, 'POST', {}, body);
    assert.equal(created.status, 201);
    assert.ok(performance.now() - begun < 1000);
    const { id, targets } = runSchema.parse(created.json);
    assert.equal(targets[0]?.steps.length, 14);

    let run: Run = runSchema.parse(created.json);
    await until('the end of the run', async () => {
      run = runSchema.parse((await ask(runRoute.GET, 'GET', { id })).json);
      return hasEnded(run.status);
    });
    assert.equal(`${run.status}/${run.verdict}`, 'failed/null');
    assert.match(run.summary, /SSH/);
    const list = runListSchema.parse((await ask(runsRoute.GET, 'GET', {})).json);
    assert.deepEqual(list.runs[0]?.targetNames, ['edge-1']);
    assert.equal((await ask(abortRoute.POST, 'POST', { id })).status, 409);
    const evidence = await ask(evidenceRoute.GET, 'GET', { id });
    const found = await verifyBundle(new TextEncoder().encode(writeBundle(bundleSchema.parse(evidence.json))));
    assert.deepEqual(found.problems, []);
  });

  test('what cannot be started is refused with its code as problem details', async (t) => {
    const { ask, token } = await consoleWithDeadNode(t);
    const refused = async (body: unknown, status: number, code: string) => {
      const answer = await ask(runsRoute.POST, 'POST', {}, body);
      assert.equal(`${answer.status} ${problemSchema.parse(answer.json).code}`, `${status} ${code}`);
    };
    await refused({ runbook: 'no-such', selector: 'name=edge-1' }, 422, 'runbook.not-found');
    await refused({ runbook: 'fd-leak', selector: 'name=no-such-node' }, 422, 'selector.no-match');
    await refused({ runbook: 'fd-leak', selector: '((' }, 422, 'selector.invalid');
    await refused({ runbook: 'fd-leak' }, 422, 'request.invalid');
    await refused({ runbook: 'pool-settings', selector: '*' }, 422, 'request.invalid');
    assert.equal((await ask(runRoute.GET, 'GET', { id: 'r_none' })).status, 404);
    assert.equal((await ask(gateRoute.POST, 'POST', { id: 'r_none', gate: 'gate' }, { answer: 'keep' })).status, 404);
    const viewer = await token('viewer');
    assert.equal((await ask(runsRoute.POST, 'POST', {}, { runbook: 'fd-leak', selector: '*' }, viewer)).status, 403);
  });

  test('all runs are stopped and allowed again by who may control runs; meanwhile none starts', async (t) => {
    const { ask, token } = await consoleWithDeadNode(t);
    const viewer = await token('viewer');
    assert.equal((await ask(stopAllRoute.POST, 'POST', {}, { reason: 'no' }, viewer)).status, 403);
    assert.equal((await ask(stopAllRoute.POST, 'POST', {}, {})).status, 422);
    assert.equal((await ask(stopAllRoute.POST, 'POST', {}, { reason: 'a storm' })).status, 200);
    const refused = await ask(runsRoute.POST, 'POST', {}, { runbook: 'fd-leak', selector: 'name=edge-1' });
    assert.equal(`${refused.status} ${problemSchema.parse(refused.json).code}`, '409 runs.stopped');
    assert.equal(runListSchema.parse((await ask(runsRoute.GET, 'GET', {})).json).stopped?.reason, 'a storm');
    assert.equal((await ask(allowRoute.POST, 'POST', {}, undefined, viewer)).status, 403);
    assert.equal((await ask(allowRoute.POST, 'POST', {})).status, 200);
    const body = { runbook: 'fd-leak', selector: 'name=edge-1', strategy: { gates: 'auto' } };
    const { id } = runSchema.parse((await ask(runsRoute.POST, 'POST', {}, body)).json);
    await until('the end of the run', async () => hasEnded(runSchema.parse((await ask(runRoute.GET, 'GET', { id })).json).status));
    assert.equal((await ask(rollbackRoute.POST, 'POST', { id }, {})).status, 409);
    assert.equal((await ask(skipRoute.POST, 'POST', { id }, { nodeId: 'n', reason: 'late' })).status, 409);
    const key = (await ask(evidenceKeyRoute.GET, 'GET', {})).json as { fingerprint: string };
    assert.match(key.fingerprint, /^SHA256:/);
  });

  test('the runbooks are listed, and each is given with its text and steps', async (t) => {
    const { ask } = await consoleWithDeadNode(t);
    const { runbooks } = runbookListSchema.parse((await ask(runbooksRoute.GET, 'GET', {})).json);
    assert.deepEqual(
      runbooks.map((r) => r.key),
      [
        'buy-time',
        'capture-evidence',
        'config-rollback',
        'fd-leak',
        'install-proxy',
        'pool-reload',
        'pool-settings',
        'rolling-restart',
        'upgrade-proxy',
      ],
    );
    const one = runbookSchema.parse((await ask(runbookRoute.GET, 'GET', { id: 'fd-leak' })).json);
    assert.equal(one.steps.length, runbooks.find((r) => r.key === 'fd-leak')?.stepCount);
    assert.equal((await ask(runbookRoute.GET, 'GET', { id: 'none' })).status, 404);
  });
});
