export { openPostgresStore } from './postgres-store.ts';
export { readFromPrometheus } from './prometheus-store.ts';
export { chartOfColumns, columnsFor } from './raw-chart.ts';
export { type Chart, chartOfBuckets, createLiveSeries, explainedOf } from './series.ts';
export { openMetricStore } from './sqlite-store.ts';
export type { MetricStore } from './store.ts';
export { plainChart } from './write-chart.ts';
