import type { Metric, Registry } from 'prom-client';
import { METRICS } from '../contract/metrics.ts';
import { PROTOCOLS, type Protocol } from '../contract/words.ts';

export type Histograms = ReturnType<typeof createHistograms>;
type Name = 'sniproxy_connection_duration_seconds' | 'sniproxy_hello_bytes' | 'sniproxy_dial_seconds';

/** How many observations were at most as large as each bound, and their sum. Observing is one loop and two additions. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** one more than bounds: what is above all of them */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** As Prometheus has it: each bucket holds those below it too. */
  rows(name: Name, labels: Record<string, string>) {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, at) => {
      count += this.#counts[at] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [...buckets, { metricName: `${name}_sum`, labels, value: this.#sum }, { metricName: `${name}_count`, labels, value: count }];
  }
}

/** Observed as things happen, in plain numbers; the exposition reads them. */
export function createHistograms(registry: Registry) {
  const bounds = (name: Name) => METRICS[name].buckets;
  const helloBytes = new Distribution(bounds('sniproxy_hello_bytes'));
  const dialSeconds = new Distribution(bounds('sniproxy_dial_seconds'));
  const durations = PROTOCOLS.map((protocol) => [protocol, new Distribution(bounds('sniproxy_connection_duration_seconds'))] as const);
  const byProtocol = new Map<Protocol, Distribution>(durations);
  register(registry, 'sniproxy_hello_bytes', () => helloBytes.rows('sniproxy_hello_bytes', {}));
  register(registry, 'sniproxy_dial_seconds', () => dialSeconds.rows('sniproxy_dial_seconds', {}));
  register(registry, 'sniproxy_connection_duration_seconds', () =>
    durations.flatMap(([protocol, each]) => each.rows('sniproxy_connection_duration_seconds', { protocol })),
  );
  return {
    helloBytes,
    dialSeconds,
    duration: { observe: ({ protocol }: { protocol: Protocol }, seconds: number) => byProtocol.get(protocol)?.observe(seconds) },
  };
}

/** prom-client's own Histogram hashes labels and scans objects per observation, several µs a connection; only its exposition is used. */
function register(registry: Registry, name: Name, rows: () => ReturnType<Distribution['rows']>): void {
  const { help } = METRICS[name];
  const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum' as const, values: rows() });
  registry.registerMetric(asMetric({ name, help, get, reset: () => {} }));
}

/** All that a Registry asks of a metric is its name and `get`. */
const asMetric = (made: object): Metric => made as Metric;
