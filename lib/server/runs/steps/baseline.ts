import { judgeWindow } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { type Interval, toInstant } from '#shared/time.ts';
import type { StepContext, StepRunner } from './context.ts';

const LOOK_EVERY_MS = 3000;
/** A scrape may come late by this share of the window. */
const NEARLY = 0.95;
const MIN_SAMPLES = 8;
/** A window with too few samples goes back this many times as far. */
const FURTHER = 4;
/** Two sources of one start differ by rounding. */
const SAME_START_MS = 2000;

/** The slope of the process as it is now; afterwards it is gone. */
export const baseline: StepRunner = async (context) => {
  const seconds = Number(context.run.params.baselineSeconds ?? 90);
  context.focus(context.clock.now() + seconds * 1000);
  let missing = '';
  let said = '';
  for (;;) {
    const now = context.clock.now();
    const life = lifeOf(context.target().memo.before?.startMs ?? null, context.samples(now - Math.max(seconds * 2, 3600) * 1000));
    const window = windowOf(life, now, seconds * 1000);
    missing = whatIsMissing(life, window, seconds);
    if (missing === '') return judged(context, window, Math.min(now - seconds * 1000, window[0]?.at ?? now), now);
    if (now + LOOK_EVERY_MS >= context.deadline) break;
    if (missing !== said) context.say(`waiting for ${missing}`);
    said = missing;
    context.focus(now + 30_000);
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
  await context.prove({
    title: 'stored samples of this process life',
    command: `samples of ${context.node.name}, last ${seconds} s`,
    raw: `missing: ${missing}`,
    threshold: `${seconds} s of one process life`,
    verdict: 'inconclusive',
  });
  return {
    status: 'inconclusive',
    verdict: 'inconclusive',
    summary: `no baseline: still missing ${missing}, so nothing can be compared after the restart`,
  };
};

async function judged(context: StepContext, window: Sample[], from: number, to: number): ReturnType<StepRunner> {
  const { perMinute, per1000Connections, accepted } = judgeWindow(window, from, to);
  const [first, last] = [window[0], window.at(-1)];
  const before = {
    per1000Connections,
    perMinute,
    window: { from: toInstant(first?.at ?? from), to: toInstant(last?.at ?? to) },
    processAge: Math.max(0, (to - (last?.processStart ?? first?.at ?? from)) / 1000),
  };
  await context.remember({ judgement: JSON.stringify({ before, after: null, comparedBy: null }) });
  const slope = describeSlope(per1000Connections, perMinute);
  await context.prove({
    title: 'slope of this process life',
    command: `stored samples of ${context.node.name}, ${before.window.from} to ${before.window.to}`,
    raw: window.map((s) => `${toInstant(s.at)} openFds=${s.openFds} active=${s.connectionsActive} accepted=${s.acceptedTotal}`).join('\n'),
    value: slope,
  });
  const load = accepted === null ? '' : `, ${accepted} connections`;
  return { status: 'succeeded', summary: `${slope}, from ${window.length} samples${load}` };
}

/** The last `ms`; where fds are counted by a probe now and then, as far back as it takes for enough counts. */
function windowOf(life: Sample[], now: number, ms: number): Sample[] {
  const inside = life.filter((s) => s.at >= now - ms);
  return inside.length >= MIN_SAMPLES
    ? inside
    : life.filter((s) => s.at >= now - FURTHER * ms).slice(-Math.max(MIN_SAMPLES, inside.length));
}

/** What a window lacks, in words; empty when it will do. */
function whatIsMissing(life: Sample[], window: Sample[], seconds: number): string {
  const [first, last] = [life[0], life.at(-1)];
  if (first === undefined || last === undefined) return 'the first sample of this process';
  const span = (last.at - first.at) / 1000;
  if (span < seconds * NEARLY) return `${Math.ceil(seconds - span)} more seconds of this process life`;
  if (window.length < MIN_SAMPLES) return `${MIN_SAMPLES - window.length} more samples`;
  return window.some((s) => s.openFds !== null) ? '' : 'a count of open fds';
}

/** Samples of the process that preflight saw: right after a start the newest ones may still be of the process before. */
function lifeOf(startMs: number | null, samples: readonly Sample[]): Sample[] {
  const life = lastLife(samples);
  const other = startMs !== null && life.some((s) => s.processStart !== null && s.processStart < startMs - SAME_START_MS);
  return other ? [] : life;
}

/** The samples since the last process start; starts are rounded to the second. */
function lastLife(samples: readonly Sample[]): Sample[] {
  const start = samples.findLast((s) => s.processStart !== null)?.processStart ?? null;
  if (start === null) return [...samples];
  const from = samples.findLastIndex((s) => s.processStart !== null && Math.abs(s.processStart - start) > SAME_START_MS) + 1;
  return samples.slice(from);
}

export function describeSlope(per1000: Interval | null, perMinute: Interval | null): string {
  if (per1000 !== null) return `${round(per1000.mid)} fds per 1,000 connections (${round(per1000.low)} to ${round(per1000.high)})`;
  if (perMinute !== null) return `${round(perMinute.mid)} fds/min (${round(perMinute.low)} to ${round(perMinute.high)})`;
  return 'no slope';
}

const round = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1));
