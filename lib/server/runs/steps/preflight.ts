import { editPool, lintConfig, readPool } from '#server/config/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { canAfford } from '../afford.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';
import { count, listPorts, processFacts } from './facts.ts';
import { poolSettings } from './pool-settings.ts';

/** One attempt, so that a second one on a fresh session fits into the step's half minute. */
const PROBE_MS = 10_000;
/** A pooled session may have died unseen; beyond that, a node that does not answer now is not the one to change now. */
const ATTEMPTS = 3;

/** Looks before anything is touched: the node answers, its process runs, its file can be read. */
export const preflight: StepRunner = async (context) => {
  const { node, ops } = context;
  context.say(`looking at ${node.name} over SSH`);
  const probe = await patiently(context, () => ops.probe(node, { timeoutMs: PROBE_MS }), ATTEMPTS);
  const facts = processFacts(probe.value);
  await context.prove({
    title: 'the unit and its process',
    receipt: probe.receipt,
    value: facts === null ? probe.value.activeState : `pid ${facts.pid}, ${count(facts.openFds)} of ${count(facts.fdLimit)} fds`,
    threshold: 'a running process',
    verdict: facts === null ? 'fail' : 'pass',
  });
  if (facts === null) {
    const { activeState, subState } = probe.value;
    throw new HeadroomError(
      'ssh.command-failed',
      `The unit ${node.unit} on ${node.name} runs no process: it is ${activeState} (${subState})`,
    );
  }
  await context.remember({ memo: { ...context.target().memo, before: facts } });

  context.say(`pid ${facts.pid} holds ${count(facts.openFds)} fds and listens on ${listPorts(facts.ports)}; reading ${node.configPath}`);
  const config = await patiently(context, () => ops.readConfig(node, { timeoutMs: PROBE_MS }), ATTEMPTS);
  editPool(config.value.bytes, poolSettings(context.run)); // throws config.invalid with line and column
  const pool = readPool(config.value.bytes);
  const errors = lintConfig(config.value.bytes).filter((f) => f.severity === 'error');
  await context.prove({
    title: 'config.yaml as it is',
    receipt: config.receipt,
    value: `sha256 ${config.value.sha256.slice(0, 12)}, connection_pool.enabled ${pool.enabled ?? 'not set'}`,
    threshold: 'readable as YAML',
    verdict: errors.length === 0 ? 'pass' : 'inconclusive',
  });
  const afford = await affordable(context);
  if (afford?.stops)
    return { status: afford.verdict === 'fail' ? 'failed' : 'inconclusive', summary: `can we afford it? ${afford.sentence}` };
  const doubts = errors.length === 0 ? '' : `; config.yaml has ${errors.length} finding(s): ${errors[0]?.message}`;
  return {
    status: 'succeeded',
    summary: `pid ${facts.pid}, ${count(facts.openFds)} of ${count(facts.fdLimit)} fds open, config.yaml readable${doubts}${afford === null ? '' : `; ${afford.sentence}`}`,
  };
};

/** What the restart costs: the connections it cuts, and whether the peers have the fds for them. Asked only of a run that acts on a node that shares its load. */
async function affordable(
  context: StepContext,
): Promise<{ stops: boolean; verdict: 'pass' | 'inconclusive' | 'fail'; sentence: string } | null> {
  const { run, node } = context;
  if (!run.steps.some((s) => s.kind === 'service')) return null;
  const beside = await context.peers();
  if (beside === null || beside.self === null) return null;
  const cut = beside.self.connectionsActive;
  const cost = `a restart cuts ${cut === null ? 'an unknown number of' : count(cut)} open connections`;
  const label = run.strategy.failureGroup;
  if (label === null || node.labels[label] === undefined) {
    await context.prove({
      title: 'can we afford it?',
      command: 'the fleet as last seen',
      raw: `${cost}; strategy.failureGroup names no label of ${node.name}, so whose headroom takes its load is not known`,
      value: cost,
    });
    return { stops: false, verdict: 'pass', sentence: cost };
  }
  const { verdict, sentence, peers } = canAfford(beside.self, beside.peers);
  await context.prove({
    title: 'can we afford it?',
    command: `the fleet as last seen: nodes with ${label}=${node.labels[label]}`,
    raw: [
      cost,
      ...peers.map((p) => `${p.name}: ${count(p.openFds)} of ${count(p.fdLimit)} fds open, would take ${p.takes} connections`),
    ].join('\n'),
    value: sentence,
    threshold: 'every peer stays below 90 % of its fd limit',
    verdict,
  });
  return { stops: verdict !== 'pass' && !run.dryRun, verdict, sentence };
}
