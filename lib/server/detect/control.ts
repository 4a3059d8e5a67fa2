import type { Sample } from '#shared/metrics.ts';
import type { Interval } from '#shared/time.ts';
import { growthOf } from './growth.ts';
import { assessLeak } from './leak.ts';
import { firstAt, lastLife } from './lives.ts';
import { type JudgedWindow, judgeRows } from './window.ts';

/** An untouched node that leaks on leaks at least this share of what it did before, under the load it has now. */
const STILL_SHARE = 0.35;
const PROOF_FDS = 12;
/** A process that started this long before the change or later is not the one that leaked before it, ms: clocks differ by seconds. */
const TOUCHED_MS = -5_000;

/**
 * A matched node left alone, around the change. `leaking`: it leaks on as before, so that the change and nothing else explains a difference.
 * `stopped`: its leak ended too, so that something outside both did it. `unclear`: its leak would hardly show yet. `unfit`: it did not leak before
 * the change, or was restarted itself since, and says nothing of this leak.
 */
export type Control = {
  state: 'leaking' | 'stopped' | 'unclear' | 'unfit';
  /** fds that it leaks per connection now */
  perConnection: number;
  /** the same per 1,000, before and since the change */
  before: Interval | null;
  after: Interval | null;
};

/** `samples` are the control's whole history, in time order; `changedAtMs` is when the other node was changed. */
export function judgeControl(samples: readonly Sample[], changedAtMs: number): Control {
  const life = lastLife(samples);
  const at = firstAt(samples, changedAtMs, life.from, life.to);
  const touched = life.processStart !== null && life.processStart > changedAtMs + TOUCHED_MS;
  const [before, after] = [judgeRows(samples, life.from, at), judgeRows(samples, at, life.to)];
  const seen = { before: before?.per1000Connections ?? null, after: after?.per1000Connections ?? null };
  if (touched) return { state: 'unfit', perConnection: 0, ...seen };
  if (!before?.beyond || !after?.beyond || !before.accepted || !after.accepted) return { state: 'unclear', perConnection: 0, ...seen };
  const expected = before.beyond.mid * before.minutes * (after.accepted / before.accepted);
  if (expected < PROOF_FDS) {
    const { verdict } = assessLeak({ now: changedAtMs, samples: samples.slice(life.from, at) });
    return { state: verdict === 'not-leaking' ? 'unfit' : 'unclear', perConnection: 0, ...seen };
  }
  const grown = growthOf(after.bins.beyond, after.bins.n).rise;
  const state = grown < STILL_SHARE * expected ? 'stopped' : grown >= PROOF_FDS ? 'leaking' : 'unclear';
  return { state, perConnection: Math.max(0, grown) / after.accepted, ...seen };
}

/** By how much less the changed node leaks than the one left alone, fds per 1,000 connections; below 0 is more. 95 %. */
export function differenceTo(control: Control, window: JudgedWindow): Interval | null {
  const [left, changed] = [control.after, window.per1000Connections];
  if (left === null || changed === null) return null;
  const mid = left.mid - changed.mid;
  return {
    low: mid - Math.hypot(left.mid - left.low, changed.high - changed.mid),
    mid,
    high: mid + Math.hypot(left.high - left.mid, changed.mid - changed.low),
  };
}
