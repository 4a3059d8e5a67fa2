import type { MetricStore } from '#server/metrics/index.ts';
import type { Sample } from '#shared/metrics.ts';

type Store = Pick<MetricStore, 'raw' | 'query'>;
type Bucket = Awaited<ReturnType<Store['query']>>['buckets'][number];

/** Every sample is read of ranges up to this, milliseconds, and of no more nodes than that at once; else one a minute or what is left. */
const RAW_MS = 26 * 3_600_000;
const RAW_NODES = 3;
const MINUTE = 60;
/** More rows a node than this are not held: wider buckets are read. */
const MAX_ROWS = 12_000;
const STEPS = [MINUTE, 300, 900, 3600];
const FULL_WITHIN = 2;

/** One node's samples in `[fromMs, toMs]`, and one a minute from `knownFromMs` on: what was known when the range began. */
export async function readHistory(
  store: Store,
  nodeId: string,
  range: { knownFromMs: number; fromMs: number; toMs: number; nodes: number },
): Promise<{ samples: Sample[]; stepSeconds: number }> {
  const { knownFromMs, fromMs, toMs } = range;
  if (toMs - fromMs <= RAW_MS && range.nodes <= RAW_NODES) {
    const raw = await store.raw(nodeId, fromMs, toMs + 1);
    if (raw[0]) {
      const before = await thinned(store, nodeId, knownFromMs, Math.min(fromMs, raw[0].at), MINUTE);
      return { samples: [...before.samples, ...raw], stepSeconds: stepOf(raw) };
    }
  }
  const wanted = STEPS.find((step) => (toMs - knownFromMs) / 1000 / step <= MAX_ROWS) ?? 3600;
  return thinned(store, nodeId, knownFromMs, toMs + 1, wanted);
}

async function thinned(store: Store, nodeId: string, fromMs: number, toMs: number, step: number) {
  if (toMs <= fromMs) return { samples: [], stepSeconds: step };
  const { stepSeconds, buckets } = await store.query(nodeId, { fromMs, toMs, stepSeconds: step });
  return { samples: buckets.filter((bucket) => bucket.lastAt < toMs).map(sampleOf), stepSeconds };
}

/** A bucket as one sample at its end: gauges by their mean, but a node that was full in it is full. */
function sampleOf({ lastAt, processStart, avg, max, last }: Bucket): Sample {
  const full = max.openFds !== null && last.fdLimit !== null && max.openFds >= last.fdLimit - FULL_WITHIN;
  return {
    ...last,
    ...avg,
    at: lastAt,
    processStart,
    openFds: full ? max.openFds : avg.openFds,
    fdLimit: last.fdLimit,
    baselineFds: last.baselineFds,
    source: avg.connectionsActive === null ? 'ssh-proc' : 'http',
  };
}

function stepOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 2) return MINUTE;
  return Math.max(1, Math.round((last.at - first.at) / 1000 / (samples.length - 1)));
}
