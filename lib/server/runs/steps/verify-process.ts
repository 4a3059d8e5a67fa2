import type { Outcome, Probe } from '#server/ssh/index.ts';
import type { ProcessFacts } from '../state.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';
import { count, listPorts, processFacts } from './facts.ts';
import { verifyReload } from './verify-reload.ts';

const LOOK_EVERY_MS = 1000;
/** A process that restarts in a loop shows it within this time (systemd's RestartSec is 100 ms unless set). */
const SETTLE_MS = 3000;
/** Process starts come from /proc in clock ticks, boot time in whole seconds. */
const START_SLACK_MS = 1500;

/** The process that runs now is a new one, started after the restart was asked, listens where the old one did and stays. */
export const verifyProcess: StepRunner = async (context) => {
  const { memo } = context.target();
  if (memo.mode === 'reload') return verifyReload(context);
  let seen: { facts: ProcessFacts; since: number } | null = null;
  let said = '';
  for (;;) {
    const probe = await patiently(context, () => context.ops.probe(context.node));
    const facts = processFacts(probe.value);
    const wrong = whatIsWrong(facts, probe.value, memo.before, memo.restartAskedNodeMs);
    const now = context.clock.now();
    if (wrong === null && facts !== null) {
      const same = seen?.facts.pid === facts.pid && seen.facts.nRestarts === facts.nRestarts;
      if (!same) {
        context.say(`pid ${facts.pid} listens on ${listPorts(facts.ports)}; seeing whether it stays`);
        seen = { facts, since: now };
      } else if (seen !== null && now - seen.since >= SETTLE_MS) return verified(context, probe, facts, seen.facts);
    } else seen = null;
    if (now + LOOK_EVERY_MS >= context.deadline) {
      const why = wrong ?? 'it does not stay the same process';
      await context.prove({ title: 'the process after', receipt: probe.receipt, threshold: 'a new, lasting process', verdict: 'fail' });
      return {
        status: 'failed',
        verdict: 'fail',
        summary: `${context.node.unit} on ${context.node.name} did not come back as it should: ${why}`,
      };
    }
    if (wrong !== null && wrong !== said) context.say(`waiting: ${wrong}`);
    said = wrong ?? '';
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
};

async function verified(context: StepContext, probe: Outcome<Probe>, facts: ProcessFacts, first: ProcessFacts): ReturnType<StepRunner> {
  const { memo } = context.target();
  const { before } = memo;
  await context.remember({ memo: { ...memo, after: facts } });
  const { receipt } = probe;
  const start = facts.startMs === null ? 'unknown' : new Date(facts.startMs).toISOString();
  await context.prove({
    title: 'a new process',
    receipt,
    value: `pid ${facts.pid}, started ${start}`,
    threshold: `not pid ${before?.pid ?? '?'}, started after the restart was asked`,
    verdict: 'pass',
  });
  const proof = (title: string, value: string, threshold: string, ok: boolean) =>
    context.prove({ title, command: receipt.command, raw: receipt.raw, value, threshold, verdict: ok ? 'pass' : 'inconclusive' });
  await proof('it owns the listeners', listPorts(facts.ports), listPorts(before?.ports ?? facts.ports), true);
  await proof('it does not restart by itself', `NRestarts ${facts.nRestarts}`, `NRestarts ${first.nRestarts}`, true);
  const limitKept = before?.fdLimit == null || facts.fdLimit === null || facts.fdLimit >= before.fdLimit;
  await proof('its fd limit', count(facts.fdLimit), `${count(before?.fdLimit ?? facts.fdLimit)} or more`, limitKept);
  const lower = limitKept ? '' : `; its fd limit fell from ${count(before?.fdLimit ?? null)} to ${count(facts.fdLimit)}`;
  return {
    status: 'succeeded',
    verdict: 'pass',
    summary: `pid ${before?.pid ?? '?'} to ${facts.pid}, listens on ${listPorts(facts.ports)}, NRestarts flat${lower}`,
  };
}

/** What is not yet as it should be, in words; null when all is. */
export function whatIsWrong(
  facts: ProcessFacts | null,
  probe: Probe,
  before: ProcessFacts | undefined,
  askedNodeMs: number | undefined,
): string | null {
  if (facts === null) return `no process, the unit is ${probe.activeState} (${probe.subState})`;
  if (probe.activeState !== 'active') return `the unit is ${probe.activeState} (${probe.subState})`;
  if (before !== undefined && facts.pid === before.pid && facts.startMs === before.startMs)
    return `still the old process, pid ${facts.pid}`;
  if (askedNodeMs !== undefined && facts.startMs !== null && facts.startMs < askedNodeMs - START_SLACK_MS)
    return `pid ${facts.pid} started before the restart was asked`;
  const open = probe.listeners.filter((l) => l.pid === facts.pid || l.pid === null).map((l) => l.port);
  const missing = (before?.ports ?? []).filter((port) => !open.includes(port));
  return missing.length === 0 ? null : `pid ${facts.pid} does not listen on ${listPorts(missing)} yet`;
}
