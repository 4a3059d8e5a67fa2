import type { Sample } from '#shared/metrics.ts';

/** Older history is kept a sample a minute or thinner: a gap is one that lasts longer than so many replayed moments. */
export const SILENT_STEPS = 2.5;

/** Seconds for which fds were counted over SSH because the metrics page did not answer, 0 when it does; `samples[0, end)` are known. */
export function blindSeconds(samples: readonly Sample[], end: number, now: number): number | null {
  if (samples[end - 1] === undefined) return null;
  let first = end;
  while (first > 0 && samples[first - 1]?.source === 'ssh-proc') first -= 1;
  const since = samples[first]?.at;
  return first === end || since === undefined ? 0 : (now - since) / 1000;
}

/** Sockets that the pool says it holds beyond the fds that the process has for them; null where one of them is not known. */
export function gaugeOver(sample: Sample | undefined): number | null {
  if (sample?.poolActive == null || sample.poolIdle === null || sample.openFds === null) return null;
  return Math.max(0, sample.poolActive + sample.poolIdle - (sample.openFds - (sample.baselineFds ?? 0)));
}
