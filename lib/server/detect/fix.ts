import type { Sample } from '#shared/metrics.ts';
import type { Judgement } from '#shared/runs.ts';
import { type Interval, toInstant } from '#shared/time.ts';
import { binWindow, MAX_BINS } from './bins.ts';
import { type Control, differenceTo, judgeControl } from './control.ts';
import { driftOf } from './drift.ts';
import { expectedLeak, leakedBySameAge, leakyLoad, type SameAge } from './expect.ts';
import { growthOf } from './growth.ts';
import { assessLeak } from './leak.ts';
import { firstAt, type Life, lastLife } from './lives.ts';
import { saturatedFrom } from './saturation.ts';
import { fixSentence } from './sentence.ts';
import { keepsRising } from './shape.ts';
import { loadCost, withoutLoad } from './traffic.ts';
import { type JudgedWindow, judgeRows } from './window.ts';

export type FixVerdict = 'fixed' | 'not-fixed' | 'inconclusive';
export type FixAssessment = {
  verdict: FixVerdict;
  sentence: string;
  wasLeaking: boolean;
  judgement: Judgement;
  /** what more is needed for a verdict, in words; null when there is one */
  missing: string | null;
  /** the node left alone, and by how many fds per 1,000 connections it leaks more than the changed one now; null without one that is fit */
  control: (Control & { difference: Interval | null }) | null;
};

/** The last window of the old life is at least this long, seconds, so that its slope is worth comparing with. */
const BASELINE_SECONDS = 300;
/** The old rate is taken over this long at least, minutes: over a short window chance leaves its low end far below it. */
const RATE_MINUTES = 90;
/** The load since the restart is looked at this finely, minutes, in no more bins than that: a leak may begin within a quarter of an hour of the morning. */
const LOAD_MINUTES = 5;
const LOAD_BINS = 160;
/** Reconnects and warm-up right after a start are not looked at, seconds of process age. */
const SETTLE_SECONDS = 8;
/** "Fixed" needs this many fds that the old leak would have leaked by now, and less than this share of them seen. */
const EXPECTED_FDS = 28;
const EXPECTED_NOISES = 6;
const EXPECTED_GROWS = 0.12;
/**
 * Leaks are single events of two fds: to exclude (at 2 %) that a third of the leak is left, 12 events must have been due when none is seen, and about five
 * more for each that may have been (Poisson).
 */
const EXPECTED_PER_FD = 5;
const LEFT_SHARE = 0.25;
const LEFT_SHARE_LATER = 0.2;
const WANDER_MINUTES = 10;
const LEFT_RANGE = 0.22;
/** fd-only: both lives are looked at for this long (minutes) and grew by this many fds, the new one by this share of the old, and this many times its falls. */
const ALIKE_MINUTES = 60;
const ALIKE_FDS = 40;
const ALIKE_SHARE = 0.5;
const ALIKE_DROPS = 3;
const CONTROL_STOPPED = 'another cause: the untouched control stopped leaking at the same time';
/** "Not fixed" needs a rise of this many fds. */
const RISE_FDS = 12;
const RISE_NOISES = 3;
const RISE_DROPS = 3;
const RISE_LATE = 0.25;

const SAME_AGE = 'same process age';
const COMPARABLE = 'last window of comparable load';

/**
 * Did the change fix the leak? A restart frees every leaked fd, so a low count proves nothing (the honeymoon): only what the old leak would have
 * leaked by now under the same load, at the same process age where that is stored, held against what is leaked now.
 *
 * `control` is a matched node that leaks too and was left alone: all that is stored of it, before the change and since, the newest rows included. With
 * one, "fixed" also needs that the control leaks on; when it stopped at the same time, something else did it. A control that was restarted, or
 * never leaked, is as good as none.
 */
