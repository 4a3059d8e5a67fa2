import {
  hasEnded,
  type Run,
  type RunStatus,
  type RunTarget,
  type Step,
  type StepStatus,
  type TargetStatus,
  type Verdict,
} from '#shared/runs.ts';

type Mark = 'ok' | 'warn' | 'danger' | 'unknown' | 'run' | 'wait' | 'skip' | 'drift';
type Tone = 'ok' | 'warn' | 'danger' | 'unknown' | 'accent' | 'neutral';
export type Look = { mark: Mark; tone: Tone; word: string };

const STEP_LOOKS: Record<StepStatus, Look> = {
  pending: { mark: 'wait', tone: 'neutral', word: 'next' },
  running: { mark: 'run', tone: 'accent', word: 'running' },
  waiting: { mark: 'wait', tone: 'accent', word: 'waiting for you' },
  succeeded: { mark: 'ok', tone: 'ok', word: 'done' },
  failed: { mark: 'danger', tone: 'danger', word: 'failed' },
  inconclusive: { mark: 'unknown', tone: 'unknown', word: 'can’t tell' },
  skipped: { mark: 'skip', tone: 'neutral', word: 'skipped' },
};

/** What a step shows: a verdict outweighs having been done, because a low count after a restart is never green. */
export function stepLook(step: Pick<Step, 'status' | 'verdict'>): Look {
  if (step.status === 'succeeded' && step.verdict === 'inconclusive')
    return { mark: 'unknown', tone: 'unknown', word: 'done, proves nothing by itself' };
  return STEP_LOOKS[step.status];
}

const STATUS_LOOKS: Record<RunStatus | TargetStatus, Look> = {
  pending: { mark: 'wait', tone: 'neutral', word: 'Not reached' },
  'awaiting-approval': { mark: 'wait', tone: 'accent', word: 'Awaits approval' },
  running: { mark: 'run', tone: 'accent', word: 'Running' },
  waiting: { mark: 'wait', tone: 'accent', word: 'Waits for an answer' },
  paused: { mark: 'wait', tone: 'warn', word: 'Paused' },
  succeeded: { mark: 'ok', tone: 'ok', word: 'Succeeded' },
  failed: { mark: 'danger', tone: 'danger', word: 'Failed' },
  aborted: { mark: 'skip', tone: 'neutral', word: 'Aborted' },
  'rolled-back': { mark: 'drift', tone: 'warn', word: 'Rolled back' },
  skipped: { mark: 'skip', tone: 'neutral', word: 'Skipped' },
};
export const statusLook = (status: RunStatus | TargetStatus): Look => STATUS_LOOKS[status];

const VERDICT_LOOKS: Record<Verdict, Look> = {
  pass: { mark: 'ok', tone: 'ok', word: 'Fixed' },
  fail: { mark: 'danger', tone: 'danger', word: 'Not fixed' },
  inconclusive: { mark: 'unknown', tone: 'unknown', word: 'Can’t tell yet' },
};

/** The verdict's word. A run that repairs nothing (pool settings, restart) passes or fails; only fd-leak says "fixed". */
export function verdictLook(verdict: Verdict, context: { judged: boolean; wasLeaking: boolean }): Look {
  const look = VERDICT_LOOKS[verdict];
  if (verdict === 'pass' && context.judged && !context.wasLeaking) return { ...look, word: 'Was not leaking' };
  if (context.judged || verdict === 'inconclusive') return look;
  return { ...look, word: verdict === 'pass' ? 'Passed' : 'Failed' };
}

/** What the judgement said in words. A target has its own summary only at its end: at the gate the watching step has it. */
export const judgedWords = ({ summary, steps }: Pick<RunTarget, 'summary' | 'steps'>): string =>
  summary || (steps.find((step) => step.kind === 'watch')?.summary ?? '');

export const contextOf = (target: Pick<RunTarget, 'judgement' | 'summary' | 'steps'>) => ({
  judged: target.judgement?.after != null,
  wasLeaking: !/was not leaking/i.test(judgedWords(target)),
});

const UNDOING: Look = { mark: 'run', tone: 'warn', word: 'Reverting' };

/** A node whose change is being taken back, because somebody said so or because its own deadline has passed. */
export const isUndoing = (target: Pick<RunTarget, 'undoing' | 'revertAt'>, nowMs = 0): boolean =>
  target.undoing || (target.revertAt !== null && nowMs > 0 && nowMs >= Date.parse(target.revertAt));

/** A step failed before anything was judged: that nothing can be told of a leak is then no news. */
export const hasBroken = (target: Pick<RunTarget, 'status' | 'verdict' | 'judgement' | 'steps' | 'marks'>): boolean =>
  target.status === 'failed' &&
  target.verdict === 'inconclusive' &&
  target.judgement?.after == null &&
  (target.marks.includes('failed') || target.steps.some(({ status }) => status === 'failed'));

/** What a target's row says: a change that is being taken back outweighs the verdict that was given on it. */
export function targetLook(target: RunTarget, nowMs = 0): Look {
  if (isUndoing(target, nowMs)) return UNDOING;
  return target.verdict === null || target.status === 'rolled-back' || target.status === 'aborted' || hasBroken(target)
    ? statusLook(target.status)
    : verdictLook(target.verdict, contextOf(target));
}

/** What the run's chip says: that something is being taken back; else the verdict, of several nodes once all have ended; else the status. */
export function runLook(
  run: Pick<Run, 'status' | 'verdict' | 'summary' | 'runbook'> & { targets?: readonly RunTarget[]; targetCount?: number },
  nowMs = 0,
): Look {
  const only = run.targets?.length === 1 ? run.targets[0] : undefined;
  const undoing = run.targets?.filter((target) => isUndoing(target, nowMs)).length ?? 0;
  if (undoing > 0) return only ? UNDOING : { ...UNDOING, word: `Reverting ${undoing} of ${run.targets?.length ?? 0}` };
  const going = (run.targets?.length ?? run.targetCount ?? 1) > 1 && !hasEnded(run.status);
  if (going || run.status === 'rolled-back' || run.status === 'aborted' || run.verdict === null) return statusLook(run.status);
  // only fd-leak judges; of a list no more is known
  const broke = run.targets ? run.targets.some(hasBroken) : run.runbook.key !== 'fd-leak';
  if (run.status === 'failed' && run.verdict === 'inconclusive' && broke) return statusLook('failed');
  return verdictLook(run.verdict, contextOfRun(run));
}

/** A run is judged where a node of it was. Of a list there is the runbook's key, and what the one node, if it is one, says of itself. */
function contextOfRun({ runbook, verdict, summary, targets, targetCount }: Parameters<typeof runLook>[0]) {
  if (!targets)
    return {
      judged: runbook.key === 'fd-leak' && (targetCount === 1 || verdict === 'fail'),
      wasLeaking: !/was not leaking/i.test(summary),
    };
  const judged = targets.map(contextOf).filter((context) => context.judged);
  return { judged: judged.length > 0, wasLeaking: judged.some(({ wasLeaking }) => wasLeaking) };
}

export const stepSeconds = (step: Pick<Step, 'startedAt' | 'finishedAt'>, nowMs: number): number | null =>
  step.startedAt === null
    ? null
    : Math.max(0, ((step.finishedAt ? Date.parse(step.finishedAt) : nowMs) - Date.parse(step.startedAt)) / 1000);
