export { type BacktestRule, backtest, replay } from './backtest.ts';
export { summariseBacktest } from './backtest-summary.ts';
export { explain } from './explain.ts';
export { assessFix } from './fix.ts';
export { assessLeak } from './leak.ts';
export { judgeWindow } from './window.ts';
