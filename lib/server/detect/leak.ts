import type { Sample } from '#shared/metrics.ts';
import type { Leak, LeakVerdict } from '#shared/nodes.ts';
import type { Band, Interval } from '#shared/time.ts';
import { bendOf } from './bend.ts';
import { type Bins, binWindow } from './bins.ts';
import { dangerousBy, isCalm, SAFE_DAYS } from './calm.ts';
import { timeToEmfile } from './emfile.ts';
import { type Evidence, FDS_PER_EVENT, isAfterglow, type Look, measure, onlyGrows, risesInLine } from './evidence.ts';
import { dayOverDay, perMinuteOf } from './fd-only.ts';
import { firstAt, lastLife } from './lives.ts';
import { pileOf } from './pile.ts';
import { perThousand } from './rate.ts';
import { saturatedFrom } from './saturation.ts';
import { fitSlope } from './slope.ts';
import { type LoadCost, loadCost } from './traffic.ts';

export type LeakAssessment = Leak & { timeToEmfileSeconds: Band | null };

const WHOLE_LIFE: Look = { minutes: Number.POSITIVE_INFINITY, atLeastMinutes: 15, rise: 10, noises: 3 };
/** From the whole life down, so that the longest proven window gives the rate; the short looks catch what started just now, if it is fast. */
const WINDOWS: readonly Look[] = [
  { minutes: 360, atLeastMinutes: 300, rise: 10, noises: 3 },
  { minutes: 120, atLeastMinutes: 100, rise: 10, noises: 3 },
  { minutes: 40, atLeastMinutes: 36, rise: 10, noises: 3 },
  { minutes: 15, atLeastMinutes: 1.6, rise: 60, noises: 8 },
  { minutes: 3, atLeastMinutes: 1.6, rise: 60, noises: 8 },
];
/** Less than this many times the least rise must have been there some minutes ago already. */
const AMPLE = 1.5;
const STOOD_MINUTES = 5;
/** Shorter windows are not looked at in a life whose bins never were this share of the least rise apart. */
const QUIET_SHARE = 0.8;
/** The rate of a node that is not called leaking is taken from no window shorter than this, minutes. */
const STEADY_MINUTES = 120;
/** Slopes that would fill the headroom only after this long are below what the product calls a leak. */
const FLOOR_DAYS = 30;
const MINUTES_PER_DAY = 1440;
/** No all-clear before this much of a life was seen, minutes. */
const CLEAR_AFTER = 15;
const MUCH_OF_LIFE = 0.25;
const MIN_ROWS = 12;
const MIN_MS = 60_000;
/** Verdicts are drawn from intervals that hold in 98 to 99 % of simulated nodes; this share of their halves holds in 95 to 98 %, as is told. */
const TOLD_SHARE = 0.9;
/** fd-only: growth from day to day that is called a leak, fds, and as a share of the usual level; less than this share of the headroom is calm. */
const DAY_FDS = 12;
const DAY_SHARE = 0.1;
const DAY_CALM_SHARE = 0.5;
/** A pile of tunnels withholds the all-clear from this growth of their stay on, and is a leak from this growth and age on. */
const PILE_GROWTH = 1.3;
const PILE_FDS = 12;
const STUCK_GROWTH = 2.6;
const STUCK_MINUTES = 8 * 60;

/** Rows `[from, to)` that an answer speaks of; `life` is the start of the life and `end` its end, past `to` when the node is full. */
type Scope = { samples: readonly Sample[]; from: number; to: number; end: number; life: number; bins?: Bins };

/**
 * Is the newest process life leaking? `samples` are one node's, in time order, and may span lives. "Leaking" needs a growth of fds that nothing
 * explains; "not leaking" that a leak which fills the headroom within three days would have shown; everything else is "cannot tell", with what is
 * missing. At the fd limit nothing can grow: a full node is judged by the way up.
 */
export function assessLeak(input: { now: number; samples: readonly Sample[] }): LeakAssessment {
  const { samples } = input;
  const life = lastLife(samples);
  const to = saturatedFrom(samples, life);
  const scope: Scope = { samples, from: life.from, to, end: life.to, life: life.from };
  const [first, last] = [samples[life.from], samples[to - 1]];
  if (!first || !last || to - life.from < MIN_ROWS || last.at - first.at < MIN_MS)
    return answer('cannot-tell', null, scope, 'more samples of this process life');
  return last.connectionsActive === null ? assessFdOnly(scope) : assessTunnels(scope, last);
}

