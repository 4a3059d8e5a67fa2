import type { Sample } from '#shared/metrics.ts';

/**
 * A sample as a row of numbers, for typed memory, for the worker and for SQL. NaN stands for "not known".
 * The columns' order is the rows' layout; `name` is the SQL column.
 */
export const GAUGES = [
  { key: 'openFds', name: 'open_fds' },
  { key: 'fdLimit', name: 'fd_limit' },
  { key: 'connectionsActive', name: 'connections_active' },
  { key: 'connectionsStale', name: 'connections_stale' },
  // The column once held dials in flight, which nothing was worked out from; in rows of then they are few.
  { key: 'withoutBackend', name: 'dialing' },
  { key: 'poolActive', name: 'pool_active' },
  { key: 'poolIdle', name: 'pool_idle' },
  { key: 'baselineFds', name: 'baseline_fds' },
  { key: 'rssBytes', name: 'rss_bytes' },
  { key: 'eventLoopLagSeconds', name: 'event_loop_lag_seconds' },
] as const;
/** Kept raw: they only grow within one process life and fall to 0 at its start. */
export const COUNTERS = [
  { key: 'acceptedTotal', name: 'accepted_total' },
  { key: 'refusedTotal', name: 'refused_total' },
  { key: 'bytesTotal', name: 'bytes_total' },
  { key: 'errorsTotal', name: 'errors_total' },
  { key: 'cpuSeconds', name: 'cpu_seconds' },
] as const;
const SOURCES: readonly Sample['source'][] = ['http', 'ssh-metrics', 'ssh-proc'];
export const SSH_PROC = SOURCES.indexOf('ssh-proc');

export type GaugeKey = (typeof GAUGES)[number]['key'];
export type CounterKey = (typeof COUNTERS)[number]['key'];

export const AT = 0;
export const PROCESS_START = 1;
export const SOURCE = 2;
export const GAUGE_0 = 3;
export const COUNTER_0 = GAUGE_0 + GAUGES.length;
export const SAMPLE_WIDTH = COUNTER_0 + COUNTERS.length;

/** Beyond the full-rate memory one sample a minute is enough to judge by. */
export const THIN_MS = 60_000;

export const SAMPLE_COLUMNS = ['at', 'process_start', 'source', ...GAUGES.map((g) => g.name), ...COUNTERS.map((c) => c.name)] as const;

/** Columns of seconds; all others hold whole numbers. */
export const isFraction = (column: string): boolean => /seconds/.test(column);

/** Whole, and exact as a double: a page that says 0.5 or 1e300 connections must not keep a table from taking the others' samples. */
const whole = (value: number): number => (Math.abs(value) <= Number.MAX_SAFE_INTEGER ? Math.round(value) + 0 : Number.NaN);
/** Seconds to the microsecond: what comes after is noise of adding up, and three times the bytes. */
const micros = (value: number): number => (Math.abs(value) <= 1e9 ? Math.round(value * 1e6) / 1e6 : Number.NaN);
const VALUES = [...GAUGES, ...COUNTERS].map(({ key, name }) => ({ key, exact: isFraction(name) ? micros : whole }));

export function writeSample(row: Float64Array, from: number, sample: Sample): void {
  row[from + AT] = sample.at;
  row[from + PROCESS_START] = whole(sample.processStart ?? Number.NaN);
  row[from + SOURCE] = SOURCES.indexOf(sample.source);
  for (let i = 0; i < VALUES.length; i++) {
    const value = VALUES[i];
    if (value) row[from + GAUGE_0 + i] = value.exact(sample[value.key] ?? Number.NaN);
  }
}

export function readSample(row: Float64Array, from: number): Sample {
  return {
    at: row[from + AT] ?? 0,
    processStart: known(row[from + PROCESS_START]),
    openFds: known(row[from + GAUGE_0]),
    fdLimit: known(row[from + GAUGE_0 + 1]),
    connectionsActive: known(row[from + GAUGE_0 + 2]),
    connectionsStale: known(row[from + GAUGE_0 + 3]),
    withoutBackend: known(row[from + GAUGE_0 + 4]),
    poolActive: known(row[from + GAUGE_0 + 5]),
    poolIdle: known(row[from + GAUGE_0 + 6]),
    baselineFds: known(row[from + GAUGE_0 + 7]),
    rssBytes: known(row[from + GAUGE_0 + 8]),
    eventLoopLagSeconds: known(row[from + GAUGE_0 + 9]),
    acceptedTotal: known(row[from + COUNTER_0]),
    refusedTotal: known(row[from + COUNTER_0 + 1]),
    bytesTotal: known(row[from + COUNTER_0 + 2]),
    errorsTotal: known(row[from + COUNTER_0 + 3]),
    cpuSeconds: known(row[from + COUNTER_0 + 4]),
    source: SOURCES[row[from + SOURCE] ?? 0] ?? 'http',
  };
}

export function readSamples(rows: Float64Array): Sample[] {
  const samples: Sample[] = [];
  for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) samples.push(readSample(rows, from));
  return samples;
}

export const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);

const UNJUDGED: readonly string[] = ['rssBytes', 'eventLoopLagSeconds', 'refusedTotal', 'bytesTotal', 'errorsTotal', 'cpuSeconds'];
const UNJUDGED_PLACES = VALUES.flatMap(({ key }, i) => (UNJUDGED.includes(key) ? [GAUGE_0 + i] : []));

/** A row with only what leaks are judged by. */
export function withoutUnjudged(row: Float64Array, into: Float64Array): void {
  into.set(row);
  for (const place of UNJUDGED_PLACES) into[place] = Number.NaN;
}

/** Of the same minute and process life: one of the two is enough. */
export const sameThinned = (a: Float64Array, b: Float64Array): boolean =>
  Math.floor((a[AT] ?? 0) / THIN_MS) === Math.floor((b[AT] ?? 0) / THIN_MS) && Object.is(a[PROCESS_START], b[PROCESS_START]);
