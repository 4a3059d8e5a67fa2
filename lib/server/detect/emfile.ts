import type { Band, Interval } from '#shared/time.ts';

/**
 * Seconds until open fds reach the limit at a constant rate, with the rate's band turned around (the fastest rate gives the near end).
 * `high` is null where the slowest rate does not grow; null as a whole where even the middle one does not.
 */
export function timeToEmfile(openFds: number | null, fdLimit: number | null, perMinute: Interval | null): Band | null {
  if (openFds === null || fdLimit === null || perMinute === null || perMinute.mid <= 0) return null;
  const room = Math.max(0, fdLimit - openFds);
  const seconds = (rate: number) => (room / rate) * 60;
  return { low: seconds(perMinute.high), mid: seconds(perMinute.mid), high: perMinute.low > 0 ? seconds(perMinute.low) : null };
}
