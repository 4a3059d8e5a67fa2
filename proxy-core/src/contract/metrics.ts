import {
  DRILL_NAMES,
  ERROR_REASONS,
  FD_KINDS,
  PHASES,
  PROTOCOLS,
  QUIC_DROP_REASONS,
  QUIC_PHASES,
  REASONS,
  REFUSAL_REASONS,
  STATUSES,
} from './words.ts';

/** Every metric of our own: name → what it is. Label values given here are closed sets, exported at 0 from the start. */
type MetricSpec = {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels?: Record<string, readonly string[] | null>;
  buckets?: readonly number[];
  /** with several workers: their sum when left out; of the worker that is nearest its limit of open files; the largest */
  across?: 'worst' | 'max';
};

const spec = <T extends Record<string, MetricSpec>>(metrics: T): T => metrics;

export const METRICS = spec({
  sniproxy_accepted_total: { type: 'counter', help: 'Accepted client sockets, refused ones included.' },
  sniproxy_connections_active: { type: 'gauge', help: 'Client connections by TCP that hold a file descriptor now.' },
  sniproxy_connections_phase: { type: 'gauge', help: 'Client connections by phase; each is in exactly one.', labels: { phase: PHASES } },
  sniproxy_connections_without_backend: {
    type: 'gauge',
    help: 'Client connections that hold one file descriptor, not two: no backend is dialled, connected or borrowed for them.',
  },
  sniproxy_connections_generation: {
    type: 'gauge',
    help: 'Client connections by the generation of the config that they began with.',
    labels: { generation: null },
  },
  sniproxy_connections_total: { type: 'counter', help: 'Connections that ended.', labels: { protocol: PROTOCOLS, status: STATUSES } },
  sniproxy_closed_total: { type: 'counter', help: 'Connections that ended, by their one reason.', labels: { reason: REASONS } },
  sniproxy_refused_total: {
    type: 'counter',
    help: 'Connections refused before they became a tunnel.',
    labels: { reason: REFUSAL_REASONS },
  },
  sniproxy_errors_total: {
    type: 'counter',
    help: 'Connections that failed.',
    labels: { error_type: ERROR_REASONS, protocol: PROTOCOLS },
  },
  sniproxy_protocol_distribution_total: {
    type: 'counter',
    help: 'Connections by what their first bytes are.',
    labels: { protocol: PROTOCOLS },
  },
  sniproxy_bytes_transferred_total: {
    type: 'counter',
    help: 'Bytes relayed: tx from client to backend, rx the other way. Names beyond the first hundred are "other".',
    labels: { host: null, direction: ['tx', 'rx'] },
  },
  sniproxy_connection_duration_seconds: {
    type: 'histogram',
    help: 'From accept to end.',
    labels: { protocol: PROTOCOLS },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  },
  sniproxy_hello_bytes: {
    type: 'histogram',
    help: 'Size of the first flight when it was understood.',
    buckets: [256, 512, 1024, 2048, 4096, 8192, 16384, 65536],
  },
  sniproxy_dial_seconds: {
    type: 'histogram',
    help: 'From the decision to a connected backend.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  },
  sniproxy_pool_hits_total: { type: 'counter', help: 'Leases served by an idle pooled socket.' },
  sniproxy_pool_misses_total: { type: 'counter', help: 'Leases that dialled a new socket.' },
  sniproxy_pool_evictions_total: { type: 'counter', help: 'Idle pooled sockets destroyed.' },
  sniproxy_pool_size: { type: 'gauge', help: 'Idle sockets in the pool.' },
  sniproxy_pool_active_connections: { type: 'gauge', help: 'Sockets that the pool has lent out and not got back.' },
  sniproxy_pool_enabled: { type: 'gauge', help: '1 when connection_pool.enabled is true.', across: 'max' },
  sniproxy_keep_alive_reuses_total: { type: 'counter', help: 'Requests that reused a pooled socket.' },
  sniproxy_keep_alive_rejections_total: { type: 'counter', help: 'Pooled sockets not reused because of their keep-alive limits.' },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors, of the worker nearest its limit.', across: 'worst' },
  process_max_fds: { type: 'gauge', help: 'Soft limit of open file descriptors, of the worker nearest it.', across: 'worst' },
  sniproxy_fds: {
    type: 'gauge',
    help: 'Open file descriptors by kind, of the worker nearest its limit.',
    labels: { kind: FD_KINDS },
    across: 'worst',
  },
  sniproxy_fd_budget: { type: 'gauge', help: 'File descriptors that connections of one worker may hold together.', across: 'worst' },
  sniproxy_fd_baseline: {
    type: 'gauge',
    help: 'File descriptors that no TCP connection holds: those of an idle process, and one for each address of a QUIC flow.',
    across: 'worst',
  },
  sniproxy_max_connections: { type: 'gauge', help: 'max_connections as it is in force.' },
  sniproxy_quic_flows: {
    type: 'gauge',
    help: 'QUIC connections by phase. They are not among sniproxy_connections_active: each holds one descriptor.',
    labels: { phase: QUIC_PHASES },
  },
  sniproxy_quic_datagrams_total: {
    type: 'counter',
    help: 'Datagrams relayed: tx from client to backend, rx the other way.',
    labels: { direction: ['tx', 'rx'] },
  },
  sniproxy_quic_dropped_total: { type: 'counter', help: 'Datagrams thrown away.', labels: { reason: QUIC_DROP_REASONS } },
  sniproxy_quic_moves_total: {
    type: 'counter',
    help: 'Addresses that clients moved to: known by their connection id, or a guess that a backend has to confirm.',
    labels: { by: ['id', 'guess'] },
  },
  sniproxy_config_info: { type: 'gauge', help: 'The config file in force.', labels: { sha256: null, generation: null } },
  sniproxy_config_reload_failed: { type: 'gauge', help: '1 when the last reload was refused and the old config is in force.' },
  sniproxy_eventloop_lag_seconds: { type: 'gauge', help: 'Longest delay of the event loop in the last 10 s.', across: 'max' },
  sniproxy_log_dropped_total: { type: 'counter', help: 'Log lines dropped because their reader was too slow.' },
  sniproxy_drill_active: { type: 'gauge', help: 'Fault injection by --drill.', labels: { drill: DRILL_NAMES } },
  sniproxy_workers: { type: 'gauge', help: 'Processes that take clients.' },
  sniproxy_worker_losses_total: { type: 'counter', help: 'Workers that died and were replaced.' },
  sniproxy_worker_open_fds: { type: 'gauge', help: 'Open file descriptors of each worker.', labels: { worker: null } },
  sniproxy_worker_max_fds: { type: 'gauge', help: 'Soft limit of open file descriptors of each worker.', labels: { worker: null } },
  sniproxy_worker_connections: { type: 'gauge', help: 'Client connections that each worker holds.', labels: { worker: null } },
  sniproxy_build_info: { type: 'gauge', help: 'What is running.', labels: { version: null, node: null } },
});
export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.freeze(Object.keys(METRICS)) as readonly MetricName[];
