export { explain } from './explain.ts';
export { assessFix } from './fix.ts';
export { assessLeak } from './leak.ts';
export { judgeWindow } from './window.ts';
