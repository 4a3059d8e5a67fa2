export { openPostgresStore } from './postgres-store.ts';
export { readFromPrometheus } from './prometheus-store.ts';
export { type Chart, chartOfBuckets, chartOfSamples, createLiveSeries, explainedOf } from './series.ts';
export { openMetricStore } from './sqlite-store.ts';
export type { MetricStore } from './store.ts';
