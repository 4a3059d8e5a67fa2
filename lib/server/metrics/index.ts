export type { Bucket } from './bucket-row.ts';
export type { Retention } from './history.ts';
export { type Chart, chartOfBuckets, chartOfSamples, createLiveSeries, explainedOf } from './series.ts';
export { type MetricStore, openMetricStore, RECENT_MS } from './store.ts';
