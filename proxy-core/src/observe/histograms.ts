import { Histogram, type Registry } from 'prom-client';
import { METRICS } from '../contract/metrics.ts';
import { PROTOCOLS } from '../contract/words.ts';

export type Histograms = ReturnType<typeof createHistograms>;

/** Observed as things happen; the exposition only prints them. */
export function createHistograms(registry: Registry) {
  const make = <L extends string>(
    name: 'sniproxy_connection_duration_seconds' | 'sniproxy_hello_bytes' | 'sniproxy_dial_seconds',
    labelNames: L[],
  ) => new Histogram<L>({ name, help: METRICS[name].help, labelNames, buckets: [...METRICS[name].buckets], registers: [registry] });
  const duration = make('sniproxy_connection_duration_seconds', ['protocol']);
  for (const protocol of PROTOCOLS) duration.zero({ protocol });
  return { duration, helloBytes: make('sniproxy_hello_bytes', []), dialSeconds: make('sniproxy_dial_seconds', []) };
}
