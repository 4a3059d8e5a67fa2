import type { RuleNumbers } from '#shared/incident-rules.ts';
import type { Leak } from '#shared/nodes.ts';
import type { Band } from '#shared/time.ts';
import type { Is } from './standing.ts';

/** `value` in the unit of the rule's threshold. `patienceSeconds`: a bad one that is in no hurry must hold for so long before it fires. */
export type Alarm = { is: Is; value: number | null; patienceSeconds?: number };

type Numbers = Pick<RuleNumbers, 'threshold' | 'clear'>;

/** What is nearer than this to its limit by the near end of its band fires at once, as long as it grows in a straight line. */
const URGENT_SECONDS = 4 * 3600;
/** Of the time beyond that, the share that a slow leak is watched before anybody is told: a verdict at the edge of the noise does not last so long. */
const WATCHED_SHARE = 0.02;
const MOST_PATIENCE_SECONDS = 3600;
/**
 * Growth that bends over may be a cache that fills: a sigma of it is watched so long, more of it longer. Up to one sigma, which is chance, for no more
 * than this share of the time that a straight line leaves; the surer the bend, the less that line says. What is this near fires at once.
 */
const BENT_SECONDS = 30 * 60;
const MOST_BENT_SECONDS = 2 * 3600;
const BENT_SHARE = 0.2;
const NEAR_SECONDS = 30 * 60;

/** "It leaks, and surely by `threshold` fds a minute." */
export function leakAlarm(leak: Leak, band: Band | null, { threshold, clear }: Numbers): Alarm {
  if (leak.verdict === 'cannot-tell') return { is: 'unknown', value: null };
  const value = leak.perMinute?.low ?? null;
  if (leak.verdict === 'not-leaking') return { is: 'good', value };
  if (value === null || value >= threshold) return { is: 'bad', value, patienceSeconds: patience(leak, band) };
  return { is: value < clear ? 'good' : 'between', value };
}

/** "It leaks, and by the near end of its band the limit is reached within `threshold` minutes." */
export function emfileAlarm(leak: Leak, band: Band | null, { threshold, clear }: Numbers): Alarm {
  if (leak.verdict === 'cannot-tell') return { is: 'unknown', value: null };
  if (leak.verdict === 'not-leaking') return { is: 'good', value: null };
  if (band === null) return { is: 'unknown', value: null };
  const value = band.low / 60;
  if (value <= threshold) return { is: 'bad', value, patienceSeconds: bentPatience(leak, band) };
  return { is: value > clear ? 'good' : 'between', value };
}

function patience(leak: Leak, band: Band | null): number {
  if (band === null) return 0;
  const slow = Math.min(MOST_PATIENCE_SECONDS, Math.max(0, (band.low - URGENT_SECONDS) * WATCHED_SHARE));
  return Math.max(slow, bentPatience(leak, band));
}

function bentPatience({ bend = 0 }: Leak, { low }: Band): number {
  if (bend <= 0 || low < NEAR_SECONDS) return 0;
  return Math.min(bend ** 1.5 * BENT_SECONDS, BENT_SHARE * Math.max(1, bend ** 2) * low, MOST_BENT_SECONDS);
}
