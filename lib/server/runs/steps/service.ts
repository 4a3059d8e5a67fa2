import type { Probe } from '#server/ssh/index.ts';
import { restartedByHand } from './by-hand.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';
import { count, processFacts } from './facts.ts';
import { keepBeforeRestart } from './keep-before-restart.ts';

/** Once per run: what is remembered before the act and a marker on the node make a second restart impossible. */
export const service: StepRunner = async (context) => {
  const { node, ops, run, clock } = context;
  const byHand = await restartedByHand(context);
  if (byHand !== null) return byHand;
  let unkept = '';
  if (context.target().restart === 'none') {
    const probe = await patiently(context, () => ops.probe(node));
    const before = processFacts(probe.value) ?? context.target().memo.before;
    await context.prove({
      title: 'the process before',
      receipt: probe.receipt,
      value: before === undefined ? 'no process' : `pid ${before.pid}, ${count(before.openFds)} fds`,
    });
    const chosen = await chooseMode(context, probe.value);
    if (chosen === null)
      return { status: 'failed', summary: `${node.unit} on ${node.name} offers no reload that could be proven: restart it` };
    if (chosen === 'restart') unkept = await keepBeforeRestart(context);
    const memo = { ...context.target().memo, mode: chosen, restartAskedNodeMs: probe.value.nodeClockMs, restartAskedAt: clock.now() };
    await context.remember({ restart: 'asked', memo: before === undefined ? memo : { ...memo, before } });
  } else context.say('the restart was asked for before the console was interrupted; the node knows whether it was done');

  const { mode = 'restart' } = context.target().memo;
  const pid = context.target().memo.before?.pid;
  context.say(`systemctl ${mode} ${node.unit}${pid === undefined ? '' : `, pid ${pid}`}`);
  const done = await patiently(context, () => ops.restart(node, { runId: run.opsId, mode }));
  await context.remember({ restart: 'done' });
  await context.prove({
    title: `${mode} asked`,
    receipt: done.receipt,
    value: done.value.acted ? `${mode} done` : `this run had done it already`,
    threshold: 'exactly once',
    verdict: 'pass',
  });
  return { status: 'succeeded', summary: `${node.unit} ${mode === 'reload' ? 'reloaded' : 'restarted'}, once${unkept}` };
};

/** A reload cuts no tunnel. It is asked for where the unit offers one and the process tells which config it runs with, so that it can be proven. */
async function chooseMode(context: StepContext, probe: Probe): Promise<'restart' | 'reload' | null> {
  const { action } = context.step.params;
  if (action !== 'reload' && action !== 'reload-or-restart') return 'restart';
  const loaded = await patiently(context, () => context.ops.loadedConfig(context.node));
  const offered = probe.canReload && loaded.sha256 !== null;
  await context.prove({
    title: 'whether it can reload',
    ...(loaded.receipt !== null && { receipt: loaded.receipt }),
    value: `CanReload ${probe.canReload ? 'yes' : 'no'}, runs with ${loaded.sha256?.slice(0, 12) ?? 'a config that it does not name'}`,
    threshold: 'CanReload yes, and a config that it names',
    verdict: offered ? 'pass' : 'inconclusive',
  });
  if (offered) return 'reload';
  return action === 'reload' ? null : 'restart';
}
