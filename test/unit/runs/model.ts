import { type Action, decide, type LiveRun, type LiveTarget } from '#server/runs/decide.ts';
import { lostNode, type StepState, targetEnded } from '#server/runs/state.ts';
import { hasEnded, strategySchema, type Verdict } from '#shared/runs.ts';

/** What a node does with what it is asked, markers and deadline included; it needs no console. */
export type ModelNode = {
  revert: 'none' | 'armed' | 'reverted' | 'disarmed';
  deadline: number;
  edited: boolean;
  restartMarker: boolean;
  restartsByRun: number;
  restartsByRevert: number;
  changesAfterRevert: number;
};

type Job = { nodeId: string; key: string | null; kind: string; phases: (() => void)[]; why: 'abort' | 'answer' | 'failure' | null };
/** One number decides what happens next; the same numbers give the same history. */
export type Draw = () => number;

const STEPS = ['preflight', 'baseline', 'arm-revert', 'edit-config', 'service', 'verify-process', 'watch', 'gate', 'disarm-revert', 'note'];
const SOFT = ['baseline', 'watch'];
const CONFIRM_SECONDS = 40;

export function modelRun(options: { nodes: number; gates: 'auto' | 'manual'; draw: Draw }) {
  const { draw } = options;
  const nodes = new Map<string, ModelNode>();
  const jobs = new Map<string, Job>();
  const heard = new Set<string>();
  let now = 1000;
  const run: LiveRun = {
    id: 'r_1',
    strategy: strategySchema.parse({
      gates: options.gates,
      batches: [1, '100%'],
      maxParallel: 2,
      maxFailed: 1,
      confirmSeconds: CONFIRM_SECONDS,
    }),
    dryRun: false,
    status: 'running',
    verdict: null,
    summary: '',
    control: null,
    controlBy: null,
    acceptedFailures: 0,
    approveBy: null,
    now,
    targets: Array.from({ length: options.nodes }, (_, i) => freshTarget(i)),
  };
  for (const target of run.targets) nodes.set(target.nodeId, freshNode());
  const targetOf = (nodeId: string): LiveTarget => find(run.targets, (t) => t.nodeId === nodeId);
  const nodeOf = (nodeId: string): ModelNode => find([...nodes], ([id]) => id === nodeId)[1];

  const change = (node: ModelNode, act: () => void): void => {
    if (node.revert === 'reverted') node.changesAfterRevert += 1;
    else act();
  };
  const held = (target: LiveTarget, node: ModelNode): boolean => {
    if (lostNode(target.wayBack)) return false;
    if (target.wayBack !== 'armed') return true;
    // The engine's guard: not heard lately means asking first.
    if (node.revert === 'armed') return true;
    target.wayBack = node.revert === 'reverted' ? 'reverted' : 'gone';
    return false;
  };

  function phasesOf(target: LiveTarget, step: StepState): (() => void)[] {
    const node = nodeOf(target.nodeId);
    const done =
      (status: StepState['status'] = 'succeeded', verdict: Verdict | null = null) =>
      () => {
        step.status = status;
        step.verdict = verdict;
      };
    const lost = () => {
      step.status = 'failed';
    };
    switch (step.kind) {
      case 'arm-revert':
        return [
          () => {
            if (target.wayBack === 'none') target.wayBack = 'arming';
          },
          () => {
            if (node.revert === 'reverted') return;
            node.revert = 'armed';
            node.deadline = now + CONFIRM_SECONDS;
          },
          () => {
            target.wayBack = node.revert === 'reverted' ? 'reverted' : 'armed';
            target.revertAt = node.deadline;
            heard.add(target.nodeId);
            if (node.revert === 'reverted') lost();
            else done()();
          },
        ];
      case 'edit-config':
        return [
          () => {
            if (target.edit === 'none') target.edit = 'asked';
          },
          () => {
            if (!held(target, node)) return lost();
            change(node, () => {
              node.edited = true;
            });
          },
          () => {
            if (step.status === 'failed') return;
            target.edit = 'done';
            done()();
          },
        ];
      case 'service':
        return [
          () => {
            if (target.restart === 'none') target.restart = 'asked';
          },
          () => {
            if (!held(target, node)) return lost();
            change(node, () => {
              if (!node.restartMarker) node.restartsByRun += 1;
              node.restartMarker = true;
            });
          },
          () => {
            if (step.status === 'failed') return;
            target.restart = 'done';
            done()();
          },
        ];
      case 'watch': {
        const verdict = pick(['pass', 'fail', 'inconclusive'] as const, draw());
        return [
          () => {
            // The worse of two holds, as the engine stores it.
            if (target.verdict !== 'inconclusive' || verdict === 'fail') target.verdict = verdict;
            done(verdict === 'pass' ? 'succeeded' : verdict === 'fail' ? 'failed' : 'inconclusive', verdict)();
          },
        ];
      }
      case 'gate':
        return [
          () => {
            if (step.gate?.answer == null && options.gates === 'manual') {
              step.gate = { question: '?', options: [], default: 'keep', answer: null, by: null, at: null };
              step.status = 'waiting';
              return;
            }
            if (step.gate?.answer === 'revert') target.undo = 'answer';
            done()();
          },
        ];
      case 'disarm-revert':
        return [
          () => {
            target.wayBack = target.wayBack === 'armed' ? 'disarming' : target.wayBack;
          },
          () => {
            if (node.revert === 'armed') node.revert = 'disarmed';
          },
          () => {
            target.wayBack = node.revert === 'reverted' ? 'reverted' : 'disarmed';
            if (node.revert === 'reverted') lost();
            else done()();
          },
        ];
      default: {
        const bad = draw() % 12 === 0;
        return [done(bad ? (SOFT.includes(step.kind) ? 'inconclusive' : 'failed') : 'succeeded')];
      }
    }
  }

  function undoPhases(target: LiveTarget, { how, why }: Extract<Action, { do: 'undo' }>): (() => void)[] {
    const node = nodeOf(target.nodeId);
    return [
      () => {
        target.undo = why;
      },
      () => {
        if (node.revert !== 'armed') return;
        if (how === 'disarm') node.revert = 'disarmed';
        else fire(node);
      },
      () => {
        target.wayBack = node.revert === 'reverted' ? 'reverted' : how === 'disarm' ? 'disarmed' : 'gone';
      },
    ];
  }

  function fire(node: ModelNode): void {
    node.revert = 'reverted';
    if (node.edited || node.restartMarker) node.restartsByRevert += 1;
    node.edited = false;
  }

  function perform(action: Action): boolean {
    switch (action.do) {
      case 'target': {
        const target = targetOf(action.nodeId);
        Object.assign(target, { status: action.status, startedAt: target.startedAt ?? now });
        return true;
      }
      case 'end-target':
        for (const step of targetOf(action.nodeId).steps)
          if (['pending', 'running', 'waiting'].includes(step.status)) step.status = step.status === 'running' ? 'failed' : 'skipped';
        Object.assign(targetOf(action.nodeId), {
          status: action.status,
          verdict: action.verdict,
          summary: action.summary,
          finishedAt: now,
        });
        return true;
      case 'pause':
        run.control ??= 'pause';
        return true;
      case 'run':
      case 'end-run':
        Object.assign(run, { status: action.status, verdict: action.verdict, summary: action.summary });
        return true;
      case 'interrupt': {
        const job = jobs.get(action.nodeId);
        jobs.delete(action.nodeId);
        if (job?.key != null && action.why !== 'overdue') find(targetOf(action.nodeId).steps, (s) => s.key === job.key).status = 'failed';
        return false;
      }
      case 'step': {
        const target = targetOf(action.nodeId);
        const step = find(target.steps, (s) => s.key === action.key);
        step.status = 'running';
        jobs.set(action.nodeId, { nodeId: action.nodeId, key: step.key, kind: 'step', phases: phasesOf(target, step), why: null });
        return false;
      }
      case 'confirm':
        jobs.set(action.nodeId, { nodeId: action.nodeId, key: null, kind: 'confirm', phases: [() => extend(action.nodeId)], why: null });
        return false;
      case 'undo':
        jobs.set(action.nodeId, {
          nodeId: action.nodeId,
          key: null,
          kind: 'undo',
          phases: undoPhases(targetOf(action.nodeId), action),
          why: action.why,
        });
        return false;
      case 'wake':
        return false;
    }
  }

  function extend(nodeId: string): void {
    const [target, node] = [targetOf(nodeId), nodeOf(nodeId)];
    if (target.wayBack !== 'armed' || target.undo !== null) return;
    if (node.revert === 'armed') {
      node.deadline = now + CONFIRM_SECONDS;
      target.revertAt = node.deadline;
      heard.add(nodeId);
    } else target.wayBack = node.revert === 'reverted' ? 'reverted' : 'gone';
  }

  return {
    run,
    nodes,
    ended: () => hasEnded(run.status),
    /** decide, and all of its stored consequences, until nothing but work is left */
    turn(): void {
      for (let i = 0; ; i++) {
        if (i > 100) throw new Error('decide never comes to rest');
        run.now = now;
        for (const target of run.targets) {
          target.busy = (jobs.get(target.nodeId)?.kind ?? 'no') as LiveTarget['busy'];
          target.confirmed = heard.has(target.nodeId) && target.revertAt !== null && now <= target.revertAt;
        }
        const actions = decide(run);
        const stored = actions.filter((a) => ['target', 'end-target', 'pause', 'run', 'end-run', 'interrupt'].includes(a.do));
        const changed = stored.map(perform).some(Boolean);
        if (changed) continue;
        if (stored.length > 0) continue;
        actions.forEach(perform);
        return;
      }
    },
    /** one phase of one job; an empty job is over */
    work(): boolean {
      const job = [...jobs.values()][draw() % Math.max(1, jobs.size)];
      if (job === undefined) return false;
      job.phases.shift()?.();
      if (job.phases.length === 0) jobs.delete(job.nodeId);
      return true;
    },
    /** everything that only the process knew is gone */
    crash(): void {
      jobs.clear();
      heard.clear();
    },
    pass(seconds: number): void {
      now += seconds;
      for (const node of nodes.values()) if (node.revert === 'armed' && now > node.deadline) fire(node);
    },
    keep: () => run.targets.forEach((t) => void extend(t.nodeId)),
    control(to: 'pause' | 'abort' | null): void {
      if (run.control === 'abort' || hasEnded(run.status)) return;
      run.control = to;
      if (to !== null) return;
      run.acceptedFailures = run.targets.filter((t) => t.status === 'failed' || t.status === 'rolled-back').length;
      for (const target of run.targets) for (const step of target.steps) if (step.status === 'inconclusive') step.accepted = true;
    },
    /** a person leaves out a node that was not begun, or a coming step that judges */
    skip(): void {
      if (hasEnded(run.status)) return;
      const target = run.targets[draw() % run.targets.length];
      if (target === undefined || targetEnded(target)) return;
      if (target.startedAt === null) {
        Object.assign(target, { status: 'skipped', finishedAt: now, summary: 'skipped by sre' });
        for (const step of target.steps) step.status = 'skipped';
        return;
      }
      const step = target.steps.find((s) => s.status === 'pending' && SOFT.includes(s.kind));
      if (step === undefined) return;
      Object.assign(step, { status: 'skipped', summary: 'skipped by sre' });
      if (target.verdict !== 'fail') target.verdict = 'inconclusive';
    },
    answer(): void {
      for (const target of run.targets.filter((t) => !targetEnded(t)))
        for (const step of target.steps)
          if (step.status === 'waiting' && step.gate?.answer === null)
            step.gate = { ...step.gate, answer: pick(['keep', 'keep', 'revert'], draw()) };
    },
  };
}

