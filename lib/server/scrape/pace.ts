import type { ErrorCode } from '#shared/errors.ts';
import type { ScrapeCause } from './failure.ts';

/** How long until a node is asked again. Pure; the loops add the jitter. */

/** While a run watches a node. */
export const FOCUS_MS = 2000;
export const FOCUS_PROBE_MS = 5000;
export const PROBE_MS = 15_000;
/** A node that comes back is seen within this much, also after a long outage. */
const SLOWEST_MS = 15_000;
const SLOWEST_WRONG_PAGE_MS = 60_000;
/** Logins that fail may get our address banned on the node. */
const REFUSED_LOGIN_MS = 30_000;
const LOST_SSH_MS = 10_000;
const DOUBT_MS = 2000;

/** These answers come from something that is alive and wrong: asking often only costs. */
const WRONG_PAGE: ReadonlySet<ScrapeCause> = new Set([
  'denied',
  'redirected',
  'encoded',
  'too-large',
  'line-too-long',
  'malformed',
  'no-series',
]);

export function pageDelay(state: { intervalMs: number; failures: number; cause: ScrapeCause | null; focused: boolean }): number {
  if (state.focused) return Math.min(FOCUS_MS, state.intervalMs);
  if (state.failures === 0 || state.cause === null) return state.intervalMs;
  const slowest = Math.max(state.intervalMs, WRONG_PAGE.has(state.cause) ? SLOWEST_WRONG_PAGE_MS : SLOWEST_MS);
  return Math.min(slowest, state.intervalMs * 2 ** Math.min(state.failures - 1, 10));
}

/** `doubted` = a first failure that is not believed yet. */
export function probeDelay(state: { code: ErrorCode | null; doubted: boolean; focused: boolean }): number {
  if (state.doubted) return DOUBT_MS;
  if (state.code === null || state.code === 'ssh.command-failed') return state.focused ? FOCUS_PROBE_MS : PROBE_MS;
  return state.code === 'ssh.auth-failed' ? REFUSED_LOGIN_MS : LOST_SSH_MS;
}

/** ± 5 %, so that nodes do not fall into step. */
export const jittered = (ms: number, random: () => number = Math.random): number => ms * (0.95 + 0.1 * random());
