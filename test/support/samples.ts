import type { Sample } from '#shared/metrics.ts';

/** A sample of a quiet node; only what a test is about is said. */
export const sample = (at: number, values: Partial<Sample> = {}): Sample => ({
  at,
  processStart: 1_700_000_000_000,
  openFds: 100,
  fdLimit: 8192,
  connectionsActive: 30,
  connectionsStale: 0,
  withoutBackend: 0,
  poolActive: 0,
  poolIdle: 0,
  baselineFds: 20,
  acceptedTotal: 1000,
  refusedTotal: 0,
  bytesTotal: 0,
  errorsTotal: 0,
  rssBytes: 50_000_000,
  cpuSeconds: 1,
  eventLoopLagSeconds: 0.001,
  source: 'http',
  ...values,
});
