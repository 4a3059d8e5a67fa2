import type { Sample } from '#shared/metrics.ts';
import type { Judgement } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { binWindow } from './bins.ts';
import { assessLeak } from './leak.ts';
import { firstAt, type Life, lastLife } from './lives.ts';
import { fixSentence } from './sentence.ts';
import { keepsRising } from './shape.ts';
import { type JudgedWindow, judgeRows } from './window.ts';

export type FixVerdict = 'fixed' | 'not-fixed' | 'inconclusive';
export type FixAssessment = {
  verdict: FixVerdict;
  sentence: string;
  wasLeaking: boolean;
  judgement: Judgement;
  /** what more is needed for a verdict, in words; null when there is one */
  missing: string | null;
};

/** The last window of the old life is at least this long, seconds, so that its slope is worth comparing with. */
const BASELINE_SECONDS = 120;
/** Reconnects and warm-up right after a start are not looked at, seconds of process age. */
const SETTLE_SECONDS = 8;
/** "Fixed" needs this many fds that the old leak would have leaked by now, and less than this share of them seen. */
const EXPECTED_FDS = 20;
const EXPECTED_NOISES = 6;
const LEFT_SHARE = 0.25;
/** The old life counts as looked at for as long once it had carried this share of the new one's connections. */
const SIMILAR_LOAD = 0.8;
/** "Not fixed" needs a rise of this many fds. */
const RISE_FDS = 10;
const RISE_NOISES = 3;

const SAME_AGE = 'same process age';
const COMPARABLE = 'last window of comparable load';

/**
 * Did the change fix the leak? A restart frees every leaked fd, so a low count proves nothing (the honeymoon): only what the old leak would have
 * leaked by now under the same load, at the same process age where that is stored, held against what is leaked now.
 */
export function assessFix(input: {
  before: readonly Sample[];
  after: readonly Sample[];
  minConnections: number;
  minSeconds: number;
}): FixAssessment {
  const { before, after } = input;
  const oldLife = lastLife(before);
  const newLife = lastLife(after);
  const window = afterWindow(after, newLife);
  const minutes = window?.minutes ?? 0;
  const was = judgeRows(
    before,
    firstAt(before, lastAt(before) - Math.max(BASELINE_SECONDS, minutes * 60) * 1000, oldLife.from),
    oldLife.to,
  );
  const same = window === null ? null : sameAge(before, oldLife, ageAt(after, newLife), window.accepted ?? 0);
  const leakedBefore = assessLeak({ now: lastAt(before), samples: before }).verdict === 'leaking';
  const wasLeaking = leakedBefore || grows(before, was);
  const judgement: Judgement = {
    before: was && describe(was, ageAt(before, oldLife)),
    after: window && describe(window, ageAt(after, newLife)),
    comparedBy: was === null || window === null ? null : same !== null ? SAME_AGE : COMPARABLE,
  };
  const close = (verdict: FixVerdict, missing: string | null): FixAssessment => ({
    verdict,
    sentence: fixSentence({ verdict, wasLeaking, before: judgement.before, after: judgement.after, missing }),
    wasLeaking,
    judgement,
    missing,
  });

  if (window === null || window.beyond === null) return close('inconclusive', 'samples of the new process');
  const age = ageAt(after, newLife);
  if (age < input.minSeconds) return close('inconclusive', `${Math.ceil(input.minSeconds - age)} more seconds of the new process`);
  const seen = acceptedSinceStart(after, newLife, window);
  if (seen !== null && seen < input.minConnections)
    return close('inconclusive', `${input.minConnections - seen} more connections: ${seen} of ${input.minConnections} seen`);
  if (grows(after, window) || assessLeak({ now: lastAt(after), samples: after }).verdict === 'leaking') return close('not-fixed', null);
  if (was === null || was.beyond === null) return close('inconclusive', 'a window of the old process to compare with');
  const most = Math.max(0, window.beyond.high * window.minutes);
  if (!wasLeaking) {
    const calm = was.beyond.high * was.minutes < EXPECTED_FDS && most < EXPECTED_FDS;
    return calm ? close('fixed', null) : close('inconclusive', 'a longer look: neither process shows a leak, and neither excludes one');
  }
  const expected = expectedLeak(was, window) * honeymoonShare(same, was);
  if (expected < Math.max(EXPECTED_FDS, EXPECTED_NOISES * window.beyond.noise))
    return close('inconclusive', 'more time or load: the old leak would hardly show yet');
  return most < LEFT_SHARE * expected
    ? close('fixed', null)
    : close('inconclusive', 'a longer look: what is left of the leak is within the noise');
}

