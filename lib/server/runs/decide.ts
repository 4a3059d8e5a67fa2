import { hasEnded, type RunStatus, type TargetStatus, type Verdict } from '#shared/runs.ts';
import { holdsNode, lostNode, type RunState, stepOpen, type TargetState, targetEnded, type UndoReason } from './state.ts';
import { describeRun, describeTarget } from './words.ts';

/** A target as the engine sees it now: what is stored, and what this process is doing with it. */
export type LiveTarget = TargetState & {
  /** a step, a confirmation or an undo of it is in progress in this process */
  busy: 'no' | 'step' | 'confirm' | 'undo';
  /** this process has heard from the node that the way back is armed, recently enough to rely on it */
  confirmed: boolean;
};
export type LiveRun = Omit<RunState, 'targets'> & {
  targets: LiveTarget[];
  now: number;
  /** nodes that a freeze or a window keeps from being begun, by id */
  closed?: ReadonlyMap<string, { why: string; until: number }>;
  /** what fails together, by node id; nodes of one group are changed one at a time */
  groups?: ReadonlyMap<string, string>;
};

export type Interruption = 'abort' | 'reverted' | 'overdue';

export type Action =
  | { do: 'step'; nodeId: string; key: string }
  /** ask the node whether it still waits for us, before anything else is done to it */
  | { do: 'confirm'; nodeId: string }
  | { do: 'undo'; nodeId: string; how: 'disarm' | 'revert'; why: UndoReason }
  | { do: 'interrupt'; nodeId: string; why: Interruption }
  | { do: 'target'; nodeId: string; status: TargetStatus }
  | { do: 'end-target'; nodeId: string; status: TargetStatus; verdict: Verdict | null; summary: string }
  | { do: 'pause' }
  | { do: 'run'; status: RunStatus; verdict: Verdict | null; summary: string }
  | { do: 'end-run'; status: RunStatus; verdict: Verdict | null; summary: string }
  | { do: 'wake'; at: number };

/** What to do next, from data alone. Asked again after every change; when it answers nothing but `wake`, the run waits. */
export function decide(run: LiveRun): Action[] {
  if (hasEnded(run.status)) return [];
  if (run.status === 'awaiting-approval') return awaitApproval(run);
  const actions: Action[] = [];
  const started = run.targets.filter((t) => t.startedAt !== null && !targetEnded(t));
  for (const target of started) actions.push(...decideTarget(run, target));
  actions.push(...admit(run, started.length));
  actions.push(...decideRun(run));
  return actions;
}

/** Nothing is done before a second person agreed; without that it ends. */
function awaitApproval(run: LiveRun): Action[] {
  const until = run.approveBy ?? 0;
  if (run.control !== 'abort' && run.now < until) return [{ do: 'wake', at: until }];
  const open = run.targets.filter((t) => !targetEnded(t));
  const summary = run.control === 'abort' ? 'not reached' : 'nobody agreed to it in time';
  if (open.length > 0) return open.map((t) => ({ do: 'end-target', nodeId: t.nodeId, status: 'skipped', verdict: null, summary }));
  return [{ do: 'end-run', status: 'aborted', verdict: null, summary: `${describeRun(run, 'aborted')}: no second person agreed` }];
}

