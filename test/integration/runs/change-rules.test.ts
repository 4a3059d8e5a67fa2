import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Actor } from '#shared/access.ts';
import type { RunInput } from '#shared/runs.ts';
import { OPERATOR, simulation, stepOf } from '#test/support/simulated-console.ts';

const ANA: Actor = { kind: 'user', id: 'u_ana', name: 'ana', role: 'operator' };
const BEN: Actor = { kind: 'user', id: 'u_ben', name: 'ben', role: 'approver' };
const ROBOT: Actor = { kind: 'token', id: 't_1', name: 'ci', role: 'approver' };
const iso = (ms: number) => new Date(ms).toISOString();
const QUICK = { gates: 'auto', batches: ['100%'] } satisfies RunInput['strategy'];

async function fleet(t: TestContext, count = 2) {
  const world = simulation(
    t,
    Array.from({ length: count }, (_, i) => ({ name: `edge-${i + 1}`, leak: 'pool' as const })),
  );
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const { verbs } = console.runs;
  const start = (input: Partial<RunInput> = {}, actor: Actor = ANA) =>
    console.command(actor, verbs.start, { runbook: 'fd-leak', selector: '*', ...input, strategy: { ...QUICK, ...input.strategy } });
  const freeze = (minutes: number, selector = '*') => {
    const now = world.time.clock.now();
    const span = { from: iso(now), to: iso(now + minutes * 60_000) };
    return console.command(BEN, verbs.addChangeRule, { kind: 'freeze', selector, reason: 'Black Friday', ...span });
  };
  return { world, console, verbs, start, freeze };
}

describe('freezes and windows', () => {
  test('a run on frozen nodes is refused with the reason and the two ways on; looking is not refused', async (t) => {
    const { start, freeze, world } = await fleet(t);
    await freeze(60);
    await assert.rejects(start(), { code: 'run.closed', message: /frozen until .* by ben: Black Friday.*onClosed.*override\.reason/ });
    assert.equal((await start({ dryRun: true })).status, 'running');
    assert.equal((await start({ runbook: 'capture-evidence' })).status, 'running');
    for (const node of world.nodes) assert.deepEqual(node.restarts, []);
  });

  test('told to wait, it waits until the freeze is over, and says so', async (t) => {
    const { world, console, start, freeze } = await fleet(t, 1);
    await freeze(30);
    const run = await start({ strategy: { onClosed: 'wait' } });
    await world.time.pass(60_000);
    assert.match((await console.runs.get(run.id)).summary, /edge-1: waits, frozen until .*Black Friday/);
    await world.time.pass(28 * 60_000);
    assert.deepEqual(world.node('edge-1').touches, []);
    const ended = await world.ended(console, run.id);
    assert.equal(ended.verdict, 'pass', ended.summary);
  });

  test('a freeze that comes in the middle keeps the nodes that were not begun, and lets the one that was end', async (t) => {
    const { world, console, start, freeze } = await fleet(t, 2);
    const run = await start({ strategy: { batches: [1, '100%'] } });
    await world.until(console, run.id, (r) => stepOf(r, 'watch').status === 'running');
    await freeze(12);
    await world.until(console, run.id, (r) => r.targets[0]?.status === 'succeeded');
    await world.time.pass(5 * 60_000);
    assert.deepEqual(world.node('edge-2').touches, []);
    assert.match((await console.runs.get(run.id)).summary, /1 wait, edge-2 frozen until/);
    assert.equal((await world.ended(console, run.id)).status, 'succeeded');
  });

  test('taking a freeze away lets a waiting run go on at once', async (t) => {
    const { world, console, verbs, start, freeze } = await fleet(t, 1);
    const { id } = await freeze(600);
    const run = await start({ strategy: { onClosed: 'wait' } });
    await world.time.pass(60_000);
    await console.command(BEN, verbs.removeChangeRule, { id });
    await world.until(console, run.id, (r) => r.targets[0]?.status === 'running', 1000);
  });

  test('an approver may go on in spite of it with a reason, which stays on the run; an operator may not', async (t) => {
    const { console, start, freeze, world } = await fleet(t, 1);
    await freeze(600);
    const override = { reason: 'it dies in 10 minutes' };
    await assert.rejects(start({ override }), {
      code: 'auth.forbidden',
      message: /run\.approve on every node; ana is operator everywhere/,
    });
    const run = await start({ override }, BEN);
    assert.equal(run.override, override.reason);
    assert.equal((await world.ended(console, run.id)).verdict, 'pass');
    const audit = await console.db
      .selectFrom('audit')
      .select('after')
      .where('action', '=', 'run.start')
      .where('result', '=', 'ok')
      .execute();
    assert.match(audit.at(-1)?.after ?? '', /it dies in 10 minutes/);
  });

  test('a rollback is not held up by a freeze: it puts back what was agreed', async (t) => {
    const { console, verbs, start, freeze, world } = await fleet(t, 1);
    const run = await start({ runbook: 'pool-settings', params: { max_per_host: 7 } });
    await world.ended(console, run.id);
    await freeze(600);
    const back = await console.command(ANA, verbs.rollBack, { id: run.id });
    assert.equal((await world.ended(console, back.id)).status, 'succeeded');
    assert.doesNotMatch(world.node('edge-1').config(), /max_per_host: 7/);
  });
});

