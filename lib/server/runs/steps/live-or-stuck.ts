import type { assessFix } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';

type Fix = ReturnType<typeof assessFix>;

/** A third of the watch has this share more open connections than the one before it, and at least so many. */
const RISE_SHARE = 0.15;
const RISE_LEAST = 10;

/**
 * Where a node does not tell live connections from those that never end, fds that rise in step with open connections look like traffic and may be the
 * leak itself. While open connections rise from third to third of the watch, nothing is called fixed: it goes on until they level off, or stays a doubt.
 */
export function liveOrStuck(fix: Fix, after: readonly Sample[]): Fix {
  if (fix.verdict !== 'fixed') return fix;
  const known = after.flatMap((s) => (s.connectionsActive === null ? [] : [{ active: s.connectionsActive, stale: s.connectionsStale }]));
  if (known.length < 6 || known.some((s) => s.stale !== null)) return fix;
  const third = Math.floor(known.length / 3);
  const [first, second, last] = [0, 1, 2].map((nth) => median(known.slice(nth * third, (nth + 1) * third).map((s) => s.active)));
  if (first === undefined || second === undefined || last === undefined) return fix;
  const rises = (from: number, to: number) => to - from >= Math.max(RISE_LEAST, RISE_SHARE * from);
  if (!rises(first, second) || !rises(second, last)) return fix;
  const sentence = `inconclusive: open connections rose all the time, from ${first} to ${last}, and this node does not tell live ones from those that never end`;
  return { ...fix, verdict: 'inconclusive', sentence, missing: 'open connections to level off' };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
