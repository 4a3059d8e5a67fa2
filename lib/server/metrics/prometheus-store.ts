import type { Sample } from '#shared/metrics.ts';
import { type Bucket, readBuckets, samplesToBuckets } from './bucket-row.ts';
import { asColumns, placesOf, takeColumns } from './columns.ts';
import { createPrometheusClient, type PrometheusClient, type Series } from './prometheus-client.ts';
import {
  ALL_FDS_SERIES,
  COUNTER_SERIES,
  fdsOfAll,
  GAUGE_SERIES,
  type PageSeries,
  START_SERIES,
  selectorOf,
  WORKERS_SERIES,
} from './prometheus-series.ts';
import { AT, COUNTER_0, COUNTERS, GAUGE_0, GAUGES, type GaugeKey, known, PROCESS_START, readSamples, SAMPLE_WIDTH } from './sample-row.ts';
import { type MetricStore, RECENT_MS } from './store.ts';

/** Steps with a restart in them are read sample by sample; of more than this many, the first ones. */
const MAX_RESTARTS = 50;

export type PrometheusOptions = {
  url: string;
  /** takes every sample, and answers for what began less than `recentMs` ago */
  local: MetricStore;
  /** the `instance` label of a node's series; null when it has no metrics page */
  instanceOf(nodeId: string): Promise<string | null>;
  recentMs?: number;
  now: () => number;
  onError?: (words: string, error: unknown) => void;
};

/** History from a Prometheus-compatible server that scrapes the same nodes. Where it does not answer, the local store does. */
export function readFromPrometheus(options: PrometheusOptions): MetricStore {
  const { local, instanceOf, now, recentMs = RECENT_MS } = options;
  const client = createPrometheusClient(options.url);

  async function past<T>(nodeId: string, fromMs: number, there: (instance: string) => Promise<T>, here: () => Promise<T>): Promise<T> {
    if (fromMs >= now() - recentMs) return here();
    const instance = await instanceOf(nodeId);
    if (instance === null) return here();
    try {
      return await there(instance);
    } catch (error) {
      options.onError?.('HEADROOM_PROMETHEUS_URL did not answer; the chart is drawn from what the console keeps itself.', error);
      return here();
    }
  }

  return {
    ...local,
    raw: (nodeId, fromMs, toMs) =>
      past(
        nodeId,
        fromMs,
        async (instance) => readSamples(await readRaw(client, instance, fromMs, toMs)),
        () => local.raw(nodeId, fromMs, toMs),
      ),
    columns: (nodeId, fromMs, toMs, keys) =>
      past(
        nodeId,
        fromMs,
        async (instance) => asColumns(keys, takeColumns(await readRaw(client, instance, fromMs, toMs), placesOf(keys))),
        () => local.columns(nodeId, fromMs, toMs, keys),
      ),
    query: (nodeId, range) =>
      past(
        nodeId,
        range.fromMs,
        (instance) => readBucketsOf(client, instance, range),
        () => local.query(nodeId, range),
      ),
  };
}

const SERIES: [column: number, series: PageSeries][] = [
  [PROCESS_START, START_SERIES],
  ...GAUGES.map(({ key }, i): [number, PageSeries] => [GAUGE_0 + i, GAUGE_SERIES[key]]),
  ...COUNTERS.map(({ key }, i): [number, PageSeries] => [COUNTER_0 + i, COUNTER_SERIES[key]]),
];
/** Behind the columns of a sample row, for as long as one is made. */
const [WORKERS, ALL_FDS] = [SAMPLE_WIDTH, SAMPLE_WIDTH + 1];
const READ: typeof SERIES = [...SERIES, [WORKERS, WORKERS_SERIES], [ALL_FDS, ALL_FDS_SERIES]];
const placeOf = (key: GaugeKey) => GAUGE_0 + GAUGES.findIndex((gauge) => gauge.key === key);
const [OPEN_FDS, FD_LIMIT, BASELINE] = [placeOf('openFds'), placeOf('fdLimit'), placeOf('baselineFds')];
const JOIN = { sum: (a: number, b: number) => a + b, max: Math.max, min: Math.min };

/** Packed samples: what was stored with one time is one row. */
async function readRaw(client: PrometheusClient, instance: string, fromMs: number, toMs: number): Promise<Float64Array> {
  const metrics = [...new Set(READ.map(([, { metric }]) => metric))].join('|');
  const found = await client.samples(`{__name__=~"${metrics}",instance=${JSON.stringify(instance)}}`, fromMs - 1, toMs - 1);
  const rows = new Map<number, Float64Array>();
  for (const [column, series] of READ) {
    for (const { values } of found.filter((one) => isOf(one, series)))
      for (const [seconds, text] of values) {
        const at = Math.round(seconds * 1000);
        if (at < fromMs || at >= toMs) continue;
        const value = column === PROCESS_START ? Math.round(Number(text)) * 1000 : Number(text);
        const row = rows.get(at) ?? new Float64Array(ALL_FDS + 1).fill(Number.NaN);
        row[AT] = at;
        const before = row[column] ?? Number.NaN;
        row[column] = Number.isNaN(before) ? value : JOIN[series.join](before, value);
        rows.set(at, row);
      }
  }
  const sorted = [...rows.values()].sort((a, b) => (a[AT] ?? 0) - (b[AT] ?? 0));
  const packed = new Float64Array(sorted.length * SAMPLE_WIDTH);
  sorted.forEach((row, i) => {
    const number = (place: number) => row[place] ?? Number.NaN;
    const own = { open: number(OPEN_FDS), limit: number(FD_LIMIT), baseline: number(BASELINE) };
    const { open, limit, baseline } = fdsOfAll(own, number(WORKERS), number(ALL_FDS));
    [row[OPEN_FDS], row[FD_LIMIT], row[BASELINE]] = [open, limit, baseline];
    packed.set(row.subarray(0, SAMPLE_WIDTH), i * SAMPLE_WIDTH);
  });
  return packed;
}

