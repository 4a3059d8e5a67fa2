import type { RuleNumbers } from '#shared/incident-rules.ts';

/** What a rule makes of one moment. `between`: on neither side of the hysteresis. `unknown`: the node does not tell now. */
export type Is = 'bad' | 'good' | 'between' | 'unknown';

/** Where a rule stands on a node: the memory that hysteresis needs. All times are epoch ms. */
export type Standing = {
  /** when it fired; null while it does not */
  firingSince: number | null;
  /** since when it was bad without a break */
  badSince: number | null;
  /** of one that fires: since when it was good without a break */
  goodSince: number | null;
};
export type Advanced = { standing: Standing; firing: boolean; change: 'fired' | 'cleared' | null };

export const QUIET: Standing = Object.freeze({ firingSince: null, badSince: null, goodSince: null });

/**
 * One step of a rule on a node, live or replayed. It fires after `forSeconds` of nothing but bad, `patienceSeconds` where that is longer, and clears
 * after `clearForSeconds` of nothing but good. What is not known breaks either wait: a node that falls silent, or whose leak cannot be told after a
 * restart, keeps what fired.
 */
export function advance(
  before: Standing,
  { is, patienceSeconds = 0 }: { is: Is; patienceSeconds?: number },
  numbers: Pick<RuleNumbers, 'forSeconds' | 'clearForSeconds'>,
  now: number,
): Advanced {
  // a clock that was set back starts a wait anew
  const begun = (since: number | null) => (since === null || since > now ? now : since);
  if (before.firingSince === null) {
    if (is !== 'bad') return { standing: QUIET, firing: false, change: null };
    const badSince = begun(before.badSince);
    if (now - badSince < Math.max(numbers.forSeconds, patienceSeconds) * 1000)
      return { standing: { ...QUIET, badSince }, firing: false, change: null };
    return { standing: { firingSince: now, badSince, goodSince: null }, firing: true, change: 'fired' };
  }
  if (is !== 'good') return { standing: { ...before, goodSince: null }, firing: true, change: null };
  const goodSince = begun(before.goodSince);
  if (now - goodSince < numbers.clearForSeconds * 1000) return { standing: { ...before, goodSince }, firing: true, change: null };
  return { standing: QUIET, firing: false, change: 'cleared' };
}
