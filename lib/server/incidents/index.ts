export { type Evaluation, evaluate, QUIET, type Standing } from './rules/evaluate.ts';
export { type NodeView, viewOfSamples } from './rules/view.ts';
