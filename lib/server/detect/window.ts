import type { Sample } from '#shared/metrics.ts';
import type { Interval } from '#shared/time.ts';
import { type Bins, binWindow } from './bins.ts';
import { firstAt, lastLife } from './lives.ts';
import { perThousand } from './rate.ts';
import { type Fit, fitSlope } from './slope.ts';

export type WindowJudgement = {
  /** slope of OPEN fds, fds/min */
  perMinute: Interval | null;
  /** leaked (unexplained where tunnels are known, else open) fds per 1,000 accepted connections */
  per1000Connections: Interval | null;
  accepted: number | null;
};

/** A window of one life with both slopes. `beyond` is the leak, `open` what an operator sees grow. */
export type JudgedWindow = WindowJudgement & { fromMs: number; toMs: number; minutes: number; beyond: Fit | null; bins: Bins };

/** Judges rows `[from, to)` of one process life. */
export function judgeRows(samples: readonly Sample[], from: number, to: number): JudgedWindow | null {
  const [head, tail] = [samples[from], samples[to - 1]];
  if (!head || !tail || tail.at <= head.at) return null;
  const bins = binWindow(samples, from, to);
  const beyond = fitSlope(bins.minutes, bins.beyond, bins.n, 2);
  const minutes = (tail.at - head.at) / 60_000;
  const accepted = tail.acceptedTotal === null || bins.n === 0 ? null : (bins.accepted[bins.n - 1] ?? null);
  return {
    fromMs: head.at,
    toMs: tail.at,
    minutes,
    beyond,
    bins,
    perMinute: beyond === null ? null : openSlope(bins, beyond),
    per1000Connections: beyond === null ? null : perThousand(beyond, minutes, accepted),
    accepted,
  };
}

/**
 * Slope of open fds as the slope beyond traffic plus that of the explained rest. The second is mostly noise in a short window (tunnels come and
 * go), so it is shrunk towards 0 by its own uncertainty (positive-part James-Stein): a real trend of the traffic stays, chance does not.
 */
function openSlope(bins: Bins, beyond: Fit): Interval {
  const traffic = new Float64Array(bins.n);
  for (let i = 0; i < bins.n; i += 1) traffic[i] = (bins.open[i] ?? 0) - (bins.beyond[i] ?? 0);
  const fit = fitSlope(bins.minutes, traffic, bins.n);
  if (fit === null || fit.mid === 0) return { low: beyond.low, mid: beyond.mid, high: beyond.high };
  const error = Math.max(fit.high - fit.mid, fit.mid - fit.low) / 1.96;
  const keep = Math.max(0, 1 - (error / fit.mid) ** 2);
  return {
    low: beyond.mid + keep * fit.mid - Math.hypot(beyond.mid - beyond.low, keep * (fit.mid - fit.low)),
    mid: beyond.mid + keep * fit.mid,
    high: beyond.mid + keep * fit.mid + Math.hypot(beyond.high - beyond.mid, keep * (fit.high - fit.mid)),
  };
}

/** Slopes and load between two instants (epoch ms, both included), of the newest process life in that window. */
export function judgeWindow(samples: readonly Sample[], fromMs: number, toMs: number): WindowJudgement {
  const end = firstAt(samples, toMs + 1);
  const life = lastLife(samples, end);
  const judged = judgeRows(samples, firstAt(samples, fromMs, life.from, end), end);
  if (judged === null) return { perMinute: null, per1000Connections: null, accepted: null };
  return { perMinute: judged.perMinute, per1000Connections: judged.per1000Connections, accepted: judged.accepted };
}
