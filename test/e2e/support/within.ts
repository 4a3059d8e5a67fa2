import { until } from '#test/support/until.ts';

/** Waits in a browser test: what, at most how long, and for which answer. */
export const within = <T>(what: string, timeoutMs: number, probe: () => T | Promise<T>, everyMs = 250): Promise<NonNullable<T>> =>
  until(what, probe, { timeoutMs, everyMs });
