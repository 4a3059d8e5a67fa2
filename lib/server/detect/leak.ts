import type { Sample } from '#shared/metrics.ts';
import type { Leak, LeakVerdict } from '#shared/nodes.ts';
import type { Band, Interval } from '#shared/time.ts';
import { type Bins, binWindow } from './bins.ts';
import { timeToEmfile } from './emfile.ts';
import { firstAt, lastLife } from './lives.ts';
import { keepsRising, slopeBesideLoad } from './shape.ts';
import { type Fit, fitSlope } from './slope.ts';

export type LeakAssessment = Leak & { timeToEmfileSeconds: Band | null };

/** A leak must have shown this much before anything is called one: minutes of window, fds gained, times the noise. */
type Look = { minutes: number; atLeastMinutes: number; rise: number; noises: number };

/** Looked at from the whole life down, so that the longest proven window gives the rate; the short looks catch what started just now. */
const LOOKS: readonly Look[] = [
  { minutes: Number.POSITIVE_INFINITY, atLeastMinutes: 15, rise: 10, noises: 3 },
  { minutes: 360, atLeastMinutes: 300, rise: 10, noises: 3 },
  { minutes: 120, atLeastMinutes: 100, rise: 10, noises: 3 },
  { minutes: 40, atLeastMinutes: 36, rise: 10, noises: 3 },
  { minutes: 15, atLeastMinutes: 1.6, rise: 60, noises: 8 },
  { minutes: 3, atLeastMinutes: 1.6, rise: 60, noises: 8 },
];

/** A node that would last this long needs no alarm: "not leaking" means that the fastest slope still compatible fills the headroom later. */
const SAFE_DAYS = 3;
/** Slopes that would take this long are below what the product calls a leak. */
const FLOOR_DAYS = 30;
const MINUTES_PER_DAY = 1440;
/** No all-clear before this much of a life was seen, minutes. */
const CLEAR_AFTER = 15;
const MIN_ROWS = 12;
/** Open fds this close to the limit mean that the proxy refuses: nothing can grow any more. */
const FULL_WITHIN = 2;

export function assessLeak(input: { now: number; samples: readonly Sample[] }): LeakAssessment {
  const { samples } = input;
  const life = lastLife(samples);
  const to = saturatedFrom(samples, life.from, life.to);
  const first = samples[life.from];
  const last = samples[to - 1];
  if (!first || !last || to - life.from < MIN_ROWS || last.at - first.at < 60_000)
    return answer('cannot-tell', null, samples, life.from, life.to, 'more samples of this process life');
  const room = headroom(samples[life.to - 1]);
  const spanMinutes = (last.at - first.at) / 60_000;
  const knowsTunnels = last.connectionsActive !== null;
  let widest: Fit | null = null;
  let restless = false;
  for (const look of LOOKS) {
    if (!knowsTunnels) break;
    const from = Number.isFinite(look.minutes) ? firstAt(samples, last.at - look.minutes * 60_000, life.from, to) : life.from;
    const start = samples[from];
    if (!start || (last.at - start.at) / 60_000 < look.atLeastMinutes) continue;
    const bins = binWindow(samples, from, to);
    const fit = fitSlope(bins.minutes, bins.beyond, bins.n, 2);
    if (!fit) continue;
    if (widest === null || look.minutes >= 120) widest = fit;
    if (!isGrowth(fit, look, floorFor(bins, last))) continue;
    if (keepsRising(bins.beyond, bins.n) && slopeBesideLoad(bins) > 0.5 * fit.mid) {
      return answer('leaking', fit, samples, from, life.to, undefined, to);
    }
    if (look.minutes <= 120) restless = true;
  }
  if (widest === null) return answer('cannot-tell', null, samples, life.from, life.to, waitFor(CLEAR_AFTER - spanMinutes));
  const calm = spanMinutes >= CLEAR_AFTER && !restless && room !== null && widest.high * SAFE_DAYS * MINUTES_PER_DAY < room;
  if (calm) return answer('not-leaking', widest, samples, life.from, life.to);
  const missing =
    spanMinutes < CLEAR_AFTER ? waitFor(CLEAR_AFTER - spanMinutes) : 'a longer look: the growth seen so far is within the noise';
  return answer('cannot-tell', widest, samples, life.from, life.to, missing);
}

const isGrowth = (fit: Fit, look: Look, floor: number): boolean =>
  fit.low > floor && fit.rise >= Math.max(look.rise, look.noises * fit.noise);

const floorFor = (bins: Bins, last: Sample): number =>
  last.fdLimit === null ? 0 : Math.max(0, last.fdLimit - (bins.open[0] ?? 0)) / (FLOOR_DAYS * MINUTES_PER_DAY);

const headroom = (sample: Sample | undefined): number | null =>
  !sample || sample.fdLimit === null || sample.openFds === null ? null : Math.max(0, sample.fdLimit - sample.openFds);

const waitFor = (minutes: number): string => {
  const left = Math.max(1, Math.ceil(minutes));
  return `${left} more minute${left === 1 ? '' : 's'} of this process life`;
};

/** Where the life first filled its present limit, if that is where it still is; else its end. What follows is flat and says nothing of the leak. */
function saturatedFrom(samples: readonly Sample[], from: number, to: number): number {
  const last = samples[to - 1];
  const full = (row: Sample | undefined) =>
    row !== undefined &&
    row.openFds !== null &&
    row.fdLimit !== null &&
    row.fdLimit === last?.fdLimit &&
    row.openFds >= row.fdLimit - FULL_WITHIN;
  for (let i = to - 1; i >= Math.max(from, to - 12); i -= 1) {
    if (!full(samples[i])) continue;
    let first = from;
    while (first < to && !full(samples[first])) first += 1;
    return first - from >= MIN_ROWS ? first : to;
  }
  return to;
}

/** Accepted connections in rows `[from, to)`, resets of the counter included; null where the node does not count them. */
export function acceptedIn(samples: readonly Sample[], from: number, to: number): number | null {
  const bins = binWindow(samples, from, to);
  if (samples[to - 1]?.acceptedTotal === null || bins.n === 0) return null;
  return bins.accepted[bins.n - 1] ?? null;
}

const scaled = (interval: Interval, factor: number): Interval => ({
  low: interval.low * factor,
  mid: interval.mid * factor,
  high: interval.high * factor,
});

/** The same slope per 1,000 accepted connections, at the accept rate of the window. */
export function perThousand(perMinute: Interval, minutes: number, accepted: number | null): Interval | null {
  if (accepted === null || accepted <= 0 || minutes <= 0) return null;
  return scaled(perMinute, (1000 * minutes) / accepted);
}

function answer(
  verdict: LeakVerdict,
  fit: Fit | null,
  samples: readonly Sample[],
  from: number,
  end: number,
  missing?: string,
  to = end,
): LeakAssessment {
  const last = samples[end - 1];
  const [head, tail] = [samples[from], samples[to - 1]];
  const perMinute = fit === null ? null : { low: fit.low, mid: fit.mid, high: fit.high };
  const minutes = head && tail ? (tail.at - head.at) / 60_000 : 0;
  return {
    verdict,
    perMinute,
    per1000Connections: perMinute === null ? null : perThousand(perMinute, minutes, acceptedIn(samples, from, to)),
    timeToEmfileSeconds: last ? timeToEmfile(last.openFds, last.fdLimit, perMinute) : null,
    ...(missing === undefined ? {} : { missing }),
  };
}