function decideTarget(run: LiveRun, target: LiveTarget): Action[] {
  const { nodeId } = target;
  const end = (status: TargetStatus): Action[] => [{ do: 'end-target', nodeId, status, ...outcome(target, status) }];
  const lost = lostNode(target.wayBack) && target.undo === null;

  if (target.busy !== 'no') {
    if (target.busy === 'undo') return [];
    if (lost) return [{ do: 'interrupt', nodeId, why: 'reverted' }];
    if (run.control === 'abort') return [{ do: 'interrupt', nodeId, why: 'abort' }];
    if (target.busy === 'step' && overdue(run, target)) return [{ do: 'interrupt', nodeId, why: 'overdue' }];
    return [];
  }
  if (lost) return end('rolled-back');

  const failed = target.steps.find((s) => s.status === 'failed' && !s.soft);
  const why: UndoReason | null = target.undo ?? (run.control === 'abort' ? 'abort' : failed ? 'failure' : null);
  if (why !== null) {
    if (holdsNode(target.wayBack)) return [{ do: 'undo', nodeId, how: howToUndo(target), why }];
    return end(why === 'abort' ? 'aborted' : why === 'answer' ? 'rolled-back' : 'failed');
  }

  const next = target.steps.find(stepOpen);
  if (next === undefined) return end(target.verdict === 'fail' || target.verdict === 'inconclusive' ? 'failed' : 'succeeded');
  if (target.wayBack === 'armed' && !target.confirmed) return [{ do: 'confirm', nodeId }];
  if (next.status === 'waiting' && next.gate?.answer === null) return status(target, run.control === 'pause' ? 'paused' : 'waiting');
  if (run.control === 'pause') return status(target, 'paused');
  if (run.strategy.gates === 'manual' && run.strategy.onInconclusive === 'pause' && stopsForDoubt(target)) return [{ do: 'pause' }];
  return [...status(target, 'running'), { do: 'step', nodeId, key: next.key }];
}

const status = (target: LiveTarget, to: TargetStatus): Action[] =>
  target.status === to ? [] : [{ do: 'target', nodeId: target.nodeId, status: to }];

/** The deadline that the node last granted has passed without a word from it: it may be restoring itself this very moment. */
const overdue = (run: LiveRun, target: LiveTarget): boolean =>
  target.wayBack === 'armed' && target.revertAt !== null && run.now > target.revertAt;

/** Once a file was, or may have been, changed only the node's own revert puts it back; before that there is nothing to put back. */
function howToUndo(target: LiveTarget): 'disarm' | 'revert' {
  if (target.wayBack === 'disarming') return 'disarm';
  return target.edit === 'asked' || target.edit === 'done' ? 'revert' : 'disarm';
}

/** A doubt stops a run for a person while nothing is changed yet, or when no later gate asks anyway. */
function stopsForDoubt(target: LiveTarget): boolean {
  const untouched = target.edit === 'none' && target.restart === 'none';
  const asksLater = target.steps.some((s) => s.kind === 'gate' && stepOpen(s));
  return (untouched || !asksLater) && target.steps.some((s) => s.status === 'inconclusive' && !s.accepted);
}

function outcome(target: LiveTarget, status: TargetStatus): { verdict: Verdict | null; summary: string } {
  let verdict = target.verdict;
  if (status === 'succeeded') verdict = target.steps.every((s) => s.verdict === null) ? null : 'pass';
  if (status === 'rolled-back' && verdict === 'pass') verdict = 'inconclusive';
  if (status === 'failed' && verdict !== 'fail') verdict = target.edit === 'none' && target.restart === 'none' ? null : 'inconclusive';
  return { verdict, summary: describeTarget({ ...target, verdict }, status) };
}

/** Starts waiting targets: batch after batch, after the bake, never more than maxParallel at once, never after too many failures. */
function admit(run: LiveRun, inProgress: number): Action[] {
  if (run.control !== null) return [];
  const waiting = run.targets.filter((t) => t.startedAt === null && !targetEnded(t));
  const batch = Math.min(...waiting.map((t) => t.batch));
  if (waiting.length === 0 || failures(run) > Math.max(run.strategy.maxFailed, run.acceptedFailures)) return [];
  const earlier = run.targets.filter((t) => t.batch < batch);
  if (!earlier.every(targetEnded)) return [];
  const bakedAt = Math.max(0, ...earlier.map((t) => (t.finishedAt ?? 0) + run.strategy.bakeSeconds * 1000));
  if (earlier.length > 0 && run.now < bakedAt) return [{ do: 'wake', at: bakedAt }];
  return [...admitOpen(run, batch, run.strategy.maxParallel - inProgress), ...wakeForClosed(run, waiting)];
}

