import { explain } from '#server/detect/index.ts';
import { type Sample, SERIES, type SeriesName } from '#shared/metrics.ts';
import type { Bucket } from './bucket-row.ts';
import { COUNTERS, type CounterKey } from './sample-row.ts';

/** What a chart draws. `times[i]` (epoch seconds) belongs to every series' `[i]`; a row of nulls is a gap. */
export type Chart = {
  times: number[];
  series: Record<string, (number | null)[]>;
  /** starts of process lives in the range, epoch ms */
  processStarts: number[];
  /** stretches in which the metrics page was dead and fds were counted over SSH */
  blind: Stretch[];
};
export type Stretch = { fromMs: number; toMs: number };

type Values = Record<SeriesName, number | null>;
type Reading = Omit<Sample, 'source'>;
export const RATES: Record<CounterKey, SeriesName> = {
  acceptedTotal: 'acceptedPerSecond',
  refusedTotal: 'refusedPerSecond',
  bytesTotal: 'bytesPerSecond',
  errorsTotal: 'errorsPerSecond',
  cpuSeconds: 'cpuCores',
};
/** The longest time between two readings of a healthy node: fds counted over SSH come every 15 s. */
export const SHORTEST_GAP_MS = 40_000;

/** The chart series of each new sample, for the event stream. One per node. */
export function createLiveSeries(): (sample: Sample) => Values {
  const rates = createRates();
  return (sample) => valuesOf(sample, rates.next(sample));
}

/** Gauges as averages, rates from counter to counter; `openFdsMin` and `openFdsMax` as well, so that no peak is averaged away. */
export function chartOfBuckets(buckets: readonly Bucket[], range: { fromMs: number; toMs: number; stepSeconds: number }): Chart {
  const rates = createRates();
  const stepMs = range.stepSeconds * 1000;
  const points = buckets.map((bucket, i) => {
    const first = { ...bucket.avg, ...bucket.first, at: bucket.firstAt, processStart: bucket.processStart };
    const last = { ...bucket.avg, ...bucket.last, at: bucket.lastAt, processStart: bucket.processStart };
    const before = rates.next(first);
    const within = createRates();
    within.next(first);
    const inside = within.next(last);
    const across = rates.next(last);
    for (const { key } of COUNTERS) across[key] = inside[key] ?? before[key];
    // the second life of one step is drawn where it began
    const atMs = buckets[i - 1]?.at === bucket.at ? bucket.firstAt : bucket.at;
    return {
      atMs,
      values: { ...valuesOf({ ...last, ...bucket.avg }, across), openFdsMin: bucket.min.openFds, openFdsMax: bucket.max.openFds },
    };
  });
  const rows = withGaps(points, Math.max(SHORTEST_GAP_MS, 2 * stepMs));
  return {
    times: rows.map((row) => row.atMs / 1000),
    series: columns(rows, [...SERIES, 'openFdsMin', 'openFdsMax']),
    processStarts: starts(buckets, range),
    blind: stretches(buckets.map((b) => ({ fromMs: b.firstAt, toMs: b.lastAt, blind: b.blind * 2 > b.samples }))),
  };
}

/**
 * Counters into rates per second, each from the last reading of the same process life that knew the counter. The first reading of a life
 * has no rate: what was counted before it belongs to no known span.
 */
function createRates() {
  const last = new Map<CounterKey, { at: number; life: number | null; value: number }>();
  return {
    next(reading: Pick<Reading, CounterKey | 'at' | 'processStart'>): Record<CounterKey, number | null> {
      const rates: Partial<Record<CounterKey, number | null>> = {};
      for (const { key } of COUNTERS) {
        const value = reading[key];
        const before = last.get(key);
        rates[key] = null;
        if (value === null) continue;
        last.set(key, { at: reading.at, life: reading.processStart, value });
        if (!before || before.life !== reading.processStart || reading.at <= before.at || value < before.value) continue;
        rates[key] = rounded(((value - before.value) * 1000) / (reading.at - before.at));
      }
      return complete(rates);
    },
  };
}

/** To 0.1 a second, below 10 to 0.01 and below 1 to 0.00001: the digits after would be most of an answer's bytes. */
export const rounded = (rate: number): number => {
  const scale = rate >= 10 ? 10 : rate >= 1 ? 100 : 1e5;
  return Math.round(rate * scale) / scale;
};

const complete = (rates: Partial<Record<CounterKey, number | null>>): Record<CounterKey, number | null> => ({
  acceptedTotal: null,
  refusedTotal: null,
  bytesTotal: null,
  errorsTotal: null,
  cpuSeconds: null,
  ...rates,
});

function valuesOf(reading: Reading, rates: Record<CounterKey, number | null>): Values {
  const { explained, unexplained } = explainedOf(reading);
  const values: Values = {
    openFds: reading.openFds,
    fdLimit: reading.fdLimit,
    explainedFds: explained,
    unexplainedFds: unexplained,
    connectionsActive: reading.connectionsActive,
    connectionsStale: reading.connectionsStale,
    poolActive: reading.poolActive,
    poolIdle: reading.poolIdle,
    acceptedPerSecond: null,
    refusedPerSecond: null,
    bytesPerSecond: null,
    errorsPerSecond: null,
    rssBytes: reading.rssBytes,
    cpuCores: null,
    eventLoopLagSeconds: reading.eventLoopLagSeconds,
  };
  for (const { key } of COUNTERS) values[RATES[key]] = rates[key];
  return values;
}

/** Null where the node does not say what an idle process of its kind holds: a guessed baseline would explain, or accuse, too much. */
export function explainedOf(reading: Reading): { explained: number | null; unexplained: number | null } {
  if (reading.baselineFds === null) return { explained: null, unexplained: null };
  return explain(asReading(reading), reading.baselineFds);
}

/** What explains fds is not where they were read. */
export const asReading = (reading: Partial<Sample>): Sample => reading as Sample;

type Row = { atMs: number; values: Record<string, number | null> | null };

function withGaps(points: readonly Row[], gapMs: number): Row[] {
  const rows: Row[] = [];
  for (const point of points) {
    const before = rows[rows.length - 1];
    if (before && point.atMs - before.atMs > gapMs) rows.push({ atMs: Math.round((before.atMs + point.atMs) / 2), values: null });
    rows.push(point);
  }
  return rows;
}

function columns(rows: readonly Row[], names: readonly string[]): Record<string, (number | null)[]> {
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row.values?.[name] ?? null)]));
}

function starts(readings: readonly { processStart: number | null }[], range: { fromMs: number; toMs: number }): number[] {
  const all = new Set<number>();
  for (const { processStart } of readings)
    if (processStart !== null && processStart >= range.fromMs && processStart <= range.toMs) all.add(processStart);
  return [...all].sort((a, b) => a - b);
}

/** A stretch lasts until the page is read again. */
export function stretches(readings: readonly { fromMs: number; toMs: number; blind: boolean }[]): Stretch[] {
  const found: Stretch[] = [];
  let open: Stretch | null = null;
  for (const reading of readings) {
    if (open) open.toMs = reading.blind ? reading.toMs : reading.fromMs;
    if (reading.blind && !open) {
      open = { fromMs: reading.fromMs, toMs: reading.toMs };
      found.push(open);
    }
    if (!reading.blind) open = null;
  }
  return found;
}
