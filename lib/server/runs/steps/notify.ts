import { HeadroomError } from '#server/kernel/errors.ts';
import { type NotifyParams, notifyParamsSchema } from '#shared/runbook-lint.ts';
import type { StepContext, StepRunner } from './context.ts';

const LOOK_MS = 300;

/**
 * Tells a channel, once: the message is in the outbox under the name of this step, so that a console that is interrupted goes on waiting for the same one.
 * What the receiver answered is the evidence.
 */
export const notify: StepRunner = async (context) => {
  const { run, node, step, messages, clock } = context;
  const params = notifyParamsSchema.parse(step.params);
  const text = fill(params.text, context);
  if (run.dryRun) {
    await context.prove({ title: 'what would be said', command: `tell ${params.channel}`, raw: text, value: 'not sent: a dry run' });
    return { status: 'succeeded', summary: `would tell ${params.channel}: ${text.slice(0, 120)}` };
  }
  if (messages === undefined) throw new HeadroomError('channel.not-found', 'This console tells nobody: it was started without channels.');
  const key = `run:${run.opsId}:${node.id}:${step.key}`;
  await messages.send({ key, channel: params.channel, title: `${node.name}: ${step.title}`, text, link: `/runs/${run.id}`, by: 'a run' });
  context.say(`telling ${params.channel}`);
  for (;;) {
    const told = await messages.answer(params.channel, key);
    const over = clock.now() + LOOK_MS >= context.deadline;
    if (told !== null && (told.state !== 'pending' || over)) return settle(context, params, { ...told, text });
    if (over) throw new HeadroomError('channel.not-found', `The channel ${params.channel} was removed while it was being told.`);
    await clock.sleep(LOOK_MS, context.signal);
  }
};

type Told = { state: string; answer: string | null; attempts: number; text: string };

async function settle(context: StepContext, { channel }: NotifyParams, { state, answer, attempts, text }: Told) {
  const done = state === 'delivered';
  const said = answer ?? 'no answer yet';
  await context.prove({
    title: `what ${channel} answered`,
    command: `tell ${channel}`,
    raw: `${text}\n\n${said}`,
    value: done ? said : `${state === 'dead' ? 'given up' : `not taken after ${attempts} attempts, still tried`}: ${said}`,
    threshold: 'taken by the receiver',
    verdict: done ? 'pass' : 'fail',
  });
  if (done) return { status: 'succeeded' as const, summary: `${channel} was told: ${said}` };
  const status = context.step.onFail === 'continue' ? ('inconclusive' as const) : ('failed' as const);
  return { status, summary: `${channel} was not told: ${said}` };
}

/** `{node}`, `{run}` and `{params.name}`; the check of a runbook refuses others. */
function fill(text: string, { node, run }: StepContext): string {
  return text.replace(/\{(node|run|params\.([A-Za-z0-9_]+))\}/g, (whole, name: string, param: string | undefined) => {
    if (name === 'node') return node.name;
    if (name === 'run') return run.id;
    const value = param === undefined ? undefined : run.params[param];
    return value === undefined ? whole : String(value);
  });
}
