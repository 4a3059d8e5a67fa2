import type { Sample } from '#shared/metrics.ts';
import {
  AT,
  COUNTER_0,
  COUNTERS,
  type CounterKey,
  GAUGE_0,
  GAUGES,
  type GaugeKey,
  PROCESS_START,
  SAMPLE_WIDTH,
  SOURCE,
  writeSample,
} from './sample-row.ts';

export type ValueKey = GaugeKey | CounterKey;

/** Samples of one node in time order, a column an array; NaN = not known. `source` as in a sample row. */
export type SampleColumns = {
  at: Float64Array;
  processStart: Float64Array;
  source: Float64Array;
  /** those that were asked for */
  values: Partial<Record<ValueKey, Float64Array>>;
};

const INDEX = new Map<ValueKey, number>([
  ...GAUGES.map(({ key }, i): [ValueKey, number] => [key, GAUGE_0 + i]),
  ...COUNTERS.map(({ key }, i): [ValueKey, number] => [key, COUNTER_0 + i]),
]);

/** Places in a sample row of what every reader needs, and of `keys` behind them. */
export const placesOf = (keys: readonly ValueKey[]): number[] => [AT, PROCESS_START, SOURCE, ...keys.map((key) => INDEX.get(key) ?? 0)];

/** `columns` in the order of `placesOf(keys)`. */
export function asColumns(keys: readonly ValueKey[], columns: readonly Float64Array[]): SampleColumns {
  const [at = new Float64Array(), processStart = new Float64Array(), source = new Float64Array(), ...values] = columns;
  return { at, processStart, source, values: Object.fromEntries(keys.map((key, i) => [key, values[i] ?? new Float64Array()])) };
}

/** Single columns of packed sample rows. */
export function takeColumns(rows: Float64Array, places: readonly number[]): Float64Array[] {
  const count = rows.length / SAMPLE_WIDTH;
  return places.map((place) => {
    const column = new Float64Array(count);
    for (let row = 0; row < count; row++) column[row] = rows[row * SAMPLE_WIDTH + place] ?? Number.NaN;
    return column;
  });
}

export function columnsOfSamples(samples: readonly Sample[], keys: readonly ValueKey[]): SampleColumns {
  const rows = new Float64Array(samples.length * SAMPLE_WIDTH);
  samples.forEach((sample, i) => {
    writeSample(rows, i * SAMPLE_WIDTH, sample);
  });
  return asColumns(keys, takeColumns(rows, placesOf(keys)));
}
