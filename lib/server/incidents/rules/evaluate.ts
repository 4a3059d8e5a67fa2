import type { RuleKey, RuleNumbers } from '#shared/incident-rules.ts';
import { type Reading, readRule } from './read.ts';
import type { NodeView } from './view.ts';

/** Where a rule stands on a node: the memory that hysteresis needs. All times are epoch ms. */
export type Standing = {
  /** when it fired; null while it does not */
  firingSince: number | null;
  /** since when it was bad without a break */
  badSince: number | null;
  /** of one that fires: since when it was good without a break */
  goodSince: number | null;
};
export type Evaluation = { standing: Standing; firing: boolean; change: 'fired' | 'cleared' | null; reading: Reading };

export const QUIET: Standing = Object.freeze({ firingSince: null, badSince: null, goodSince: null });

/** One rule on one node at one moment, with what it remembers of the moments before. Pure. */
export function evaluate(rule: RuleKey, numbers: RuleNumbers, view: NodeView, before: Standing): Evaluation {
  const reading = readRule(rule, numbers, view);
  const forSeconds = Math.max(numbers.forSeconds, reading.patienceSeconds ?? 0);
  return { ...advance(before, reading.is, { ...numbers, forSeconds }, view.now), reading };
}

/**
 * It fires after `forSeconds` of nothing but bad, and clears after `clearForSeconds` of nothing but good. What is not known breaks either wait: a
 * node that falls silent, or whose leak cannot be told after a restart, keeps the signals that it had.
 */
export function advance(before: Standing, is: Reading['is'], numbers: RuleNumbers, now: number): Omit<Evaluation, 'reading'> {
  // a clock that was set back starts a wait anew
  const begun = (since: number | null) => (since === null || since > now ? now : since);
  if (before.firingSince === null) {
    if (is !== 'bad') return { standing: QUIET, firing: false, change: null };
    const badSince = begun(before.badSince);
    if (now - badSince < numbers.forSeconds * 1000) return { standing: { ...QUIET, badSince }, firing: false, change: null };
    return { standing: { firingSince: now, badSince, goodSince: null }, firing: true, change: 'fired' };
  }
  if (is !== 'good') return { standing: { ...before, goodSince: null }, firing: true, change: null };
  const goodSince = begun(before.goodSince);
  if (now - goodSince < numbers.clearForSeconds * 1000) return { standing: { ...before, goodSince }, firing: true, change: null };
  return { standing: QUIET, firing: false, change: 'cleared' };
}