/** Of one batch, those that may be changed now; of a failure group one at a time. */
function admitOpen(run: LiveRun, batch: number, room: number): Action[] {
  const busy = new Set(run.targets.flatMap((t) => (t.startedAt !== null && !targetEnded(t) ? groupOf(run, t) : [])));
  const admitted: Action[] = [];
  for (const target of run.targets) {
    if (admitted.length >= room) break;
    const [group] = groupOf(run, target);
    const free = group === undefined || !busy.has(group);
    if (target.batch !== batch || target.startedAt !== null || targetEnded(target) || run.closed?.has(target.nodeId) || !free) continue;
    if (group !== undefined) busy.add(group);
    admitted.push({ do: 'target', nodeId: target.nodeId, status: 'running' });
  }
  return admitted;
}

const groupOf = (run: LiveRun, { nodeId }: LiveTarget): string[] => {
  const group = run.groups?.get(nodeId);
  return group === undefined ? [] : [group];
};

const wakeForClosed = (run: LiveRun, waiting: readonly LiveTarget[]): Action[] =>
  waiting.flatMap((t) => {
    const closed = run.closed?.get(t.nodeId);
    return closed === undefined ? [] : [{ do: 'wake', at: closed.until }];
  });

const failures = (run: LiveRun): number => run.targets.filter((t) => t.status === 'failed' || t.status === 'rolled-back').length;

function decideRun(run: LiveRun): Action[] {
  const open = run.targets.filter((t) => !targetEnded(t));
  const begun = open.filter((t) => t.startedAt !== null);
  const skip = (): Action[] =>
    open.map((t) => ({ do: 'end-target', nodeId: t.nodeId, status: 'skipped', verdict: null, summary: 'not reached' }));

  if (open.length === 0) return [{ do: 'end-run', ...runOutcome(run) }];
  if (begun.length === 0 && run.control === 'abort') return skip();
  if (begun.length === 0 && run.control === null && failures(run) > Math.max(run.strategy.maxFailed, run.acceptedFailures)) {
    // Nobody is there to answer a pause when gates answer themselves.
    return run.strategy.onFail === 'pause' && run.strategy.gates === 'manual' ? [{ do: 'pause' }] : skip();
  }
  const asked = begun.some((t) => t.steps.find(stepOpen)?.status === 'waiting' && t.undo === null);
  const moving = begun.some((t) => t.busy !== 'no' || t.steps.find(stepOpen)?.status !== 'waiting');
  const status: RunStatus = run.control === 'pause' ? 'paused' : asked && !moving ? 'waiting' : 'running';
  const now = { status, verdict: joinVerdicts(run.targets), summary: describeRun(run, status) };
  const same = now.status === run.status && now.verdict === run.verdict && now.summary === run.summary;
  return same ? [] : [{ do: 'run', ...now }];
}

function runOutcome(run: LiveRun): { status: RunStatus; verdict: Verdict | null; summary: string } {
  const has = (status: TargetStatus) => run.targets.some((t) => t.status === status);
  const status: RunStatus =
    run.control === 'abort' || has('aborted')
      ? 'aborted'
      : has('failed')
        ? 'failed'
        : has('rolled-back')
          ? 'rolled-back'
          : has('skipped')
            ? 'failed'
            : 'succeeded';
  let verdict = joinVerdicts(run.targets);
  if (status !== 'succeeded' && verdict === 'pass') verdict = 'inconclusive';
  return { status, verdict, summary: describeRun(run, status) };
}

/** One "not fixed" makes the run not fixed; one doubt makes it doubtful; nodes that were never judged count as doubt beside judged ones. */
export function joinVerdicts(targets: readonly Pick<TargetState, 'verdict' | 'status'>[]): Verdict | null {
  const known = targets.flatMap((t) => (t.verdict === null ? [] : [t.verdict]));
  if (known.includes('fail')) return 'fail';
  if (known.length === 0) return null;
  if (known.includes('inconclusive')) return 'inconclusive';
  return targets.every((t) => t.verdict === 'pass') ? 'pass' : targets.every((t) => targetEnded(t)) ? 'inconclusive' : null;
}
