import { restartedByHand } from './by-hand.ts';
import { patiently, type StepRunner } from './context.ts';
import { count, processFacts } from './facts.ts';

/** Once per run: what is remembered before the act and a marker on the node make a second restart impossible. */
export const service: StepRunner = async (context) => {
  const { node, ops, run, clock } = context;
  const mode = context.step.params.action === 'reload' ? 'reload' : 'restart';
  const byHand = await restartedByHand(context);
  if (byHand !== null) return byHand;
  if (context.target().restart === 'none') {
    const probe = await patiently(context, () => ops.probe(node));
    const before = processFacts(probe.value) ?? context.target().memo.before;
    await context.prove({
      title: 'the process before',
      receipt: probe.receipt,
      value: before === undefined ? 'no process' : `pid ${before.pid}, ${count(before.openFds)} fds`,
    });
    const memo = { ...context.target().memo, restartAskedNodeMs: probe.value.nodeClockMs, restartAskedAt: clock.now() };
    await context.remember({ restart: 'asked', memo: before === undefined ? memo : { ...memo, before } });
  } else context.say('the restart was asked for before the console was interrupted; the node knows whether it was done');

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
  return { status: 'succeeded', summary: `${node.unit} ${mode === 'reload' ? 'reloaded' : 'restarted'}, once` };
};
