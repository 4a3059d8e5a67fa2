/** What the proxy promises to others: words, metric names, the config file. Pure: it also runs in a browser. */
export * from './addresses.ts';
export { checkConfig, type Path, type Problem, showPath } from './check.ts';
export { type Config, configSchema, NO_EFFECT } from './config.ts';
export { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
export * from './words.ts';
export { surveyYaml } from './yaml.ts';
