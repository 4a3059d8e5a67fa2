import type { RunStatus, TargetStatus } from '#shared/runs.ts';
import { type RunState, type StepState, stepOpen, type TargetState, targetEnded } from './state.ts';

/** hh:mm:ss UTC */
export const clockTime = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(11, 19)} UTC`;

/** How a target ended, in one sentence without its name. */
export function describeTarget(target: TargetState, status: TargetStatus): string {
  const { sentence } = target.memo;
  switch (status) {
    case 'succeeded':
      return sentence ?? (target.edit === 'none' && target.restart === 'none' ? 'looked, changed nothing' : 'done and verified');
    case 'failed': {
      const failed = target.steps.find((s) => s.status === 'failed' && !s.soft);
      if (failed !== undefined) return `${failed.summary}; ${whatIsOnTheNode(target)}`;
      const left = target.steps.find(leftOut);
      if (left !== undefined && target.verdict === 'inconclusive') return `inconclusive: "${left.title}" was ${left.summary}`;
      return sentence ?? `${target.verdict === 'fail' ? 'not fixed' : 'inconclusive'}: ${doubts(target)}`;
    }
    case 'rolled-back':
      return target.undo === 'answer' ? `put back as it was, on request: ${whatIsOnTheNode(target)}` : whatIsOnTheNode(target);
    case 'aborted':
      return `aborted; ${whatIsOnTheNode(target)}`;
    default:
      return target.summary;
  }
}

/** by a person, with a reason */
export const SKIPPED_BY = 'skipped by ';
const leftOut = (step: StepState): boolean => step.status === 'skipped' && step.summary.startsWith(SKIPPED_BY);

const doubts = (target: TargetState): string =>
  target.steps.find((s) => s.verdict === 'fail' || s.verdict === 'inconclusive')?.summary ?? 'nothing judged it';

/** What the run left on the node: the honest half of every bad end. */
export function whatIsOnTheNode(target: TargetState): string {
  const changed = target.edit === 'asked' || target.edit === 'done';
  switch (target.wayBack) {
    case 'reverted':
      if (target.undo !== null) return changed ? 'config.yaml was restored and the service restarted' : 'nothing was changed on the node';
      return `the node did not hear from the console in time, so it restored itself${changed ? ': config.yaml is as before, with one restart' : ''}`;
    case 'gone':
      return 'the automatic revert is not on the node any more, so somebody else has taken over: it is not touched again';
    case 'left': {
      const at = target.revertAt === null ? '' : ` at ${clockTime(target.revertAt)}`;
      return `the node did not answer any more over SSH; it restores itself${at}: look at it before anything else is changed`;
    }
    case 'disarmed':
      return changed && target.undo === null ? 'the change had been confirmed and stays' : untouched(target);
    default:
      return untouched(target);
  }
}

function untouched(target: TargetState): string {
  if (target.edit === 'asked' || target.edit === 'done') return 'config.yaml keeps the change';
  if (target.restart !== 'none') return 'config.yaml was not changed, the service was restarted';
  const { limit } = target.memo;
  if (limit !== undefined)
    return `its process may have a limit of ${limit.asked} open files until its next restart; nothing else was changed`;
  return 'nothing was changed on the node';
}

/** The run in one sentence: what it does now, or how it ended. */
export function describeRun(run: RunState & { closed?: ReadonlyMap<string, { why: string }> | undefined }, status: RunStatus): string {
  const [only, ...more] = run.targets;
  const closedWhy = (target: TargetState) => (target.status === 'pending' ? run.closed?.get(target.nodeId)?.why : undefined);
  if (only !== undefined && more.length === 0) {
    if (targetEnded(only)) return `${only.name}: ${only.summary}`;
    const why = closedWhy(only);
    return `${only.name}: ${why === undefined ? progress(only, status) : `waits, ${why}`}`;
  }
  const byStatus = Map.groupBy(run.targets, (t) => t.status);
  const count = (s: TargetStatus) => byStatus.get(s) ?? [];
  const parts = (['succeeded', 'failed', 'rolled-back', 'aborted', 'skipped', 'running', 'waiting', 'paused', 'pending'] as const).flatMap(
    (s) => {
      const these = count(s);
      if (these.length === 0) return [];
      const named =
        s === 'failed' || s === 'rolled-back'
          ? ` (${these
              .slice(0, 5)
              .map((t) => t.name)
              .join(', ')}${these.length > 5 ? ', …' : ''})`
          : '';
      return [`${these.length} ${s}${named}`];
    },
  );
  const notFixed = run.targets.filter((t) => t.verdict === 'fail').map((t) => t.name);
  const judged = notFixed.length > 0 ? `not fixed: ${notFixed.slice(0, 5).join(', ')}${notFixed.length > 5 ? ', …' : ''}; ` : '';
  const held = run.closed === undefined || run.closed.size === 0 ? [] : run.targets.filter((t) => closedWhy(t) !== undefined);
  const [first] = held;
  const waits = first === undefined ? '' : `; ${held.length} wait, ${first.name} ${closedWhy(first)}`;
  return `${judged}of ${run.targets.length} nodes ${parts.join(', ')}${waits}`;
}

function progress(target: TargetState, status: RunStatus): string {
  const at = target.steps.findIndex(stepOpen);
  const step = target.steps[at];
  if (step === undefined) return 'finishing';
  const judged = target.memo.sentence === undefined ? '' : `${target.memo.sentence}; `;
  const where = `step ${at + 1} of ${target.steps.length}, ${step.title}`;
  if (status === 'paused') {
    const doubt = target.steps.find((s) => s.status === 'inconclusive' && !s.accepted);
    return `${judged}paused before ${where}${doubt ? `: ${doubt.summary}` : ''}`;
  }
  return step.status === 'waiting' ? `${judged}waiting for an answer: ${step.gate?.question ?? step.title}` : `${judged}${where}`;
}