function freshTarget(i: number): LiveTarget {
  const nothing = { verdict: null, judgement: null, revertAt: null, grantedAt: null, undo: null, startedAt: null, finishedAt: null };
  return {
    ...nothing,
    nodeId: `n_${i}`,
    name: `edge-${i}`,
    position: i,
    batch: i === 0 ? 1 : 2,
    attempt: 1,
    status: 'pending',
    summary: '',
    wayBack: 'none',
    edit: 'none',
    restart: 'none',
    memo: {},
    busy: 'no',
    confirmed: false,
    steps: STEPS.map((kind) => ({
      key: kind,
      kind,
      title: kind,
      status: 'pending',
      verdict: null,
      summary: '',
      startedAt: null,
      finishedAt: null,
      output: '',
      gate: null,
      accepted: false,
      byHand: null,
      soft: SOFT.includes(kind),
    })),
  };
}

const freshNode = (): ModelNode => ({
  revert: 'none',
  deadline: 0,
  edited: false,
  restartMarker: false,
  restartsByRun: 0,
  restartsByRevert: 0,
  changesAfterRevert: 0,
});

function find<T>(list: readonly T[], is: (item: T) => boolean): T {
  const found = list.find(is);
  if (found === undefined) throw new Error('not in the model');
  return found;
}

function pick<T>(list: readonly T[], at: number): T {
  return find(list, (item) => list.indexOf(item) === at % list.length || list.lastIndexOf(item) === at % list.length);
}
