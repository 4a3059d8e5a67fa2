import type { Sample } from '#shared/metrics.ts';
import type { Exposition } from './exposition.ts';
import { plausibleFds } from './plausible.ts';

/** What a probe over SSH knows of the process. */
export type ProcessCount = { openFds: number | null; fdLimit: number | null };

/** The page's clock and /proc's round differently and start-up takes a moment: starts this close are one. */
const SAME_START_MS = 2500;

/** One start per process life, whatever the source says to the second; null takes nothing away from what is known of the same life. */
export function sameProcessStart(before: number | null, now: number | null): number | null {
  if (before === null || now === null) return now;
  return Math.abs(now - before) <= SAME_START_MS ? before : now;
}

/** `counted` fills in for pages that export no fds. */
export function sampleOfPage(
  page: Exposition,
  about: { at: number; processStart: number | null; source: 'http' | 'ssh-metrics'; counted: ProcessCount | null },
): Sample {
  return {
    at: about.at,
    processStart: about.processStart,
    openFds: plausibleFds(page.openFds ?? about.counted?.openFds ?? null),
    fdLimit: plausibleFds(page.fdLimit ?? about.counted?.fdLimit ?? null),
    connectionsActive: page.connectionsActive,
    connectionsStale: page.connectionsStale,
    withoutBackend: page.withoutBackend,
    poolActive: page.poolActive,
    poolIdle: page.poolIdle,
    baselineFds: plausibleFds(page.baselineFds),
    acceptedTotal: page.acceptedTotal,
    refusedTotal: page.refusedTotal,
    bytesTotal: page.bytesTotal,
    errorsTotal: page.errorsTotal,
    rssBytes: page.rssBytes,
    cpuSeconds: page.cpuSeconds,
    eventLoopLagSeconds: page.eventLoopLagSeconds,
    source: about.source,
  };
}

export function sampleOfProbe(about: { at: number; processStart: number | null; counted: ProcessCount }): Sample {
  return {
    at: about.at,
    processStart: about.processStart,
    openFds: plausibleFds(about.counted.openFds),
    fdLimit: plausibleFds(about.counted.fdLimit),
    connectionsActive: null,
    connectionsStale: null,
    withoutBackend: null,
    poolActive: null,
    poolIdle: null,
    baselineFds: null,
    acceptedTotal: null,
    refusedTotal: null,
    bytesTotal: null,
    errorsTotal: null,
    rssBytes: null,
    cpuSeconds: null,
    eventLoopLagSeconds: null,
    source: 'ssh-proc',
  };
}
