import type { Sample } from '#shared/metrics.ts';

export const TICK_MS = 5000;

/** A node under changing load, with jitter in everything that jitters. */
export function sampleOf(node: number, at: number, tick: number): Sample {
  const active = Math.round(40 + 20 * Math.sin(tick / 200 + node) + 12 * Math.random());
  return {
    at: at + Math.round(400 * Math.random()) + (node % 1000) * 4,
    processStart: 1_700_000_000_000 + node * 1000,
    openFds: 24 + 2 * active + Math.floor(tick / 30) + Math.round(4 * Math.random()),
    fdLimit: 8192,
    connectionsActive: active,
    connectionsStale: Math.round(Math.random()),
    withoutBackend: Math.round(2 * Math.random()),
    poolActive: Math.floor(tick / 60),
    poolIdle: 8,
    baselineFds: 24,
    acceptedTotal: 900_000 + tick * 110 + Math.round(60 * Math.random()),
    refusedTotal: 0,
    bytesTotal: 4_000_000_000 + tick * 1_800_000 + Math.round(900_000 * Math.random()),
    errorsTotal: 37 + Math.floor(tick / 90),
    rssBytes: 71_000_000 - (71_000_000 % 4096) + 4096 * Math.round(300 * Math.random()),
    cpuSeconds: Math.round(100 * (500 + tick * 0.031)) / 100,
    eventLoopLagSeconds: Math.round(1e6 * (0.001 + 0.002 * Math.random())) / 1e6,
    source: 'http',
  };
}

/** 61 lines, as a proxy's page is. */
export function pageOf(node: number, tick: number): string {
  const s = sampleOf(node, 0, tick);
  const lines = [
    `process_open_fds ${s.openFds}`,
    'process_max_fds 8192',
    'process_start_time_seconds 1700000000',
    `process_resident_memory_bytes ${s.rssBytes}`,
    `process_cpu_seconds_total ${s.cpuSeconds}`,
    `sniproxy_connections_active ${s.connectionsActive}`,
    `sniproxy_accepted_total ${s.acceptedTotal}`,
    'sniproxy_fd_baseline 24',
    'sniproxy_pool_enabled 1',
    `sniproxy_pool_size ${s.poolIdle}`,
    `sniproxy_pool_active_connections ${s.poolActive}`,
    `sniproxy_eventloop_lag_seconds ${s.eventLoopLagSeconds}`,
    `sniproxy_config_info{sha256="${'ab'.repeat(32)}",generation="1"} 1`,
    ...['sniff', 'dial', 'tunnel', 'half_closed', 'stale'].map((p) => `sniproxy_connections_phase{phase="${p}"} 3`),
    ...['limit', 'budget', 'rate'].map((r) => `sniproxy_refused_total{reason="${r}"} 0`),
    ...Array.from({ length: 12 }, (_, i) => `sniproxy_errors_total{error_type="e${i}",protocol="tls"} ${i}`),
    ...Array.from({ length: 14 }, (_, i) => `sniproxy_bytes_transferred_total{host="h${i}.example",direction="tx"} ${s.bytesTotal}`),
    ...Array.from({ length: 14 }, (_, i) => `sniproxy_connection_duration_seconds_bucket{protocol="tls",le="${i}"} ${i * 7}`),
  ];
  return `${lines.slice(0, 61).join('\n')}\n`;
}
