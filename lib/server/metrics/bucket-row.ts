import {
  AT,
  COUNTER_0,
  COUNTERS,
  type CounterKey,
  GAUGE_0,
  GAUGES,
  type GaugeKey,
  known,
  PROCESS_START,
  SAMPLE_WIDTH,
  SOURCE,
  SSH_PROC,
  THIN_MS,
} from './sample-row.ts';

/**
 * The samples of one node, one span of time and one process life, folded: gauges to min / max / sum / count / last, counters to first and
 * last. Folding is associative, so a wide bucket is the fold of narrow ones.
 */
export type Bucket = {
  /** start of its span, epoch ms */
  at: number;
  processStart: number | null;
  firstAt: number;
  lastAt: number;
  samples: number;
  /** samples of them counted over SSH because the metrics page was dead */
  blind: number;
  min: Record<GaugeKey, number | null>;
  avg: Record<GaugeKey, number | null>;
  max: Record<GaugeKey, number | null>;
  last: Record<GaugeKey | CounterKey, number | null>;
  first: Record<CounterKey, number | null>;
};

const START = 0;
const LIFE = 1;
const FIRST_AT = 2;
const LAST_AT = 3;
const COUNT = 4;
const BLIND = 5;
const GAUGE = 6;
const GAUGE_STATS = ['min', 'max', 'sum', 'n', 'last'] as const;
const COUNTER = GAUGE + GAUGES.length * GAUGE_STATS.length;
const COUNTER_STATS = ['first', 'last'] as const;
export const BUCKET_WIDTH = COUNTER + COUNTERS.length * COUNTER_STATS.length;

export const BUCKET_COLUMNS: readonly string[] = [
  'at',
  'process_start',
  'first_at',
  'last_at',
  'samples',
  'blind',
  ...GAUGES.flatMap((g) => GAUGE_STATS.map((s) => `${g.name}_${s}`)),
  ...COUNTERS.flatMap((c) => COUNTER_STATS.map((s) => `${c.name}_${s}`)),
];

export const bucketStart = (bucket: Float64Array): number => bucket[START] ?? 0;

/** The same process life? "Not known" is a life of its own. */
export const sameLife = (a: number | undefined, b: number | undefined): boolean => Object.is(a, b);

/** One row of its table: the same span, begun by the same sample. */
export const sameBucket = (a: Float64Array, b: Float64Array): boolean => a[START] === b[START] && a[FIRST_AT] === b[FIRST_AT];

export const bucketTakes = (bucket: Float64Array, start: number, life: number | undefined): boolean =>
  bucket[START] === start && sameLife(bucket[LIFE], life);

/** `bucket`: where to, for who makes many and keeps few. */
export function bucketOfSample(spanMs: number, row: Float64Array, from = 0, bucket = new Float64Array(BUCKET_WIDTH)): Float64Array {
  bucket.fill(Number.NaN);
  const at = row[from + AT] ?? 0;
  bucket[START] = Math.floor(at / spanMs) * spanMs;
  bucket[LIFE] = row[from + PROCESS_START] ?? Number.NaN;
  bucket[FIRST_AT] = at;
  bucket[LAST_AT] = at;
  bucket[COUNT] = 1;
  bucket[BLIND] = row[from + SOURCE] === SSH_PROC ? 1 : 0;
  for (let i = 0; i < GAUGES.length; i++) {
    const value = row[from + GAUGE_0 + i] ?? Number.NaN;
    const stats = GAUGE + i * GAUGE_STATS.length;
    bucket[stats + 3] = 0;
    if (Number.isNaN(value)) continue;
    bucket.fill(value, stats, stats + 5);
    bucket[stats + 3] = 1;
  }
  for (let i = 0; i < COUNTERS.length; i++) bucket.fill(row[from + COUNTER_0 + i] ?? Number.NaN, COUNTER + i * 2, COUNTER + i * 2 + 2);
  return bucket;
}

