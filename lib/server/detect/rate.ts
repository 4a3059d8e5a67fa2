import type { Interval } from '#shared/time.ts';

/** A rate per minute as a rate per 1,000 accepted connections, at the accept rate of its window. Null where nothing was accepted or counted. */
export function perThousand(perMinute: Interval, minutes: number, accepted: number | null): Interval | null {
  if (accepted === null || accepted <= 0 || minutes <= 0) return null;
  const factor = (1000 * minutes) / accepted;
  return { low: perMinute.low * factor, mid: perMinute.mid * factor, high: perMinute.high * factor };
}
