export { type Backtests, createBacktests } from './backtests.ts';
