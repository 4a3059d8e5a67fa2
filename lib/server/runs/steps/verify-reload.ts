import type { Outcome, Probe } from '#server/ssh/index.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';
import { listPorts, processFacts } from './facts.ts';

const LOOK_EVERY_MS = 500;

type Loaded = Awaited<ReturnType<StepContext['ops']['loadedConfig']>>;

/** The process goes on, listens as before, and says that it runs with the file as it is now. */
export const verifyReload: StepRunner = async (context) => {
  const { node, ops } = context;
  let said = '';
  for (;;) {
    const probe = await patiently(context, () => ops.probe(node));
    const loaded = await patiently(context, () => ops.loadedConfig(node));
    const wrong = whatIsWrong(context, probe.value, loaded.sha256);
    if (wrong === null) return reloaded(context, probe, loaded);
    if (context.clock.now() + LOOK_EVERY_MS >= context.deadline) {
      const receipt = loaded.receipt ?? probe.receipt;
      await context.prove({ title: 'the config that it runs with', receipt, threshold: probe.value.configSha256, verdict: 'fail' });
      return { status: 'failed', verdict: 'fail', summary: `${node.unit} on ${node.name} was not reloaded as it should be: ${wrong}` };
    }
    if (wrong !== said) context.say(`waiting: ${wrong}`);
    said = wrong;
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
};

function whatIsWrong(context: StepContext, probe: Probe, loaded: string | null): string | null {
  const { before } = context.target().memo;
  const facts = processFacts(probe);
  if (facts === null || probe.activeState !== 'active') return `the unit is ${probe.activeState} (${probe.subState})`;
  if (before !== undefined && (facts.pid !== before.pid || facts.nRestarts !== before.nRestarts))
    return `pid ${before.pid} was to go on, and ${facts.pid} runs now`;
  const missing = (before?.ports ?? []).filter((port) => !facts.ports.includes(port));
  if (missing.length > 0) return `pid ${facts.pid} does not listen on ${listPorts(missing)} any more`;
  if (loaded !== probe.configSha256) return `pid ${facts.pid} runs with ${loaded?.slice(0, 12) ?? 'a config that it does not name'}`;
  return null;
}

async function reloaded(context: StepContext, probe: Outcome<Probe>, loaded: Loaded): ReturnType<StepRunner> {
  const facts = processFacts(probe.value);
  const { before } = context.target().memo;
  // its start lies before the reload: what follows counts from when that was asked
  if (facts !== null) await context.remember({ memo: { ...context.target().memo, after: { ...facts, startMs: null } } });
  await context.prove({
    title: 'the process goes on',
    receipt: probe.receipt,
    value: `pid ${facts?.pid ?? '?'}, NRestarts ${facts?.nRestarts ?? '?'}, listens on ${listPorts(facts?.ports ?? [])}`,
    threshold: `pid ${before?.pid ?? '?'}, NRestarts ${before?.nRestarts ?? '?'}`,
    verdict: 'pass',
  });
  await context.prove({
    title: 'the config that it runs with',
    ...(loaded.receipt !== null && { receipt: loaded.receipt }),
    value: loaded.sha256,
    threshold: probe.value.configSha256,
    verdict: 'pass',
  });
  return {
    status: 'succeeded',
    verdict: 'pass',
    summary: `pid ${facts?.pid ?? '?'} goes on with the new config.yaml, and no tunnel was cut`,
  };
}