function isOf({ metric }: Series, { metric: name, labels }: PageSeries): boolean {
  if (metric.__name__ !== name) return false;
  const [, key = '', value] = /^(\w+)="(.*)"$/.exec(labels ?? '') ?? [];
  return value === undefined || metric[key] === value;
}

/**
 * One query_range for all numbers of all steps: a term a number, told apart by the label `headroom`. Each is evaluated on the last
 * millisecond of its step and looks back one step. Steps in which a process started are read sample by sample, since no bucket spans two lives.
 */
async function readBucketsOf(
  client: PrometheusClient,
  instance: string,
  { fromMs, toMs, stepSeconds }: { fromMs: number; toMs: number; stepSeconds: number },
): Promise<{ stepSeconds: number; buckets: Bucket[] }> {
  const stepMs = Math.max(1, Math.round(stepSeconds)) * 1000;
  const from = Math.floor(fromMs / stepMs) * stepMs;
  const query = TERMS.map(({ key, of, series }) => {
    const over = `${of}_over_time(${selectorOf(series, instance)}[${stepMs}ms])`;
    return `label_replace(${series.join}(${over}), "headroom", "${key}", "", "")`;
  }).join(' or ');
  const steps = new Map<number, Map<string, number>>();
  for (const { metric, values } of await client.range(query, from + stepMs - 1, toMs + stepMs - 2, stepMs))
    for (const [seconds, text] of values) {
      const at = Math.round(seconds * 1000) - stepMs + 1;
      if (at >= toMs) continue;
      const step = steps.get(at) ?? new Map<string, number>();
      step.set(metric.headroom ?? '', Number(text));
      steps.set(at, step);
    }
  const buckets: Bucket[] = [];
  let restarts = 0;
  for (const [at, step] of [...steps].sort(([a], [b]) => a - b)) {
    if (step.get('start.min') !== step.get('start.max') && ++restarts <= MAX_RESTARTS)
      for (const row of samplesToBuckets(stepMs, await readRaw(client, instance, at, at + stepMs))) buckets.push(...readBuckets(row));
    else buckets.push(bucketOf(at, stepMs, step));
  }
  return { stepSeconds: stepMs / 1000, buckets };
}

type Term = { key: string; of: 'min' | 'max' | 'avg' | 'last' | 'count'; series: PageSeries };
const GAUGE_STATS = ['min', 'avg', 'max', 'last'] as const;
const TERMS: Term[] = [
  { key: 'start.min', of: 'min', series: START_SERIES },
  { key: 'start.max', of: 'max', series: START_SERIES },
  // every page has a start; a page without fds has it alone
  { key: 'count', of: 'count', series: START_SERIES },
  ...GAUGES.flatMap(({ key }) => GAUGE_STATS.map((of) => ({ key: `${key}.${of}`, of, series: GAUGE_SERIES[key] }))),
  { key: 'workers.max', of: 'max', series: WORKERS_SERIES },
  ...GAUGE_STATS.map((of) => ({ key: `all.${of}`, of, series: ALL_FDS_SERIES })),
  // within one life a counter only grows
  ...COUNTERS.flatMap(({ key }) => (['min', 'max'] as const).map((of) => ({ key: `${key}.${of}`, of, series: COUNTER_SERIES[key] }))),
];

function bucketOf(at: number, stepMs: number, step: ReadonlyMap<string, number>): Bucket {
  const number = (key: string) => step.get(key) ?? null;
  const gauges = (of: string) => {
    const own = keyed(GAUGES, (key) => number(`${key}.${of}`));
    const fds = { open: own.openFds ?? Number.NaN, limit: own.fdLimit ?? Number.NaN, baseline: own.baselineFds ?? Number.NaN };
    const { open, limit, baseline } = fdsOfAll(fds, number('workers.max') ?? 1, number(`all.${of}`) ?? Number.NaN);
    return { ...own, openFds: known(open), fdLimit: known(limit), baselineFds: known(baseline) };
  };
  const counters = (of: string) => keyed(COUNTERS, (key) => number(`${key}.${of}`));
  const samples = Math.max(1, step.get('count') ?? 1);
  const start = number('start.max');
  return {
    at,
    processStart: start === null ? null : Math.round(start) * 1000,
    // evenly spaced samples are half a spacing away from both ends
    firstAt: Math.round(at + stepMs / (2 * samples)),
    lastAt: Math.round(at + stepMs - stepMs / (2 * samples)),
    samples,
    blind: 0,
    min: gauges('min'),
    avg: gauges('avg'),
    max: gauges('max'),
    last: { ...gauges('last'), ...counters('max') },
    first: counters('min'),
  };
}

function keyed<K extends keyof Sample>(columns: readonly { key: K }[], value: (key: K) => number | null): Record<K, number | null> {
  return Object.fromEntries(columns.map(({ key }) => [key, value(key)])) as Record<K, number | null>;
}