/** `later` begins where `into` ends; both of one life. */
export function foldBucket(into: Float64Array, later: Float64Array): void {
  const number = (row: Float64Array, i: number) => row[i] ?? Number.NaN;
  into[LAST_AT] = number(later, LAST_AT);
  into[COUNT] = number(into, COUNT) + number(later, COUNT);
  into[BLIND] = number(into, BLIND) + number(later, BLIND);
  for (let stats = GAUGE; stats < COUNTER; stats += GAUGE_STATS.length) {
    const n = number(later, stats + 3);
    if (n === 0) continue;
    if (into[stats + 3] === 0) {
      into.set(later.subarray(stats, stats + GAUGE_STATS.length), stats);
      continue;
    }
    into[stats] = Math.min(number(into, stats), number(later, stats));
    into[stats + 1] = Math.max(number(into, stats + 1), number(later, stats + 1));
    into[stats + 2] = number(into, stats + 2) + number(later, stats + 2);
    into[stats + 3] = number(into, stats + 3) + n;
    into[stats + 4] = number(later, stats + 4);
  }
  for (let i = COUNTER; i < BUCKET_WIDTH; i += 2) {
    if (Number.isNaN(number(into, i))) into[i] = number(later, i);
    if (!Number.isNaN(number(later, i + 1))) into[i + 1] = number(later, i + 1);
  }
}

/** Rows in time order, each into the span that it begins in; a new life begins a new bucket. */
export function foldInto(spanMs: number, rows: Iterable<Float64Array>): Float64Array[] {
  const out: Float64Array[] = [];
  let open: Float64Array | undefined;
  for (const row of rows) {
    const start = Math.floor((row[START] ?? 0) / spanMs) * spanMs;
    if (open && bucketTakes(open, start, row[LIFE])) foldBucket(open, row);
    else {
      open = row.slice();
      open[START] = start;
      out.push(open);
    }
  }
  return out;
}

export function samplesToBuckets(spanMs: number, rows: Float64Array): Float64Array[] {
  const each = function* () {
    for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) yield bucketOfSample(spanMs, rows, from);
  };
  return foldInto(spanMs, each());
}

export function readBuckets(rows: Float64Array): Bucket[] {
  const buckets: Bucket[] = [];
  for (let from = 0; from < rows.length; from += BUCKET_WIDTH) buckets.push(readBucket(rows.subarray(from, from + BUCKET_WIDTH)));
  return buckets;
}

function readBucket(row: Float64Array): Bucket {
  const gauge = (i: number, stat: number) => known(row[GAUGE + i * GAUGE_STATS.length + stat]);
  const gauges = (value: (i: number) => number | null) => fromKeys(GAUGES, value);
  const counters = (stat: number) => fromKeys(COUNTERS, (i) => known(row[COUNTER + i * 2 + stat]));
  return {
    at: row[START] ?? 0,
    processStart: known(row[LIFE]),
    firstAt: row[FIRST_AT] ?? 0,
    lastAt: row[LAST_AT] ?? 0,
    samples: row[COUNT] ?? 0,
    blind: row[BLIND] ?? 0,
    min: gauges((i) => gauge(i, 0)),
    max: gauges((i) => gauge(i, 1)),
    avg: gauges((i) => {
      const [sum, n] = [gauge(i, 2), gauge(i, 3)];
      return sum === null || !n ? null : sum / n;
    }),
    last: { ...gauges((i) => gauge(i, 4)), ...counters(1) },
    first: counters(0),
  };
}

function fromKeys<K extends string>(columns: readonly { key: K }[], value: (i: number) => number | null): Record<K, number | null> {
  // thousands of buckets make a chart: no pairs in between
  const record: Partial<Record<K, number | null>> = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column) record[column.key] = value(i);
  }
  return record as Record<K, number | null>;
}

/** The rows of a packed array, one by one. */
export function* split(rows: Float64Array): Generator<Float64Array> {
  for (let from = 0; from < rows.length; from += BUCKET_WIDTH) yield rows.subarray(from, from + BUCKET_WIDTH);
}

/** Packed samples, one a minute and process life. */
export function thinned(rows: Float64Array): Float64Array {
  const out = new Float64Array(rows.length);
  let [size, minute, life] = [0, Number.NaN, Number.NaN];
  for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) {
    const row = rows.subarray(from, from + SAMPLE_WIDTH);
    const at = Math.floor((row[AT] ?? 0) / THIN_MS);
    if (at === minute && sameLife(row[PROCESS_START], life)) continue;
    [minute, life] = [at, row[PROCESS_START] ?? Number.NaN];
    out.set(row, size);
    size += SAMPLE_WIDTH;
  }
  return out.subarray(0, size);
}

export function joined(rows: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(rows.length * BUCKET_WIDTH);
  rows.forEach((row, i) => {
    out.set(row, i * BUCKET_WIDTH);
  });
  return out;
}
