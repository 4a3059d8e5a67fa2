import { networkOf } from '#server/kernel/client-address.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';

/** Each of these costs a password's hash or a signature; a person behind a shared address needs a few. */
const PER_MINUTE = 60;
const MOST_ADDRESSES = 10_000;

/** How many attempts to come in one address may make, right or wrong: a bucket that fills again within a minute. */
export function createRateLimit({ clock, perMinute = PER_MINUTE }: { clock: Clock; perMinute?: number }) {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(remote: string): void {
      const now = clock.now();
      const network = networkOf(remote);
      const before = buckets.get(network) ?? { left: perMinute, at: now };
      const left = Math.min(perMinute, before.left + ((now - before.at) / 60_000) * perMinute);
      buckets.delete(network);
      buckets.set(network, { left: Math.max(0, left - 1), at: now });
      const oldest = buckets.keys().next().value;
      if (buckets.size > MOST_ADDRESSES && oldest !== undefined) buckets.delete(oldest);
      if (left < 1)
        throw new HeadroomError('request.rate-limited', `more than ${perMinute} sign-ins a minute came from ${remote}: wait a minute`);
    },
  };
}
