import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { METRIC_NAMES, METRICS, type MetricName } from '../contract/metrics.ts';
import { DRILL_NAMES, REFUSAL_REASONS } from '../contract/words.ts';
import type { Core } from '../relay/core.ts';
import type { QuicFront } from '../udp/front.ts';
import type { EventLoopLag } from './lag.ts';
import { fds, generations, phases, withoutBackend } from './snapshot.ts';

export type Exposed = {
  core: Core;
  lag: EventLoopLag;
  quic: QuicFront;
  /** descriptors of open listeners, the metrics one included */
  listeners: () => number;
  reloadFailed: () => boolean;
  version: string;
  /** which of several processes this is, from 1 */
  worker: number;
};
/** A metric as prom-client's JSON has it; `aggregator` says what several processes' values make together. */
export type Family = {
  name: string;
  help: string;
  type: string;
  aggregator: string;
  values: { value: number; labels: Record<string, string | number>; metricName?: string }[];
};
/** prom-client's own lag metric wakes an idle process so often; at its default of 10 ms that is most of what one costs. */
const LAG_PRECISION_MS = 100;

type Labels = Record<string, string>;
/** Values of one metric at the moment of a scrape. */
export type Rows = readonly (readonly [labels: Labels, value: number])[];

/** The /metrics page. Counting is done elsewhere in plain numbers; they are read when the page is asked for. */
export function registerMetrics(registry: Registry, exposed: Exposed): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  // Their collectors list /proc/self/fd, which needs a descriptor; ours tell the truth at the limit too.
  registry.removeSingleMetric('process_open_fds');
  registry.removeSingleMetric('process_max_fds');
  registerRows(registry, rowsOf(exposed));
}

export function registerRows(registry: Registry, rows: Partial<Record<MetricName, (() => Rows) | null>>): void {
  for (const name of METRIC_NAMES) {
    const read = rows[name];
    if (read) register(registry, name, read);
  }
}

export const familiesOf = (registry: Registry): Promise<Family[]> => registry.getMetricsAsJSON() as Promise<object[]> as Promise<Family[]>;

function register(registry: Registry, name: MetricName, read: () => Rows): void {
  const spec = METRICS[name];
  const options = {
    name,
    help: spec.help,
    labelNames: 'labels' in spec ? Object.keys(spec.labels) : [],
    registers: [registry],
    ...('across' in spec && spec.across === 'max' && { aggregator: 'max' as const }),
  };
  if (spec.type === 'gauge') {
    const gauge: Gauge = new Gauge({
      ...options,
      collect: () => {
        gauge.reset();
        for (const [labels, value] of read()) gauge.set(labels, value);
      },
    });
    return;
  }
  const counter: Counter = new Counter({
    ...options,
    collect: () => {
      counter.reset();
      for (const [labels, value] of read()) counter.inc(labels, value);
    },
  });
}

const one = (value: number): Rows => [[{}, value]];
const labelled = (name: string, counts: Iterable<readonly [string, number]>): Rows =>
  [...counts].map(([key, value]) => [{ [name]: key }, value] as const);
/** Keys are two words with a space between. */
const byPair = (names: readonly [string, string], counts: Iterable<readonly [string, number]>): Rows =>
  [...counts].map(([key, value]) => {
    const [first = '', second = ''] = key.split(' ');
    return [{ [names[0]]: first, [names[1]]: second }, value] as const;
  });

/** null = a histogram, which keeps its own values. */
function rowsOf({ core, lag, quic, listeners, reloadFailed, version, worker }: Exposed): Record<MetricName, (() => Rows) | null> {
  const { counters, pool, budget } = core;
  const refusals = () => REFUSAL_REASONS.map((reason) => [reason, counters.reasons.get(reason) ?? 0] as const);
  const hosts = () =>
    [...counters.hosts, ['other', counters.other] as const].flatMap(
      ([host, { tx, rx }]): Rows => [
        [{ host, direction: 'tx' }, tx],
        [{ host, direction: 'rx' }, rx],
      ],
    );
  return {
    sniproxy_accepted_total: () => one(counters.accepted),
    sniproxy_connections_active: () => one(core.connections.size),
    sniproxy_connections_phase: () => labelled('phase', Object.entries(phases(core))),
    sniproxy_connections_without_backend: () => one(withoutBackend(core)),
    sniproxy_connections_generation: () => labelled('generation', Object.entries(generations(core))),
    sniproxy_connections_total: () => byPair(['protocol', 'status'], counters.connections),
    sniproxy_closed_total: () => labelled('reason', counters.reasons),
    sniproxy_refused_total: () => labelled('reason', refusals()),
    sniproxy_errors_total: () => byPair(['error_type', 'protocol'], counters.errors),
    sniproxy_protocol_distribution_total: () => labelled('protocol', counters.protocols),
    sniproxy_bytes_transferred_total: hosts,
    sniproxy_connection_duration_seconds: null,
    sniproxy_hello_bytes: null,
    sniproxy_dial_seconds: null,
    sniproxy_pool_hits_total: () => one(pool.hits),
    sniproxy_pool_misses_total: () => one(pool.misses),
    sniproxy_pool_evictions_total: () => one(pool.evictions),
    sniproxy_pool_size: () => one(pool.idle),
    sniproxy_pool_active_connections: () => one(pool.leased),
    sniproxy_pool_enabled: () => one(pool.enabled ? 1 : 0),
    sniproxy_keep_alive_reuses_total: () => one(pool.hits),
    sniproxy_keep_alive_rejections_total: () => one(pool.rejections),
    process_open_fds: () => one(fds(core, listeners()).open),
    process_max_fds: () => one(budget.limit),
    sniproxy_fds: () => labelled('kind', Object.entries(fds(core, listeners()).kinds)),
    sniproxy_fd_budget: () => one(budget.total),
    sniproxy_fd_baseline: () => one(budget.baseline + quic.held),
    sniproxy_max_connections: () => one(core.maxConnections),
    sniproxy_quic_flows: () => labelled('phase', Object.entries(quic.figures.phases)),
    sniproxy_quic_datagrams_total: () => labelled('direction', Object.entries(quic.figures.datagrams)),
    sniproxy_quic_dropped_total: () => labelled('reason', quic.figures.drops),
    sniproxy_quic_moves_total: () => labelled('by', Object.entries(quic.figures.moves)),
    sniproxy_config_info: () => [[{ sha256: core.live.sha256, generation: String(core.live.generation) }, 1]],
    sniproxy_config_reload_failed: () => one(reloadFailed() ? 1 : 0),
    sniproxy_eventloop_lag_seconds: () => one(lag.worst),
    sniproxy_log_dropped_total: () => one(core.log.dropped),
    sniproxy_drill_active: () =>
      labelled(
        'drill',
        DRILL_NAMES.map((name) => [name, core.drills.name === name ? 1 : 0] as const),
      ),
    sniproxy_workers: () => one(1),
    sniproxy_worker_losses_total: () => one(0),
    sniproxy_worker_open_fds: () => [[{ worker: String(worker) }, fds(core, listeners()).open]],
    sniproxy_worker_max_fds: () => [[{ worker: String(worker) }, budget.limit]],
    sniproxy_worker_connections: () => [[{ worker: String(worker) }, core.connections.size]],
    sniproxy_build_info: () => [[{ version, node: process.version }, 1]],
  };
}
