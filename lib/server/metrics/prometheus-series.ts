import type { CounterKey, GaugeKey } from './sample-row.ts';

/** Which series of a node's page make a sample, and what is done with several of them: of several processes the one nearest its limit counts. */
export type PageSeries = { metric: string; labels?: string; join: 'sum' | 'max' | 'min' };

export const GAUGE_SERIES: Record<GaugeKey, PageSeries> = {
  openFds: { metric: 'process_open_fds', join: 'max' },
  fdLimit: { metric: 'process_max_fds', join: 'min' },
  connectionsActive: { metric: 'sniproxy_connections_active', join: 'sum' },
  connectionsStale: { metric: 'sniproxy_connections_phase', labels: 'phase="stale"', join: 'sum' },
  dialing: { metric: 'sniproxy_connections_phase', labels: 'phase="dial"', join: 'sum' },
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

export const selectorOf = ({ metric, labels }: PageSeries, instance: string): string =>
  `${metric}{instance=${JSON.stringify(instance)}${labels ? `,${labels}` : ''}}`;
