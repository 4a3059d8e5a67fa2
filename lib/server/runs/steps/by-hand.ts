import { createHash } from 'node:crypto';
import { patiently, type StepContext, type StepResult } from './context.ts';
import { count, processFacts } from './facts.ts';
import { showDiff } from './show-diff.ts';
import { wantedConfig } from './wanted-config.ts';

/** Process starts come from /proc in clock ticks, boot time in whole seconds. */
const START_SLACK_MS = 1500;

/**
 * Somebody says that the file was edited by hand: taken at its word as far as the file bears it out. Null when it does not hold the settings, and the
 * console writes what is missing.
 */
export async function editedByHand(
  context: StepContext,
  found: { bytes: Buffer; sha256: string },
  receipt: Receipt,
): Promise<StepResult | null> {
  const { byHand, run } = context;
  const { memo } = context.target();
  if (byHand === null || memo.beforeSha256 === undefined) return null;
  const wanted = await wantedConfig(context, found);
  const holds = sha256(wanted.bytes) === found.sha256;
  if (holds && found.sha256 === memo.beforeSha256) {
    const edits = `${wanted.what}, edited by hand before this run kept its backup, says ${byHand}: a revert brings this same file back`;
    await context.remember({ edit: 'nothing', memo: { ...memo, afterSha256: found.sha256, edits } });
    await context.prove({
      title: 'config.yaml holds the settings',
      receipt,
      value: `sha256 ${found.sha256}`,
      threshold: wanted.what,
      verdict: 'pass',
    });
    return { status: 'succeeded', summary: edits };
  }
  if (!holds) {
    context.say(`${byHand} says that config.yaml was edited by hand; it does not hold ${wanted.what} yet, so the console sees to it`);
    return null;
  }
  const before = await patiently(context, () => context.ops.readBackup(context.node, { runId: run.opsId }));
  const edits = `${wanted.what}, edited by hand, says ${byHand}`;
  // nothing is written: from now on the node's revert counts these bytes as the run's
  const own = { runId: run.opsId, bytes: found.bytes, expectedSha256: found.sha256 };
  await patiently(context, () => context.ops.writeConfig(context.node, own));
  await context.remember({ edit: 'done', memo: { ...memo, afterSha256: found.sha256, edits } });
  await context.prove({
    title: 'config.yaml holds the settings',
    receipt,
    value: `sha256 ${found.sha256}`,
    threshold: wanted.what,
    verdict: 'pass',
  });
  await context.prove({
    title: 'what was edited by hand',
    command: `${context.node.configPath}: as backed up by this run, and as it is`,
    raw: showDiff(before.value.bytes, found.bytes),
    value: `sha256 ${memo.beforeSha256.slice(0, 12)} → ${found.sha256.slice(0, 12)}`,
  });
  return { status: 'succeeded', summary: edits };
}

/** Somebody says that the service was restarted by hand: so it was, if its process is another one. Null when it is not, and the console does it. */
export async function restartedByHand(context: StepContext): Promise<StepResult | null> {
  const { byHand, clock } = context;
  const { memo, restart } = context.target();
  if (byHand === null || restart !== 'none' || memo.before === undefined) return null;
  const probe = await patiently(context, () => context.ops.probe(context.node));
  const facts = processFacts(probe.value);
  const before = memo.before;
  const isNew = facts?.startMs != null && before.startMs !== null && facts.startMs > before.startMs + START_SLACK_MS;
  if (!isNew || facts?.startMs == null) {
    context.say(`${byHand} says that the service was restarted by hand; it is still pid ${before.pid}, so the console sees to it`);
    return null;
  }
  // By the clock of the console: what was sampled before the new process began is of the old one.
  const restartAskedAt = clock.now() - Math.max(0, probe.value.nodeClockMs - facts.startMs);
  await context.remember({ restart: 'done', memo: { ...memo, restartAskedNodeMs: facts.startMs, restartAskedAt } });
  await context.prove({
    title: 'the process that was started by hand',
    receipt: probe.receipt,
    value: `pid ${facts.pid}, ${count(facts.openFds)} fds`,
    threshold: `not pid ${before.pid}`,
    verdict: 'pass',
  });
  return { status: 'succeeded', summary: `${context.node.unit} was restarted by hand, says ${byHand}: pid ${before.pid} to ${facts.pid}` };
}

type Receipt = NonNullable<Parameters<StepContext['prove']>[0]['receipt']>;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
