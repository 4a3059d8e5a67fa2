import type { CounterKey, GaugeKey } from './sample-row.ts';

/** Which series of a node's page make a sample, and what is done with several of them: of several processes the one nearest its limit counts. */
export type PageSeries = { metric: string; labels?: string; join: 'sum' | 'max' | 'min' };

export const GAUGE_SERIES: Record<GaugeKey, PageSeries> = {
  openFds: { metric: 'process_open_fds', join: 'max' },
  fdLimit: { metric: 'process_max_fds', join: 'min' },
  connectionsActive: { metric: 'sniproxy_connections_active', join: 'sum' },
  connectionsStale: { metric: 'sniproxy_connections_phase', labels: 'phase="stale"', join: 'sum' },
  withoutBackend: { metric: 'sniproxy_connections_without_backend', join: 'sum' },
  poolActive: { metric: 'sniproxy_pool_active_connections', join: 'sum' },
  poolIdle: { metric: 'sniproxy_pool_size', join: 'sum' },
  baselineFds: { metric: 'sniproxy_fd_baseline', join: 'max' },
  rssBytes: { metric: 'process_resident_memory_bytes', join: 'sum' },
  eventLoopLagSeconds: { metric: 'sniproxy_eventloop_lag_seconds', join: 'max' },
};

export const COUNTER_SERIES: Record<CounterKey, PageSeries> = {
  acceptedTotal: { metric: 'sniproxy_accepted_total', join: 'sum' },
  refusedTotal: { metric: 'sniproxy_refused_total', join: 'sum' },
  bytesTotal: { metric: 'sniproxy_bytes_transferred_total', join: 'sum' },
  errorsTotal: { metric: 'sniproxy_errors_total', join: 'sum' },
  cpuSeconds: { metric: 'process_cpu_seconds_total', join: 'sum' },
};

export const START_SERIES: PageSeries = { metric: 'process_start_time_seconds', join: 'max' };

/** Of a proxy with several workers: how many there are, and what all of them have open. */
export const WORKERS_SERIES: PageSeries = { metric: 'sniproxy_workers', join: 'sum' };
export const ALL_FDS_SERIES: PageSeries = { metric: 'sniproxy_worker_open_fds', join: 'sum' };

type Fds = { open: number; limit: number; baseline: number };
/**
 * As the scrape has it: the page's own fds are those of the worker nearest its limit, traffic is everybody's. So fds are those of all here, and the
 * limit is what all have open when that worker is full. NaN is not known.
 */
export function fdsOfAll({ open, limit, baseline }: Fds, workers: number, all: number): Fds {
  if (!(workers >= 2) || !(all > 0) || !(open > 0)) return { open, limit, baseline };
  return { open: all, limit: Math.round((limit * all) / open), baseline: baseline * workers };
}

export const selectorOf = ({ metric, labels }: PageSeries, instance: string): string =>
  `${metric}{instance=${JSON.stringify(instance)}${labels ? `,${labels}` : ''}}`;
