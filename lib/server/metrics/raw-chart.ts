import { explain } from '#server/detect/index.ts';
import type { Sample, SeriesName } from '#shared/metrics.ts';
import type { SampleColumns, ValueKey } from './columns.ts';
import type { CounterKey } from './sample-row.ts';
import { SSH_PROC } from './sample-row.ts';
import { asReading, RATES, rounded, SHORTEST_GAP_MS, type Stretch, stretches } from './series.ts';

/** A chart before it is written down: NaN = no value. `times` are epoch ms; a row of NaN is a gap. */
export type RawChart = { times: Float64Array; series: Record<string, Float64Array>; processStarts: number[]; blind: Stretch[] };

const EXPLAINING: readonly ValueKey[] = ['openFds', 'baselineFds', 'connectionsActive', 'connectionsStale', 'poolIdle', 'withoutBackend'];
const COUNTER_OF = new Map(Object.entries(RATES).map(([counter, series]) => [series, asCounter(counter)]));

/** The columns that these series are worked out from. */
export function columnsFor(names: readonly SeriesName[]): ValueKey[] {
  const keys = names.flatMap((name) => COUNTER_OF.get(name) ?? (isExplained(name) ? EXPLAINING : asGauge(name)));
  return [...new Set(keys)];
}

/** Every sample of the range; those before it only serve the first rate in it. */
export function chartOfColumns(columns: SampleColumns, range: { fromMs: number; toMs: number }, names: readonly SeriesName[]): RawChart {
  const { at } = columns;
  let first = 0;
  while (first < at.length && (at[first] ?? 0) < range.fromMs) first++;
  const rows = rowsWithGaps(at, first);
  const place = (values: Float64Array | undefined): Float64Array => {
    const out = new Float64Array(rows.length).fill(Number.NaN);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? -1;
      if (row >= 0) out[i] = values?.[row] ?? Number.NaN;
    }
    return out;
  };
  const times = place(at);
  // a gap stands in the middle between its edges
  for (let i = 0; i < rows.length; i++)
    if (rows[i] === -1) times[i] = Math.round(((at[rows[i - 1] ?? 0] ?? 0) + (at[rows[i + 1] ?? 0] ?? 0)) / 2);
  const split = names.some(isExplained) ? explainedColumns(columns) : null;
  const series: Record<string, Float64Array> = {};
  for (const name of names) {
    const counter = COUNTER_OF.get(name);
    if (counter) series[name] = place(ratesOf(columns, counter));
    else if (name === 'explainedFds') series[name] = place(split?.explained);
    else if (name === 'unexplainedFds') series[name] = place(split?.unexplained);
    else series[name] = place(columns.values[asGauge(name)]);
  }
  const reading = (row: number) => ({ fromMs: at[row] ?? 0, toMs: at[row] ?? 0, blind: columns.source[row] === SSH_PROC });
  return {
    times,
    series,
    processStarts: startsIn(columns.processStart, range),
    // most nodes were never counted over SSH
    blind: columns.source.includes(SSH_PROC) ? stretches(Array.from({ length: at.length - first }, (_, i) => reading(first + i))) : [],
  };
}

/** Indices of samples, -1 for a gap. */
function rowsWithGaps(at: Float64Array, first: number): number[] {
  const gapMs = Math.max(SHORTEST_GAP_MS, 3 * usualSpacing(at));
  const rows: number[] = [];
  for (let row = first; row < at.length; row++) {
    if (row > first && (at[row] ?? 0) - (at[row - 1] ?? 0) > gapMs) rows.push(-1);
    rows.push(row);
  }
  return rows;
}

/** The median of up to a thousand spacings, evenly picked. */
function usualSpacing(at: Float64Array): number {
  const every = Math.max(1, Math.floor(at.length / 1000));
  const spacings: number[] = [];
  for (let row = 1; row < at.length; row += every) spacings.push((at[row] ?? 0) - (at[row - 1] ?? 0));
  return spacings.sort((a, b) => a - b)[spacings.length >> 1] ?? 0;
}

/** Per second, from the last reading of the same process life that knew the counter. */
function ratesOf({ at, processStart, values }: SampleColumns, counter: CounterKey): Float64Array {
  const counted = values[counter] ?? new Float64Array(at.length).fill(Number.NaN);
  const rates = new Float64Array(at.length).fill(Number.NaN);
  let before = -1;
  for (let row = 0; row < at.length; row++) {
    const value = counted[row] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const grown = value - (counted[before] ?? Number.NaN);
    const ms = (at[row] ?? 0) - (at[before] ?? 0);
    if (grown >= 0 && ms > 0 && Object.is(processStart[before], processStart[row])) rates[row] = rounded((grown * 1000) / ms);
    before = row;
  }
  return rates;
}

function explainedColumns({ at, values }: SampleColumns): { explained: Float64Array; unexplained: Float64Array } {
  const [explained, unexplained] = [new Float64Array(at.length), new Float64Array(at.length)];
  const known = (key: ValueKey, row: number) => {
    const value = values[key]?.[row] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  for (let row = 0; row < at.length; row++) {
    const baseline = known('baselineFds', row);
    const reading: Partial<Sample> = {
      openFds: known('openFds', row),
      connectionsActive: known('connectionsActive', row),
      connectionsStale: known('connectionsStale', row),
      poolIdle: known('poolIdle', row),
      withoutBackend: known('withoutBackend', row),
    };
    const split = baseline === null ? null : explain(asReading(reading), baseline);
    explained[row] = split?.explained ?? Number.NaN;
    unexplained[row] = split?.unexplained ?? Number.NaN;
  }
  return { explained, unexplained };
}

function startsIn(starts: Float64Array, range: { fromMs: number; toMs: number }): number[] {
  const found = new Set<number>();
  let before = Number.NaN;
  for (const start of starts) {
    if (start !== before && start >= range.fromMs && start <= range.toMs) found.add(start);
    before = start;
  }
  return [...found].sort((a, b) => a - b);
}

const isExplained = (name: SeriesName): boolean => name === 'explainedFds' || name === 'unexplainedFds';

function asCounter(key: string): CounterKey {
  return key as CounterKey;
}

/** Series that are neither rates nor worked out are columns of their own name. */
function asGauge(name: SeriesName): ValueKey {
  return name as ValueKey;
}
