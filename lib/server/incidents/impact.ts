import type { NodeMetricsAnswer } from '#shared/metrics.ts';

export type Course = readonly {
  /** epoch ms */ at: number;
  openFds: number | null;
  fdLimit: number | null;
  refusedPerSecond: number | null;
  connections: number | null;
}[];

/** What a node's figures say of the damage, over the time of the incident. */
export type Impact = {
  peakFds: number | null;
  peakPercent: number | null;
  leastHeadroom: number | null;
  /** above 80 % of the limit */
  nearLimitSeconds: number;
  /** connections that the proxy turned away */
  refused: number;
  /** seconds for which nothing is known */
  unknownSeconds: number;
};

export function courseOf({ times, series }: Pick<NodeMetricsAnswer, 'times' | 'series'>): Course {
  const of = (name: string, i: number) => series[name]?.[i] ?? null;
  return times.map((seconds, i) => ({
    ...{ at: seconds * 1000, openFds: of('openFds', i), fdLimit: of('fdLimit', i) },
    ...{ refusedPerSecond: of('refusedPerSecond', i), connections: of('connectionsActive', i) },
  }));
}

/** A longer time between two points is a gap, and counts for nothing but itself. */
const GAP_MS = 120_000;
const NEAR = 0.8;

export function impactOf(course: Course, fromMs: number): Impact {
  const within = course.filter((p) => p.at >= fromMs);
  const known = within.flatMap((p) => (p.openFds === null ? [] : [{ ...p, openFds: p.openFds }]));
  const limited = known.flatMap((p) => (p.fdLimit === null || p.fdLimit <= 0 ? [] : [{ ...p, fdLimit: p.fdLimit }]));
  const impact: Impact = {
    peakFds: known.length === 0 ? null : Math.max(...known.map((p) => p.openFds)),
    peakPercent: limited.length === 0 ? null : Math.max(...limited.map((p) => (100 * p.openFds) / p.fdLimit)),
    leastHeadroom: limited.length === 0 ? null : Math.max(0, Math.min(...limited.map((p) => p.fdLimit - p.openFds))),
    ...{ nearLimitSeconds: 0, refused: 0, unknownSeconds: 0 },
  };
  for (let i = 1; i < within.length; i++) {
    const [before, p] = [within[i - 1], within[i]];
    if (!before || !p) continue;
    const seconds = (p.at - before.at) / 1000;
    if (seconds * 1000 > GAP_MS) {
      impact.unknownSeconds += seconds;
      continue;
    }
    if (p.openFds !== null && p.fdLimit !== null && p.openFds > NEAR * p.fdLimit) impact.nearLimitSeconds += seconds;
    impact.refused += (p.refusedPerSecond ?? 0) * seconds;
  }
  impact.refused = Math.round(impact.refused);
  return impact;
}
