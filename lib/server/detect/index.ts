export { explain } from './explain.ts';
export { assessFix, type FixAssessment, type FixVerdict } from './fix.ts';
export { assessLeak, type LeakAssessment } from './leak.ts';
export { judgeWindow, type WindowJudgement } from './window.ts';