describe('what fails together', () => {
  test('two nodes of one failure group are never changed at once', async (t) => {
    const { world, console, start } = await fleet(t, 4);
    const site = (i: number) => JSON.stringify({ site: i < 2 ? 'fra' : 'ams' });
    for (const [i, node] of world.nodes.entries())
      await console.db
        .updateTable('nodes')
        .set({ labels: site(i) })
        .where('id', '=', node.member.id)
        .execute();
    const run = await start({ strategy: { failureGroup: 'site', maxParallel: 4 } });
    let most = 0;
    const ended = await world.until(console, run.id, (r) => {
      const busy = r.targets.map((x) => x.status === 'running');
      assert.ok(!(busy[0] && busy[1]) && !(busy[2] && busy[3]), 'one node of a site at a time');
      most = Math.max(most, busy.filter(Boolean).length);
      return r.finishedAt !== null;
    });
    assert.equal(most, 2, 'the two sites go on beside each other');
    assert.equal(ended.status, 'succeeded', ended.summary);
  });
});

describe('a second person', () => {
  const rule = { kind: 'approval', selector: 'name=edge-1', reason: 'production' };

  test('must agree before anything is done where a rule says so: not the starter, not a token', async (t) => {
    const { world, console, verbs, start } = await fleet(t, 2);
    await console.command(BEN, verbs.addChangeRule, rule);
    const run = await start({}, BEN);
    assert.equal(run.status, 'awaiting-approval');
    await world.time.pass(120_000);
    for (const node of world.nodes) assert.deepEqual(node.touches, []);
    const agree = (actor: Actor) => console.command(actor, verbs.approveRun, { id: run.id });
    await assert.rejects(agree(BEN), { code: 'run.same-person', message: /ben started the run/ });
    await assert.rejects(agree(ROBOT), { code: 'run.same-person', message: /not the token ci/ });
    await assert.rejects(agree(ANA), { code: 'auth.forbidden' });
    for (const verb of [verbs.pauseRun, verbs.resumeRun])
      await assert.rejects(console.command(OPERATOR, verb, { id: run.id }), { code: 'run.wrong-state' });
    const agreed = await agree(OPERATOR);
    assert.equal(agreed.approval?.by, OPERATOR.name);
    assert.equal((await world.ended(console, run.id)).verdict, 'pass');
  });

  test('is not asked for a run that only looks, or on other nodes', async (t) => {
    const { console, verbs, start } = await fleet(t, 2);
    await console.command(BEN, verbs.addChangeRule, rule);
    assert.equal((await start({ dryRun: true })).status, 'running');
    assert.equal((await start({ selector: 'name=edge-2' })).status, 'running');
  });

  test('who never comes leaves nothing behind: the run ends, no node was held by it', async (t) => {
    const { world, console, verbs, start } = await fleet(t, 1);
    await console.command(BEN, verbs.addChangeRule, rule);
    const run = await start();
    assert.equal(console.runs.activeRunOf('n_edge-1'), null);
    assert.equal(Date.parse(run.approval?.until ?? '') - Date.parse(run.createdAt), 24 * 3_600_000);
    // a day of simulated samples would take minutes
    const approveBy = world.time.clock.now() + 300_000;
    await console.db.updateTable('runs').set({ approveBy }).where('id', '=', run.id).execute();
    const ended = await world.ended(console, run.id);
    assert.equal(ended.status, 'aborted');
    assert.match(ended.summary, /nobody agreed to it in time|no second person agreed/);
    assert.deepEqual(world.node('edge-1').touches, []);
  });

  test('is still waited for after everything was stopped and allowed again', async (t) => {
    const { world, console, verbs, start } = await fleet(t, 1);
    await console.command(BEN, verbs.addChangeRule, rule);
    const run = await start();
    await console.command(OPERATOR, verbs.stopAllRuns, { reason: 'look first' });
    await assert.rejects(console.command(OPERATOR, verbs.approveRun, { id: run.id }), { code: 'runs.stopped' });
    await console.command(OPERATOR, verbs.allowRuns, {});
    await world.time.pass(60_000);
    assert.equal((await console.runs.get(run.id)).status, 'awaiting-approval');
    await console.command(OPERATOR, verbs.abortRun, { id: run.id });
    assert.equal((await world.ended(console, run.id)).status, 'aborted');
  });
});
