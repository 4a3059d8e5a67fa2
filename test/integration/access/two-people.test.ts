import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Actor } from '#shared/access.ts';
import type { RunInput } from '#shared/runs.ts';
import { simulation } from '#test/support/simulated-console.ts';

// A rule says that a second person must agree. What one person may try to be two.

const ANA: Actor = { kind: 'user', id: 'u_ana', name: 'ana', role: 'admin' };
const BEN: Actor = { kind: 'user', id: 'u_ben', name: 'ben', role: 'admin' };
const OLEG: Actor = { kind: 'user', id: 'u_oleg', name: 'oleg', role: 'operator' };
const ANAS_TOKEN: Actor = { kind: 'token', id: 't_ana', name: 'ana-cli', role: 'admin' };
const RULE = { kind: 'approval', selector: '*', reason: 'production' };

async function guarded(t: TestContext) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const { verbs } = console.runs;
  const start = (actor: Actor, more: Partial<RunInput> = {}) =>
    console.command(actor, verbs.start, { runbook: 'fd-leak', selector: '*', strategy: { gates: 'auto' }, ...more });
  const untouched = () => assert.deepEqual(world.node('edge-1').touches, []);
  return { world, console, verbs, start, untouched };
}

describe('one person is not two', () => {
  test('who starts a run by a token of theirs does not agree to it as themselves, nor once the token is gone', async (t) => {
    const { world, console, verbs, start, untouched } = await guarded(t);
    await console.command(BEN, verbs.addChangeRule, RULE);
    const token = { id: 't_ana', name: 'ana-cli', role: 'admin', sha256: 'a'.repeat(64), prefix: 'hr_aaaaa', createdAt: 0 };
    await console.db
      .insertInto('tokens')
      .values({ ...token, expiresAt: 2e13, lastUsedAt: null, makerId: 'u_ana' })
      .execute();
    const run = await start(ANAS_TOKEN);
    assert.equal(run.status, 'awaiting-approval');
    const agree = (actor: Actor) => console.command(actor, verbs.approveRun, { id: run.id });
    await assert.rejects(agree(ANA), { code: 'run.same-person' });
    await console.db.deleteFrom('tokens').execute();
    await assert.rejects(agree(ANA), { code: 'run.same-person' });
    await world.time.pass(60_000);
    untouched();
    assert.equal((await agree(BEN)).status, 'running');
  });

  test('a run that nobody agreed to is not begun by aborting and retrying it', async (t) => {
    const { world, console, verbs, start, untouched } = await guarded(t);
    await console.command(BEN, verbs.addChangeRule, RULE);
    const run = await start(ANA);
    await console.command(ANA, verbs.abortRun, { id: run.id });
    assert.equal((await world.ended(console, run.id)).status, 'aborted');
    await assert.rejects(console.command(ANA, verbs.retryRun, { id: run.id }), { code: 'run.wrong-state', message: /second person/ });
    await world.time.pass(60_000);
    untouched();
    assert.equal((await start(ANA)).status, 'awaiting-approval');
  });

  test('what was agreed to may be tried again for a day', async (t) => {
    const { world, console, verbs, start } = await guarded(t);
    await console.command(BEN, verbs.addChangeRule, RULE);
    const run = await start(ANA);
    await console.command(BEN, verbs.approveRun, { id: run.id });
    await console.command(ANA, verbs.abortRun, { id: run.id });
    await world.ended(console, run.id);
    await console.db
      .updateTable('runs')
      .set({ approvedAt: world.time.clock.now() - 25 * 3_600_000 })
      .where('id', '=', run.id)
      .execute();
    await assert.rejects(console.command(ANA, verbs.retryRun, { id: run.id }), { message: /more than a day ago/ });
    await console.db.updateTable('runs').set({ approvedAt: world.time.clock.now() }).where('id', '=', run.id).execute();
    assert.equal((await console.command(ANA, verbs.retryRun, { id: run.id })).status, 'running');
  });

  test('what an approver let go on in spite of a freeze, an operator does not start anew in spite of it', async (t) => {
    const { world, console, verbs, start } = await guarded(t);
    const run = await start(BEN, { override: { reason: 'it dies in 10 minutes' } });
    await console.command(BEN, verbs.abortRun, { id: run.id });
    await world.ended(console, run.id);
    await assert.rejects(console.command(OLEG, verbs.retryRun, { id: run.id }), { code: 'auth.forbidden', message: /run\.approve/ });
    assert.equal((await console.command(BEN, verbs.retryRun, { id: run.id })).status, 'running');
  });
});