export function assessFix(input: {
  before: readonly Sample[];
  after: readonly Sample[];
  minConnections: number;
  minSeconds: number;
  control?: readonly Sample[] | null;
}): FixAssessment {
  const { before, after, control } = input;
  const oldLife = wayUp(before);
  const newLife = lastLife(after);
  const window = afterWindow(after, newLife);
  const was = lastWindow(before, oldLife, window?.minutes ?? 0);
  const age = ageAt(after, newLife);
  const same = window === null ? null : leakedBySameAge(before, oldLife, { fromAge: SETTLE_SECONDS, age, accepted: window.accepted ?? 0 });
  const wasLeaking =
    before.length > 0 && (assessLeak({ now: lastAt(before), samples: before }).verdict === 'leaking' || grows(before, was));
  const alike = sameAgeWindow(before, same);
  const judgement: Judgement = {
    before:
      alike !== null && same !== null
        ? describe(alike, ageAt(before, { ...oldLife, to: same.to }))
        : was && describe(was, ageAt(before, oldLife)),
    after: window && describe(window, age),
    comparedBy: null,
  };
  const beside = besideOf(control ?? null, newLife, window);
  const close = (verdict: FixVerdict, missing: string | null): FixAssessment => ({
    verdict,
    sentence: fixSentence({
      verdict,
      wasLeaking,
      before: judgement.before,
      after: judgement.after,
      missing,
      control: beside?.after ?? null,
    }),
    wasLeaking,
    judgement,
    missing,
    control: beside,
  });

  if (window === null || window.beyond === null) return close('inconclusive', 'samples of the new process');
  if (age < input.minSeconds) return close('inconclusive', `${Math.ceil(input.minSeconds - age)} more seconds of the new process`);
  const seen = acceptedSinceStart(after, newLife, window);
  if (seen !== null && seen < input.minConnections)
    return close('inconclusive', `${input.minConnections - seen} more connections: ${seen} of ${input.minConnections} seen`);
  if (was !== null) judgement.comparedBy = alike === null ? COMPARABLE : SAME_AGE;
  if (grows(after, window) || assessLeak({ now: lastAt(after), samples: after }).verdict === 'leaking') return close('not-fixed', null);
  if (was === null || was.beyond === null) return close('inconclusive', 'a window of the old process to compare with');
  if (after.at(-1)?.connectionsActive === null)
    return growsAlike(window, same)
      ? close('not-fixed', null)
      : close('inconclusive', 'tunnels or accepts: open fds alone do not tell a leak from traffic');
  const left = leftOver(window);
  if (!wasLeaking) {
    const calm = was.beyond.high * was.minutes < EXPECTED_FDS && left.atMost < EXPECTED_FDS;
    return calm ? close('fixed', null) : close('inconclusive', 'a longer look: neither process shows a leak, and neither excludes one');
  }
  if (beside !== null && beside.state !== 'leaking')
    return close('inconclusive', beside.state === 'stopped' ? CONTROL_STOPPED : 'more time: the control would hardly show its leak yet');
  const expected = expectedSince({ before, oldLife, after, newLife, window, same, control: beside });
  if (expected < Math.max(dueFor(window.minutes) + EXPECTED_PER_FD * left.rise, EXPECTED_NOISES * window.beyond.noise))
    return close('inconclusive', 'more time at a load like before: the old leak would hardly show yet');
  const share = window.minutes < WANDER_MINUTES ? LEFT_SHARE : LEFT_SHARE_LATER;
  if (left.atMost < share * expected && left.range < LEFT_RANGE * expected) return close('fixed', null);
  return close('inconclusive', 'a longer look: what is left of the leak is within the noise');
}

/** The old process at the ages that the new one has lived through, where that is long enough to have a slope worth showing. */
function sameAgeWindow(samples: readonly Sample[], same: SameAge | null): JudgedWindow | null {
  if (same === null || same.minutes * 60 < BASELINE_SECONDS) return null;
  const window = judgeRows(samples, same.from, same.to);
  return window?.beyond ? window : null;
}

function besideOf(control: readonly Sample[] | null, life: Life, window: JudgedWindow | null): FixAssessment['control'] {
  if (control === null || control.length === 0 || window === null) return null;
  const judged = judgeControl(control, life.processStart ?? window.fromMs);
  return judged.state === 'unfit' ? null : { ...judged, difference: differenceTo(judged, window) };
}

/** The newest life in `samples` up to where it filled its limit, if it did. */
function wayUp(samples: readonly Sample[]): Life {
  const life = lastLife(samples);
  return { ...life, to: saturatedFrom(samples, life) };
}

/** The last window of the old life, as long as the new one's but long enough to have a slope. */
function lastWindow(samples: readonly Sample[], life: Life, minutes: number): JudgedWindow | null {
  const end = samples[life.to - 1]?.at ?? 0;
  return judgeRows(samples, firstAt(samples, end - Math.max(BASELINE_SECONDS, minutes * 60) * 1000, life.from, life.to), life.to);
}

