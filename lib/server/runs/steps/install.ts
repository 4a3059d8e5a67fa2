import { isHeadroomError } from '#server/kernel/errors.ts';
import type { InstallAnswer } from '#server/ssh/index.ts';
import { upgradeParamsSchema } from '#shared/runs.ts';
import { patiently, type StepContext, type StepResult, type StepRunner } from './context.ts';

/** Unpacked, with the tarball beside it. */
const NEEDED_KB = 220 * 1024;
const ANSWERS_MS = 30_000;
const releaseOf = (context: StepContext) => upgradeParamsSchema.parse(context.run.params).release;
const asked = (context: StepContext) => ({ runId: context.run.opsId, sha256: releaseOf(context) });
const state = (context: StepContext) =>
  patiently(context, () => context.ops.install(context.node, { ...asked(context), operation: 'state' }));

/** What is in the way of an install, in words; nothing when the host can take it. */
function obstacles(is: InstallAnswer, unit: string): string[] {
  return [
    ...(is.root ? [] : ['the account is not root and may not sudo -n']),
    ...(is.systemd ? [] : ['systemd does not run']),
    ...(is.missing.length > 0 ? [`missing commands: ${is.missing.join(', ')}`] : []),
    ...(is.freeKb !== null && is.freeKb < NEEDED_KB
      ? [`${Math.round(is.freeKb / 1024)} MiB are free below /opt, ${NEEDED_KB / 1024} are needed`]
      : []),
    ...(is.unit ? [`a unit ${unit} is there already`] : []),
    ...(is.there ? ['/opt/sniproxy is there already'] : []),
    ...(is.taken.length > 0 ? [`taken ports: ${is.taken.join(', ')}`] : []),
  ];
}

/** Looks only: a host that has a proxy, or cannot carry one, is left as it is. */
export const checkHost: StepRunner = async (context) => {
  const { value, receipt } = await state(context);
  if (value.ours) return { status: 'succeeded', summary: `this run has put its release on ${context.node.name} already` };
  const against = obstacles(value, context.node.unit);
  await context.prove({
    title: 'what is on the host',
    receipt,
    value: against.length === 0 ? 'systemd, root, the ports and the place are there' : against.join('; '),
    threshold: 'no unit, no /opt/sniproxy, free ports',
    verdict: against.length === 0 ? 'pass' : 'fail',
  });
  return against.length === 0
    ? {
        status: 'succeeded',
        summary: `${context.node.name} can take the proxy; config.yaml ${value.config ? 'is there and is kept' : 'comes with it'}`,
      }
    : { status: 'failed', summary: `${context.node.name}: ${against.join('; ')}. Nothing was touched` };
};

/** The checked tarball, user, config and unit, in that order; what fails on the way is taken away by the host itself. */
export const installProxy: StepRunner = async (context) => {
  const { node, ops } = context;
  const bytes = await context.release(releaseOf(context));
  context.say(`sending ${Math.round(bytes.length / 1024 / 1024)} MiB`);
  const put = await patiently(context, () =>
    ops.install(node, { ...asked(context), operation: 'put', bytes, timeoutMs: context.deadline - context.clock.now() }),
  );
  await context.prove({
    title: 'the tarball',
    receipt: put.receipt,
    value: put.value.acted ? 'put, checked, started' : 'put by this run already',
    threshold: `sha256 ${releaseOf(context)} on the host, config accepted before the start`,
    verdict: 'pass',
  });
  return { status: 'succeeded', summary: `the unit ${node.unit} is on ${node.name} and was started` };
};

/** The process that systemd started is the release, owns its listeners and answers; else all of it is taken away again. */
export const verifyInstall: StepRunner = async (context) => {
  const { node, ops, clock, signal } = context;
  const sha256 = releaseOf(context);
  const until = Math.min(clock.now() + ANSWERS_MS, context.deadline - 10_000);
  for (;;) {
    const { value, receipt } = await state(context);
    const reported = await ops.reportedVersion(node).catch((error: unknown) => {
      if (isHeadroomError(error)) return { version: null, receipt: null };
      throw error;
    });
    const runs = value.exe?.includes(`/releases/${sha256}/`) ?? false;
    const good = value.ours && runs && value.listens.length > 0 && (reported.version !== null || node.metrics.via === 'none');
    if (!good && clock.now() < until) {
      await clock.sleep(1000, signal);
      continue;
    }
    await context.prove({
      title: 'the program that runs',
      receipt,
      value: value.exe === null ? 'no process' : `${value.exe}, process ${value.pid}`,
      threshold: `below releases/${sha256.slice(0, 12)}`,
      verdict: runs ? 'pass' : 'fail',
    });
    await context.prove({
      title: 'listeners of that process',
      receipt,
      value: value.listens.join(', ') || 'none',
      threshold: 'one or more',
      verdict: value.listens.length > 0 ? 'pass' : 'fail',
    });
    await context.prove({
      title: 'its metrics page',
      ...(reported.receipt !== null && { receipt: reported.receipt }),
      value: reported.version === null ? 'does not answer' : `version ${reported.version}`,
      threshold: 'answers',
      verdict: reported.version !== null ? 'pass' : node.metrics.via === 'none' ? 'inconclusive' : 'fail',
    });
    return good ? installed(context, reported.version) : takeAway(context);
  }
};

async function installed(context: StepContext, version: string | null): Promise<StepResult> {
  const sentence = `${context.node.name} runs version ${version ?? 'unknown'}, put there by this run`;
  await context.remember({ memo: { ...context.target().memo, sentence } });
  return { status: 'succeeded', verdict: 'pass', summary: sentence, judges: { verdict: 'pass', sentence } };
}

async function takeAway(context: StepContext): Promise<StepResult> {
  const { node, ops } = context;
  const { value, receipt } = await patiently(context, () => ops.install(node, { ...asked(context), operation: 'remove' }));
  await context.prove({
    title: 'taken away',
    receipt,
    value: value.acted ? 'all that this run had put' : 'nothing of this run was there',
    verdict: 'pass',
  });
  return { status: 'failed', verdict: 'fail', summary: `the proxy did not serve on ${node.name}: what this run had put is gone again` };
}
