import { assessFix } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { toInstant } from '#shared/time.ts';
import type { TargetMemo } from '../state.ts';
import type { StepContext, StepResult, StepRunner } from './context.ts';
import { liveOrStuck } from './live-or-stuck.ts';

const LOOK_EVERY_MS = 3000;
/** A younger process is still warming up: connections come back, caches fill. */
const MIN_AGE_SECONDS = 60;
/** The old process is looked back at for as long as samples are kept in memory. */
const LOOK_BACK_MS = 2 * 3_600_000;
/** Process starts are rounded to the second, on both sides. */
const SAME_START_MS = 2000;

/** The verdict: fds gained by the new process against what the old one gained. Goes on until it is clear, up to a bound. */
export const watch: StepRunner = async (context) => {
  const watchSeconds = Math.max(30, Number(context.run.params.watchSeconds ?? 60));
  const minConnections = Number(context.run.params.minConnections ?? 200);
  const from = context.target().memo.watchFrom ?? context.clock.now();
  await context.remember({ memo: { ...context.target().memo, watchFrom: from } });
  const until = from + watchSeconds * 1000;
  const giveUpAt = Math.min(context.deadline, from + (4 * watchSeconds + 120) * 1000);
  context.say(
    `watching the new process for ${watchSeconds} s and ${minConnections} connections, at an age of ${MIN_AGE_SECONDS} s or more`,
  );

  const control = await context.control(context.target().memo.restartAskedAt ?? from);
  if (control !== null) context.say(`${control.name}, which leaks too and was left alone so far, is watched beside it`);
  let said = '';
  for (;;) {
    const now = context.clock.now();
    context.focus(now + 30_000);
    const { memo } = context.target();
    const { before, after } = split(context.samples((memo.restartAskedAt ?? from) - LOOK_BACK_MS), memo);
    const other = restartedMeanwhile(after, memo);
    if (other !== null) return restarted(context, other);
    const beside = (await control?.samples()) ?? null;
    const minSeconds = Math.max(MIN_AGE_SECONDS, watchSeconds);
    const fix = liveOrStuck(assessFix({ before, after, control: beside, minConnections, minSeconds }), after);
    const seen = (after.at(-1)?.at ?? 0) >= until;
    if (seen && fix.verdict !== 'inconclusive') return verdict(context, fix, after, beside === null ? null : (control?.name ?? null));
    if (now >= giveUpAt)
      return verdict(context, { ...fix, verdict: 'inconclusive' }, after, beside === null ? null : (control?.name ?? null));
    const line = seen ? `longer, for ${fix.missing ?? 'a clear verdict'}` : progress(after, until - now);
    if (line !== said) context.say(line);
    said = line;
    if (fix.judgement.after !== null) await context.remember({ judgement: JSON.stringify(fix.judgement) });
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
};

async function verdict(
  context: StepContext,
  fix: ReturnType<typeof assessFix>,
  after: Sample[],
  control: string | null,
): Promise<StepResult> {
  const result = { fixed: 'pass', 'not-fixed': 'fail', inconclusive: 'inconclusive' } as const;
  const [judged, { judgement }] = [result[fix.verdict], fix];
  const sentence = withHonesty(context, fix);
  const line = (side: typeof judgement.after) => (side === null ? 'nothing to judge' : JSON.stringify(side));
  await context.prove({
    title: 'slope before and after',
    command: `stored samples of ${context.node.name}, compared by ${judgement.comparedBy ?? 'nothing: one side is missing'}`,
    raw: `before ${line(judgement.before)}\nafter  ${line(judgement.after)}`,
    value: `${figures(judgement)}${control === null ? '' : `, beside ${control}, which was left alone`}`,
    threshold: 'fixed: a small part of before',
    verdict: judged,
  });
  await context.prove({
    title: 'the samples of the new process',
    command: `stored samples of ${context.node.name}`,
    raw: after.map((s) => `${toInstant(s.at)} openFds=${s.openFds} active=${s.connectionsActive} accepted=${s.acceptedTotal}`).join('\n'),
    value: `${after.length} samples`,
  });
  return {
    status: judged === 'pass' ? 'succeeded' : judged === 'fail' ? 'failed' : 'inconclusive',
    verdict: judged,
    summary: sentence,
    judges: { verdict: judged, sentence, judgement },
  };
}

/** "412 → 409 per 1,000 conn" */
function figures({ before, after }: ReturnType<typeof assessFix>['judgement']): string {
  const mid = (side: typeof after) => (side?.per1000Connections ? Math.max(0, side.per1000Connections.mid).toFixed(0) : '?');
  return `${mid(before)} → ${mid(after)} per 1,000 conn`;
}

/** A count that fell is what people look at: say why it is not a fix. */
function withHonesty(context: StepContext, fix: ReturnType<typeof assessFix>): string {
  if (fix.verdict === 'inconclusive' && !fix.sentence.startsWith('inconclusive'))
    return 'inconclusive: the samples of the new process stopped';
  const { before, after } = context.target().memo;
  const fell = before?.openFds != null && after?.openFds != null && after.openFds < before.openFds;
  const honest = '; the count fell with the restart only because the restart freed every leaked fd';
  return fix.verdict === 'not-fixed' && fell ? `${fix.sentence}${honest}` : fix.sentence;
}

async function restarted(context: StepContext, startMs: number): Promise<StepResult> {
  // The node restoring itself looks the same; then this throws and the run ends as rolled back.
  await context.wayBack.assertHeld();
  const sentence = `inconclusive: the process started again by itself at ${toInstant(startMs)}, in the middle of the watch`;
  await context.prove({
    title: 'another process start',
    value: toInstant(startMs),
    threshold: 'one process life',
    verdict: 'inconclusive',
  });
  return {
    status: 'inconclusive',
    verdict: 'inconclusive',
    summary: sentence,
    judges: { verdict: 'inconclusive', sentence },
  };
}

/** Process starts are by the node's clock, and so is what they are held against. */
function split(samples: Sample[], memo: TargetMemo): { before: Sample[]; after: Sample[] } {
  const newStart = memo.after?.startMs ?? null;
  const asked = memo.restartAskedAt ?? 0;
  const isNew = (s: Sample) =>
    s.at >= asked && (newStart === null || s.processStart === null || s.processStart >= newStart - SAME_START_MS);
  return { before: samples.filter((s) => s.at < asked), after: samples.filter(isNew) };
}

function restartedMeanwhile(after: Sample[], memo: TargetMemo): number | null {
  const start = memo.after?.startMs ?? after.find((s) => s.processStart !== null)?.processStart ?? null;
  if (start === null) return null;
  return after.find((s) => s.processStart !== null && s.processStart > start + SAME_START_MS)?.processStart ?? null;
}

function progress(after: Sample[], leftMs: number): string {
  const last = after.at(-1);
  if (last === undefined) return 'waiting for the first sample of the new process';
  const accepted = last.acceptedTotal === null ? '' : `, ${last.acceptedTotal} connections`;
  return `${last.openFds ?? '?'} fds${accepted}, ${Math.max(0, Math.ceil(leftMs / 1000))} s to go`;
}
