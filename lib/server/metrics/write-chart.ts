import type { RawChart } from './raw-chart.ts';
import type { Chart } from './series.ts';

/** `tenths`: times to a tenth of a second, or they would be half of an answer with every sample of a day. */
export function plainChart({ times, series, processStarts, blind }: RawChart, tenths: boolean): Chart {
  const perMs = tenths ? 100 : 1;
  return {
    times: seconds(times, perMs),
    series: Object.fromEntries(Object.entries(series).map(([name, values]) => [name, withNulls(values)])),
    processStarts,
    blind,
  };
}

function seconds(times: Float64Array, perMs: number): number[] {
  const out = new Array<number>(times.length);
  for (let i = 0; i < times.length; i++) out[i] = Math.round((times[i] ?? 0) / perMs) / (1000 / perMs);
  return out;
}

function withNulls(values: Float64Array): (number | null)[] {
  const out = new Array<number | null>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    out[i] = Number.isNaN(value) ? null : value;
  }
  return out;
}