function assessTunnels(all: Scope, last: Sample): LeakAssessment {
  const { samples, from, to } = all;
  const bins = binWindow(samples, from, to);
  const scope = { ...all, bins };
  const cost = loadCost(bins);
  const life = measure(samples, from, to, WHOLE_LIFE, cost, bins);
  if (life === null) return answer('cannot-tell', null, scope, waitFor(CLEAR_AFTER - bins.span));
  const floor = last.fdLimit === null ? 0 : Math.max(0, last.fdLimit - (bins.open[0] ?? 0)) / (FLOOR_DAYS * MINUTES_PER_DAY);
  const seen: Evidence[] = bins.span >= WHOLE_LIFE.atLeastMinutes ? [life] : [];
  let steady = life;
  const stood = (window: Evidence, is: (w: Evidence) => boolean) =>
    is(window) && (window.growth.rise >= AMPLE * window.look.rise || stoodBefore(all, window, cost, is));
  if (seen.length > 0 && stood(life, (w) => risesInLine(w, floor))) return leaking(life, life, scope);
  for (const look of WINDOWS) {
    const start = firstAt(samples, last.at - look.minutes * 60_000, from, to);
    const span = (last.at - (samples[start]?.at ?? last.at)) / 60_000;
    if (span < look.atLeastMinutes || life.growth.range < QUIET_SHARE * look.rise) continue;
    const window = start === from ? { ...life, look } : measure(samples, start, to, look, cost);
    if (window === null) continue;
    if (look.minutes >= STEADY_MINUTES) steady = window;
    if (isAfterglow(life.growth, window)) continue;
    if (stood(window, (w) => risesInLine(w, floor))) return leaking(window, life, { ...scope, from: start });
    seen.push(window);
  }
  for (const window of seen.toReversed())
    if (stood(window, (w) => onlyGrows(w, life.growth.drop))) return leaking(window, life, { ...scope, from: window.from });
  if (bins.span < CLEAR_AFTER) return answer('cannot-tell', steady.fit, scope, waitFor(CLEAR_AFTER - bins.span));
  const pile = pileOf(bins);
  if (pile !== null && pile.growth > PILE_GROWTH && pile.excessFds > PILE_FDS && pile.goesOn) {
    const stuck = pile.growth > STUCK_GROWTH && bins.span > STUCK_MINUTES && pile.steady;
    const fit = stuck ? fitSlope(bins.minutes, pile.unexplained, bins.n, FDS_PER_EVENT) : null;
    if (fit !== null && fit.low > 0) return answer('leaking', fit, scope);
    return answer('cannot-tell', steady.fit, scope, 'a longer look: tunnels stay longer and longer, long-lived clients or stuck ones');
  }
  if (isCalm(bins, life.values, dangerousBy(bins, last.fdLimit))) return answer('not-leaking', steady.fit, scope);
  return answer('cannot-tell', steady.fit, scope, 'a longer look: a leak could still hide in what changed so far');
}

/** A window that is much of the life may be the flat end of what bends over in the life. */
function leaking(window: Evidence, life: Evidence, scope: Scope): LeakAssessment {
  const bend = bendOf(window);
  const much = window !== life && window.bins.span >= MUCH_OF_LIFE * life.bins.span;
  return { ...answer('leaking', window.fit, scope), bend: much ? Math.max(bend, bendOf(life)) : bend };
}

/** Little evidence is chance every now and then, but not twice: it must have been there a while ago. */
function stoodBefore({ samples, from, to }: Scope, window: Evidence, cost: LoadCost, is: (window: Evidence) => boolean): boolean {
  const last = samples[to - 1];
  const first = samples[window.from];
  if (!last || !first) return false;
  const end = firstAt(samples, last.at - STOOD_MINUTES * 60_000, from, to);
  const start = window.look.minutes === Number.POSITIVE_INFINITY ? from : firstAt(samples, first.at - STOOD_MINUTES * 60_000, from, to);
  const before = measure(samples, start, end, window.look, cost);
  return before !== null && is(before);
}

/** Only an fd count is known: the same hours of the day before are the only thing to hold it against. */
function assessFdOnly(all: Scope): LeakAssessment {
  const { samples, from, to } = all;
  const scope = { ...all, bins: binWindow(samples, from, to) };
  const last = samples[scope.end - 1];
  const days = dayOverDay(samples, from, to);
  if (days === null || !last)
    return answer('cannot-tell', null, scope, 'a day of this process life: open fds alone do not tell a leak from traffic');
  const rate = perMinuteOf(days);
  if (days.perDay - 1.96 * days.error > DAY_FDS && days.perDay > DAY_SHARE * days.level) return answer('leaking', rate, scope);
  const room = last.fdLimit === null ? 0 : last.fdLimit - days.level;
  const calm = days.perDay * SAFE_DAYS < DAY_CALM_SHARE * room && (days.perDay + days.error) * SAFE_DAYS < room;
  if (calm) return answer('not-leaking', rate, scope);
  return answer('cannot-tell', rate, scope, 'more hours to compare with the same hours of the day before');
}

/** At most: a leak that is fast against the load is told much earlier. */
const waitFor = (minutes: number): string => {
  const left = Math.max(1, Math.ceil(minutes));
  return `up to ${left} more minute${left === 1 ? '' : 's'} of this process life`;
};

/** Accepted connections in rows `[from, to)`, resets of the counter included; null where the node does not count them. */
function acceptedIn(samples: readonly Sample[], from: number, to: number): number | null {
  if (samples[to - 1]?.acceptedTotal === null) return null;
  const bins = binWindow(samples, from, to);
  return bins.n === 0 ? null : (bins.accepted[bins.n - 1] ?? null);
}

function answer(
  verdict: LeakVerdict,
  fit: Interval | null,
  { samples, from, to, end, life, bins }: Scope,
  missing?: string,
): LeakAssessment {
  const [head, tail] = [samples[from], samples[to - 1]];
  const perMinute =
    fit === null
      ? null
      : { low: fit.mid - TOLD_SHARE * (fit.mid - fit.low), mid: fit.mid, high: fit.mid + TOLD_SHARE * (fit.high - fit.mid) };
  const minutes = head && tail ? (tail.at - head.at) / 60_000 : 0;
  return {
    verdict,
    perMinute,
    per1000Connections: perMinute === null ? null : perThousand(perMinute, minutes, acceptedIn(samples, from, to)),
    timeToEmfileSeconds: bins ? timeToEmfile({ samples, from: life, end, window: minutes, bins, rate: fit }) : null,
    ...(missing === undefined ? {} : { missing }),
  };
}
