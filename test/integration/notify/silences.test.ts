import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Runtime } from '#server/runtime.ts';
import type { SilenceDraft } from '#shared/silences.ts';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';
import { ADMIN, alertOf, say, sink, webhookTo } from './rig.ts';

const silence = (runtime: Runtime, draft: Partial<SilenceDraft> = {}, seconds = 3600) =>
  runtime.command(ADMIN, runtime.notify.verbs.addSilence, {
    selector: 'group=edge',
    reason: 'we know',
    ...draft,
    endsAt: Date.now() + seconds * 1000,
  });

const down = (patch = {}) =>
  alertOf({
    key: 'incident:in_2',
    title: 'INC-2 edge-01 is down',
    signals: [{ rule: 'node-down', nodeId: 'n_1', node: 'edge-01', labels: {} }],
    ...patch,
  });

describe('a silence', () => {
  test('holds back what it covers, and what still fires at its end is told then', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, url);
    const { id } = await silence(runtime);
    await say(runtime, alertOf());
    await say(runtime, down());
    await until('the other one', () => got.length === 1);
    assert.equal(JSON.parse(got[0]?.body ?? '').data.key, 'incident:in_2');
    assert.deepEqual((await runtime.notify.alerts()).find((a) => a.key === 'incident:in_1')?.silencedBy, [id]);
    assert.deepEqual(
      (await runtime.notify.silences()).map((s) => [s.state, s.holds, s.createdBy]),
      [['active', 1, 'ana']],
    );
    await runtime.command(ADMIN, runtime.notify.verbs.expireSilence, { id });
    await until('it is told', () => got.length === 2);
    assert.equal(JSON.parse(got[1]?.body ?? '').data.key, 'incident:in_1');
  });

  test('does not hold back the end of what was told before, nor an incident with a signal that it does not cover', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, url);
    await say(runtime, alertOf());
    await silence(runtime, { matchers: [{ name: 'alertname', value: 'leaking' }] });
    await say(runtime, alertOf({ state: 'resolved', endsAt: Date.now() }));
    const both = [...alertOf().signals, ...down().signals];
    await say(runtime, alertOf({ key: 'incident:in_3', signals: both }));
    await until('all three', () => got.length === 3);
    assert.deepEqual(got.map(({ body }) => `${JSON.parse(body).type} ${JSON.parse(body).data.key}`).sort(), [
      'alert.firing incident:in_1',
      'alert.firing incident:in_3',
      'alert.resolved incident:in_1',
    ]);
  });

  test('that is replaced ends only when the new one begins, in one act', async (t) => {
    const { runtime } = await testConsole(t);
    const old = await silence(runtime);
    const replace = (seconds: number) =>
      runtime.command(ADMIN, runtime.notify.verbs.replaceSilence, {
        ...{ id: old.id, selector: 'group=core', reason: 'the others' },
        endsAt: Date.now() + seconds * 1000,
      });
    const states = async () => (await runtime.notify.silences()).map(({ selector, state, endedBy }) => [selector, state, endedBy]);
    await assert.rejects(replace(31 * 86_400), { code: 'request.invalid' });
    assert.deepEqual(await states(), [['group=edge', 'active', null]]);
    await replace(600);
    assert.deepEqual(await states(), [
      ['group=core', 'active', null],
      ['group=edge', 'expired', 'ana'],
    ]);
    await assert.rejects(
      runtime.command(ADMIN, runtime.notify.verbs.replaceSilence, {
        id: 'gone',
        selector: 'group=a',
        reason: 'r',
        endsAt: Date.now() + 1e6,
      }),
      { code: 'silence.not-found' },
    );
  });

  test('must have an end within 30 days, a reason, and something that it covers', async (t) => {
    const { runtime } = await testConsole(t);
    await assert.rejects(silence(runtime, {}, 31 * 86_400), { code: 'request.invalid' });
    await assert.rejects(silence(runtime, {}, -5), { code: 'request.invalid' });
    await assert.rejects(silence(runtime, { reason: ' ' }), { code: 'request.invalid' });
    await assert.rejects(silence(runtime, { selector: '*' }), { code: 'request.invalid' });
    await assert.rejects(silence(runtime, { selector: 'leak=leaking' }), { code: 'selector.invalid' });
  });

  test('is made by a run that restarts a node, for that node and what a restart shows, and ends with it', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, url);
    const askedAt = Date.now();
    await restarting(runtime, askedAt);
    await say(runtime, down());
    await say(runtime, alertOf());
    await say(runtime, down({ key: 'incident:in_9', signals: [{ rule: 'node-down', nodeId: 'n_2', node: 'edge-02', labels: {} }] }));
    await until('the leak, and the other node', () => got.length === 2);
    const [made] = await runtime.notify.silences();
    assert.deepEqual([made?.runId, made?.nodeId, made?.state, made?.holds], ['r_1', 'n_1', 'active', 1]);
    assert.equal(Date.parse(made?.endsAt ?? ''), askedAt + 600_000);

    await runtime.db.deleteFrom('runLocks').execute();
    runtime.events.publish({ type: 'run.changed', runId: 'r_1' });
    await until('it is still down after the run', () => got.length === 3);
    const [over] = await runtime.notify.silences();
    assert.deepEqual([over?.state, over?.endedBy], ['expired', 'the run, which is done with it']);
  });

  test('of a run does not outlast its bound', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, url);
    await restarting(runtime, Date.now() - 600_001);
    await say(runtime, down());
    await until('a page', () => got.length === 1);
    assert.deepEqual(await runtime.notify.silences(), []);
  });
});

/** The rows of a run that has asked for the restart of edge-01. */
async function restarting(runtime: Runtime, askedAt: number): Promise<void> {
  const { db } = runtime;
  const about = {
    runbookKey: 'rolling-restart',
    runbookVersion: '1',
    runbookTitle: 'Rolling restart',
    runbookText: '',
    selector: '*',
    strategy: '{}',
    params: '{}',
  };
  const how = {
    dryRun: 0,
    mutates: 1,
    status: 'running',
    verdict: null,
    summary: '',
    startedBy: 'ana',
    createdAt: askedAt,
    finishedAt: null,
    control: null,
    controlBy: null,
  };
  const rest = {
    acceptedFailures: 0,
    approveBy: null,
    approvedBy: null,
    approvedAt: null,
    override: null,
    leaseOwner: null,
    leaseUntil: null,
  };
  await db
    .insertInto('runs')
    .values({ id: 'r_1', ...about, ...how, ...rest })
    .execute();
  const target = {
    runId: 'r_1',
    nodeId: 'n_1',
    name: 'edge-01',
    position: 0,
    batch: 0,
    attempt: 1,
    status: 'running',
    verdict: null,
    summary: '',
    judgement: null,
  };
  const way = {
    wayBack: 'none',
    revertAt: null,
    grantedAt: null,
    edit: 'none',
    restart: 'asked',
    undo: null,
    startedAt: askedAt,
    finishedAt: null,
  };
  await db
    .insertInto('runTargets')
    .values({ ...target, ...way, memo: JSON.stringify({ restartAskedAt: askedAt }) })
    .execute();
  await db.insertInto('runLocks').values({ nodeId: 'n_1', runId: 'r_1' }).execute();
}
