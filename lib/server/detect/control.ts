import type { Sample } from '#shared/metrics.ts';
import { growthOf } from './growth.ts';
import { firstAt, lastLife } from './lives.ts';
import { judgeRows } from './window.ts';

/** An untouched node that leaks on leaks at least this share of what it did before, under the load it has now. */
const STILL_SHARE = 0.5;
const PROOF_FDS = 12;

/**
 * A matched node left alone, around the change: `leaking` = it leaks on as before, so that the change and nothing else explains a difference; `stopped`
 * = its leak ended too, so that something outside both did it; `unclear` = its leak would hardly show yet. `perConnection` is what it leaks now.
 */
export type Control = { state: 'leaking' | 'stopped' | 'unclear'; perConnection: number };

export function judgeControl(samples: readonly Sample[], changedAtMs: number): Control {
  const life = lastLife(samples);
  const at = firstAt(samples, changedAtMs, life.from, life.to);
  const [before, after] = [judgeRows(samples, life.from, at), judgeRows(samples, at, life.to)];
  const unclear: Control = { state: 'unclear', perConnection: 0 };
  if (!before?.beyond || !after?.beyond || !before.accepted || !after.accepted) return unclear;
  const expected = before.beyond.mid * before.minutes * (after.accepted / before.accepted);
  if (expected < PROOF_FDS) return unclear;
  const grown = growthOf(after.bins.beyond, after.bins.n).rise;
  const state = grown >= STILL_SHARE * expected && grown >= PROOF_FDS ? 'leaking' : grown < STILL_SHARE * expected ? 'stopped' : 'unclear';
  return { state, perConnection: Math.max(0, grown) / after.accepted };
}
