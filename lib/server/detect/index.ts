export { type BacktestRule, backtest, replay } from './backtest.ts';
export { summariseBacktest } from './backtest-summary.ts';
export { explain } from './explain.ts';
export { assessFix } from './fix.ts';
export { whatGrew } from './grew.ts';
export { assessLeak } from './leak.ts';
export { verdictSentence } from './verdict.ts';
export { judgeWindow } from './window.ts';
