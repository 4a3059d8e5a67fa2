import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until `probe` gives something truthy, which it returns. Fails with `what`, after `timeoutMs`, and tells the last answer
 * or error: the one way for a test to wait.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (Date.now() > end)
      throw new Error(`${what}: not within ${timeoutMs} ms (last: ${typeof last === 'string' ? last : JSON.stringify(last)})`);
    await sleep(everyMs);
  }
}