/** fds that the old leak would have leaked since the restart, by every measure there is; the least counts. */
function expectedSince(has: {
  before: readonly Sample[];
  oldLife: Life;
  after: readonly Sample[];
  newLife: Life;
  window: JudgedWindow;
  same: SameAge | null;
  control: Control | null;
}): number {
  const { before, oldLife, after, newLife, window, same, control } = has;
  const accepted = window.accepted ?? 0;
  const bins = binWindow(before, oldLife.from, oldLife.to);
  // a control that leaks on under the same traffic says that this load is one that leaks, and measures the leak once more
  const floor = control === null ? leakyLoad(bins, withoutLoad(bins, loadCost(bins))) : 0;
  const rated = lastWindow(before, oldLife, Math.max(RATE_MINUTES, window.minutes));
  const fine = Math.min(LOAD_BINS, Math.max(MAX_BINS, Math.ceil(window.minutes / LOAD_MINUTES)));
  const since = binWindow(after, firstAt(after, window.fromMs, newLife.from, newLife.to), newLife.to, fine);
  const byLoad = rated === null ? 0 : expectedLeak(rated, since, floor, control === null ? 'low' : 'mid');
  const byControl = control === null ? Number.POSITIVE_INFINITY : control.perConnection * accepted;
  return Math.min(byLoad, byControl, bySameAge(same, window, accepted));
}

function bySameAge(same: SameAge | null, window: JudgedWindow, accepted: number): number {
  if (same === null) return Number.POSITIVE_INFINITY;
  const byTime = same.leaked * Math.max(1, window.minutes / same.minutes);
  return Math.max(0, same.accepted > 0 ? Math.min(byTime, same.leaked * (accepted / same.accepted)) : byTime);
}

/** fds that must have been due before none seen is an answer: the longer the watch, the more looks, and every look is a chance to be wrong. */
const dueFor = (minutes: number): number => EXPECTED_FDS * (1 + EXPECTED_GROWS * Math.log(Math.max(1, minutes)));

/** What may still be leaking in the new life, fds: by its line and its rise, and by all that ever changed in it. */
function leftOver(window: JudgedWindow): { rise: number; atMost: number; range: number } {
  const { bins, beyond } = window;
  const values = withoutLoad(bins, loadCost(bins));
  // in a longer watch honest fds wander: whatever fell was honest, and may have hidden as much of a leak
  const hidden = window.minutes < WANDER_MINUTES ? 0 : growthOf(bins.beyond, bins.n).drop;
  // a cost of load seen in the new life alone may be a leak in disguise: the rise counts with and without it
  const rise = Math.max(growthOf(values, bins.n).rise, growthOf(bins.beyond, bins.n).rise);
  return {
    rise: Math.max(0, rise),
    atMost: Math.max(0, (beyond?.high ?? 0) * window.minutes, rise) + hidden,
    range: Math.max(driftOf(bins, values).range, driftOf(bins, bins.beyond).range),
  };
}

/** fd-only: both lives grew alike from their start, all along and by far more than anything fell. */
function growsAlike(window: JudgedWindow, same: SameAge | null): boolean {
  if (same === null || window.minutes < ALIKE_MINUTES) return false;
  const { rise, drop } = growthOf(window.bins.open, window.bins.n);
  const alike = rise >= ALIKE_SHARE * same.leaked * Math.min(1, window.minutes / same.minutes);
  return same.leaked >= ALIKE_FDS && alike && rise >= ALIKE_DROPS * drop && keepsRising(window.bins.open, window.bins.n);
}

function afterWindow(samples: readonly Sample[], life: Life): JudgedWindow | null {
  const first = samples[life.from];
  if (!first) return null;
  const start = life.processStart ?? first.at;
  return judgeRows(samples, firstAt(samples, start + SETTLE_SECONDS * 1000, life.from, life.to), life.to);
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

/** A rise that is no chance: above 0 at the interval's low end and more than noise; through all quarters of the window, or far beyond all falls. */
function grows(samples: readonly Sample[], window: JudgedWindow | null): boolean {
  if (window === null || window.beyond === null || samples.at(-1)?.connectionsActive === null) return false;
  const { low, rise, noise } = window.beyond;
  if (!(low > 0) || rise < Math.max(RISE_FDS, RISE_NOISES * noise)) return false;
  const { beyond, n } = window.bins;
  const shape = growthOf(beyond, n);
  const staircase = shape.rise >= RISE_DROPS * shape.drop && shape.rise >= 2 * shape.jump && shape.late >= RISE_LATE * shape.rise;
  return keepsRising(beyond, n) || (shape.rise >= RISE_FDS && staircase);
}

const describe = (window: JudgedWindow, processAge: number) => ({
  per1000Connections: window.per1000Connections,
  perMinute: window.perMinute,
  window: { from: toInstant(window.fromMs), to: toInstant(window.toMs) },
  processAge,
});
