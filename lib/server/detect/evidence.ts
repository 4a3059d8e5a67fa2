import type { Sample } from '#shared/metrics.ts';
import { type Bins, binWindow } from './bins.ts';
import { type Growth, growthOf } from './growth.ts';
import { fadesOut, keepsRising, slopeBesideLoad } from './shape.ts';
import { type Fit, fitSlope } from './slope.ts';
import { type LoadCost, loadCost, loadDoubt, withoutLoad } from './traffic.ts';

/** What a window must have shown before anything in it is called a leak: its least span in minutes, fds gained, times the noise. */
export type Look = { minutes: number; atLeastMinutes: number; rise: number; noises: number };

/** One window of a process life, measured: the fds beyond traffic without what follows the load, their line and their shape. */
export type Evidence = {
  look: Look;
  /** first row of the window */
  from: number;
  bins: Bins;
  values: Float64Array;
  fit: Fit;
  growth: Growth;
  /** fds that the load may have brought along, one sigma */
  doubt: number;
};

/** Leaked sockets come in pairs (client and upstream). */
export const FDS_PER_EVENT = 2;

/** A rise is more than this many sigmas of what the load may have brought along. */
const DOUBTS = 4;
/** This share of a rise comes in the second half of the window: what fills up and stays full fades out. */
const LATE_SHARE = 0.12;
/** At the same load this share of a growth must be left. */
const BESIDE_SHARE = 0.6;
/** Only growing: over this long at least (minutes), by this many fds, this many times the largest fall, with this much left without the largest jump. */
const GROW_MINUTES = 12;
const GROW_FDS = 12;
const GROW_DROPS = 2;
const GROW_REST = 0.3;
/** A rising line has no fall in it that comes near its rise. */
const LINE_DROPS = 1.5;
/** A life fades out when its first quarter brought at least this and its second half less than that share of all; a window must then grow by more. */
const FADED_EARLY = 0.5;
const FADED_LATE = 0.15;
const FADED_SHARE = 0.25;

/** Measures rows `[from, to)`; `cost` is what the whole life says about the load's share. Null where there is too little for a line. */
export function measure(samples: readonly Sample[], from: number, to: number, look: Look, cost?: LoadCost, ready?: Bins): Evidence | null {
  const bins = ready ?? binWindow(samples, from, to);
  const known = cost ?? loadCost(bins);
  const values = withoutLoad(bins, known);
  const line = fitSlope(bins.minutes, values, bins.n, FDS_PER_EVENT);
  if (line === null || line.span <= 0) return null;
  const doubt = loadDoubt(bins, known);
  const wide = (1.96 * doubt) / line.span;
  const fit = { ...line, low: line.mid - Math.hypot(line.mid - line.low, wide), high: line.mid + Math.hypot(line.high - line.mid, wide) };
  return { look, from, bins, values, fit, growth: growthOf(values, bins.n), doubt };
}

/** A line that rises: above `floor` (fds/min) at the low end of its interval, beyond the noise, through all quarters of the window, not with the load. */
export function risesInLine({ look, bins, values, fit, growth, doubt }: Evidence, floor: number): boolean {
  return (
    !fadesOut(bins, values) &&
    fit.low > floor &&
    Math.min(fit.rise, growth.rise) >= Math.max(look.rise, look.noises * fit.noise, LINE_DROPS * growth.drop, DOUBTS * doubt) &&
    growth.late >= LATE_SHARE * growth.rise &&
    keepsRising(values, bins.n) &&
    !followsLoad(bins, values, fit.mid)
  );
}

/**
 * A leak of single sockets is a staircase, not a line: what gives it away is that it only grows. The rise is far more than anything that ever fell in
 * this life (`lifeDrop`, fds), not one jump, not over by half-time, and more than the load may have brought along.
 */
export function onlyGrows({ look, bins, values, growth, doubt }: Evidence, lifeDrop: number): boolean {
  if (bins.n < 10 || bins.span < GROW_MINUTES) return false;
  const { rise, drop, jump, late } = growth;
  return (
    rise >= Math.max(look.rise, GROW_FDS, GROW_DROPS * Math.max(drop, lifeDrop), DOUBTS * doubt) &&
    rise - jump >= GROW_REST * rise &&
    late >= LATE_SHARE * rise &&
    !fadesOut(bins, values) &&
    !followsLoad(bins, values, rise / bins.span)
  );
}

/** The end of a warm-up: the life grew early and fades out, and this window's growth is a small part of it. */
export const isAfterglow = (course: Growth, { growth }: Evidence): boolean =>
  course.early >= FADED_EARLY * course.rise && course.late < FADED_LATE * course.rise && growth.rise < FADED_SHARE * course.rise;

/** The growth goes along with the load: at the same load there would be much less of it. */
function followsLoad(bins: Bins, values: Float64Array, perMinute: number): boolean {
  return [bins.live, bins.rate].some((load) => {
    const beside = slopeBesideLoad(bins, values, load);
    return beside !== null && beside < BESIDE_SHARE * perMinute;
  });
}