/** fds that the old leak would have leaked in `window`, at the slow end of its interval, per minute and per connection, whichever is less. */
function expectedLeak(old: JudgedWindow, window: JudgedWindow): number {
  if (old.beyond === null) return 0;
  const byTime = old.beyond.low * window.minutes;
  if (old.accepted === null || window.accepted === null || old.accepted <= 0) return Math.max(0, byTime);
  return Math.max(0, Math.min(byTime, old.beyond.low * old.minutes * (window.accepted / old.accepted)));
}

function afterWindow(samples: readonly Sample[], life: Life): JudgedWindow | null {
  const first = samples[life.from];
  if (!first) return null;
  const start = life.processStart ?? first.at;
  const settled = firstAt(samples, start + SETTLE_SECONDS * 1000, life.from, life.to);
  return judgeRows(samples, settled, life.to);
}

/**
 * The old life at the ages that the new one has lived through, and on until it had carried a like number of connections. Null where the beginning of
 * that life is not stored.
 */
function sameAge(samples: readonly Sample[], life: Life, age: number, accepted: number): JudgedWindow | null {
  const first = samples[life.from];
  if (!first || life.processStart === null) return null;
  const missed = (first.at - life.processStart) / 1000;
  if (missed > Math.max(20, 0.1 * age)) return null;
  const from = firstAt(samples, life.processStart + SETTLE_SECONDS * 1000, life.from, life.to);
  let to = firstAt(samples, life.processStart + age * 1000, life.from, life.to);
  const counted = samples[from]?.acceptedTotal ?? null;
  while (to < life.to && counted !== null && (samples[to]?.acceptedTotal ?? Number.POSITIVE_INFINITY) - counted < SIMILAR_LOAD * accepted)
    to += 1;
  const judged = judgeRows(samples, from, to);
  return judged === null || judged.minutes * 60 < 0.5 * age ? null : judged;
}

/** How much of the old life's later leak it had at this age already, 0 to 1: some leaks begin only a while after a start. */
function honeymoonShare(same: JudgedWindow | null, was: JudgedWindow): number {
  if (same === null || same.beyond === null || was.beyond === null || was.beyond.mid <= 0) return 1;
  return Math.min(1, Math.max(0, same.beyond.mid / was.beyond.mid));
}

/** Connections that the new process has accepted, those before the window included; the counter starts from 0 with the process. */
function acceptedSinceStart(samples: readonly Sample[], life: Life, window: JudgedWindow): number | null {
  if (window.accepted === null) return null;
  const first = samples[firstAt(samples, window.fromMs, life.from, life.to)];
  return window.accepted + (life.processStart === null ? 0 : (first?.acceptedTotal ?? 0));
}

/** Seconds since the process started, at the last row of the life. */
function ageAt(samples: readonly Sample[], life: Life): number {
  const last = samples[life.to - 1];
  const start = life.processStart ?? samples[life.from]?.at;
  return last && start !== undefined ? Math.max(0, (last.at - start) / 1000) : 0;
}

const lastAt = (samples: readonly Sample[]): number => samples.at(-1)?.at ?? 0;

/** A rise that is no chance: above 0 at the interval's low end, through all quarters of the window, and more than noise. */
function grows(samples: readonly Sample[], window: JudgedWindow | null): boolean {
  if (window === null || window.beyond === null || samples.at(-1)?.connectionsActive === null) return false;
  const { low, rise, noise } = window.beyond;
  if (!(low > 0) || rise < Math.max(RISE_FDS, RISE_NOISES * noise)) return false;
  const bins = binWindow(samples, firstAt(samples, window.fromMs), firstAt(samples, window.toMs + 1));
  return keepsRising(bins.beyond, bins.n);
}

const describe = (window: JudgedWindow, processAge: number) => ({
  per1000Connections: window.per1000Connections,
  perMinute: window.perMinute,
  window: { from: toInstant(window.fromMs), to: toInstant(window.toMs) },
  processAge,
});
