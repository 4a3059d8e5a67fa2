import type { Runbook } from '#shared/runbooks.ts';
import { hasEnded } from '#shared/runs.ts';
import { applyActions, isStored } from './apply-actions.ts';
import { type Action, decide, type LiveRun, type LiveTarget } from './decide.ts';
import type { RunsDeps } from './deps.ts';
import { createFollowedRun } from './followed-run.ts';
import { createHeldNodes } from './held-nodes.ts';
import { confirmNode, undoNode } from './hold-node.ts';
import { Interrupted } from './interrupted.ts';
import { createHolds, type Holds } from './rules/holds.ts';
import { type TargetState, targetEnded } from './state.ts';
import { runStep } from './step-job.ts';
import type { StoredRun } from './store.ts';

const RETRY_MS = 1500;
/** A run that waits for an instant looks around this often. */
const LOOK_AGAIN_MS = 60_000;

type Job = { what: 'step' | 'confirm' | 'undo'; controller: AbortController; done: Promise<void> };

export type RunLoop = ReturnType<typeof createRunLoop>;

/**
 * One run: load what is stored, decide, do one thing per node, store, again. Everything that it knows and the database does not (what is being done
 * now, which nodes it has heard from) is forgotten when the process dies, and that is enough to go on.
 */
export function createRunLoop(
  deps: RunsDeps,
  options: {
    runId: string;
    runbookOf: (run: Pick<StoredRun['runbook'], 'version' | 'text'>) => Runbook;
    assertOwned: () => Promise<void>;
    /** `locks`: a node was taken or given back */
    publish: (runId: string, change: { locks: boolean }) => void;
    onEnd: () => void;
  },
) {
  const { db, clock, log } = deps;
  const { runId, publish } = options;
  const jobs = new Map<string, Job>();
  let stopping = false;
  let turning: Promise<void> | null = null;
  let again = false;
  let wake: AbortController | null = null;

  const followed = createFollowedRun(db, runId, (row) => {
    const runbook = options.runbookOf({ version: row.runbookVersion, text: row.runbookText });
    return new Set(runbook.steps.filter((s) => s.onFail === 'continue').map((s) => s.key));
  });
  const holds = createHolds(deps);
  const changed = (nodeId: string) => {
    followed.changed(nodeId);
    publish(runId, { locks: false });
    nudge();
  };

  const held = createHeldNodes({ deps, runId, onChange: changed, onOverdue: nudge });

  function nudge(): void {
    if (stopping) return;
    again = true;
    turning ??= turns().finally(() => {
      turning = null;
      if (again) nudge();
    });
  }

  async function turns(): Promise<void> {
    while (again && !stopping) {
      again = false;
      try {
        await turn();
      } catch (error) {
        if (stopping) return;
        log.error({ err: error, runId }, 'a run could not be advanced; trying again');
        await clock.sleep(RETRY_MS).catch(() => undefined);
        again = true;
      }
    }
  }

  async function turn(): Promise<void> {
    // What was under way when the reading began may be stored after it: this turn still sees that node as busy, and the end of the job brings the next turn.
    const busy = new Map([...jobs].map(([nodeId, { what }]) => [nodeId, what]));
    const run = await followed.read();
    if (run === null || hasEnded(run.status)) return options.onEnd();
    for (const target of run.targets) held.keep(run, target);
    const actions = decide(toLive(run, await holds.of(run), busy));
    for (const action of actions) if (action.do === 'interrupt') jobs.get(action.nodeId)?.controller.abort(new Interrupted(action.why));
    if (actions.some(isStored)) {
      await options.assertOwned();
      await applyActions(deps, run, actions);
      for (const action of actions) {
        if (action.do === 'end-target') held.letGo(action.nodeId);
        if (action.do === 'end-target' || action.do === 'target') followed.changed(action.nodeId);
      }
      again = true;
      return publish(runId, { locks: actions.some((a) => a.do === 'end-target' || a.do === 'end-run') });
    }
    for (const action of actions) if (action.do === 'step' || action.do === 'confirm' || action.do === 'undo') launch(run, action);
    const at = Math.min(...actions.flatMap((a) => (a.do === 'wake' ? [a.at] : [])));
    // Whatever a run waits for, the rules may change by themselves: a label, a fact.
    if (Number.isFinite(at)) wakeAt(Math.min(at, clock.now() + LOOK_AGAIN_MS));
  }

  const toLive = (run: StoredRun, holding: Holds, busy: ReadonlyMap<string, Job['what']>): LiveRun => ({
    ...run,
    ...holding,
    now: clock.now(),
    targets: run.targets.map((t): LiveTarget => {
      if (t.startedAt === null || targetEnded(t)) return atRest(t);
      return { ...t, busy: jobs.get(t.nodeId)?.what ?? busy.get(t.nodeId) ?? 'no', confirmed: held.confirmed(t) };
    }),
  });

  function launch(run: StoredRun, action: Extract<Action, { do: 'step' | 'confirm' | 'undo' }>): void {
    const target = run.targets.find((t) => t.nodeId === action.nodeId);
    if (target === undefined || jobs.has(action.nodeId)) return;
    const controller = new AbortController();
    const work = async (): Promise<void> => {
      await options.assertOwned();
      if (action.do === 'confirm') return confirmNode(node(run, target, controller.signal));
      if (action.do === 'undo') return undoNode(node(run, target, controller.signal), action);
      return step(run, target, action.key, controller.signal);
    };
    const done = work()
      .catch(async (error) => {
        if (error instanceof Interrupted) return;
        log.error({ err: error, runId, nodeId: action.nodeId }, 'a run could not go on with a node; trying again');
        await clock.sleep(RETRY_MS, controller.signal).catch(() => undefined);
      })
      .finally(() => {
        jobs.delete(action.nodeId);
        followed.changed(action.nodeId);
        nudge();
      });
    jobs.set(action.nodeId, { what: action.do, controller, done });
  }

  const node = (run: StoredRun, target: TargetState, signal: AbortSignal) => ({
    deps,
    runId,
    target,
    wayBack: held.of(run, target),
    signal,
    onChange: () => changed(target.nodeId),
  });

  async function step(run: StoredRun, target: TargetState, key: string, signal: AbortSignal): Promise<void> {
    const { steps } = options.runbookOf(run.runbook);
    const one = steps.find((s) => s.key === key);
    if (one === undefined) throw new Error(`the runbook has no step ${key}`);
    const job = { deps, run, steps, target, step: one, signal, assertOwned: options.assertOwned, onChange: () => changed(target.nodeId) };
    await runStep({ ...job, wayBack: held.of(run, target) });
    if (one.kind === 'service') deps.scraper.nudge(target.nodeId);
  }

  function wakeAt(at: number): void {
    wake?.abort();
    wake = new AbortController();
    clock.sleep(Math.max(0, at - clock.now()), wake.signal).then(nudge, () => undefined);
  }

  return {
    nudge,
    /** Somebody else wrote to this run. */
    changedElsewhere(): void {
      followed.changedElsewhere();
      holds.forget();
      nudge();
    },
    /** Leaves everything as it is, for whoever takes over. */
    async stop(why: 'stopping' | 'lease-lost'): Promise<void> {
      stopping = true;
      wake?.abort();
      held.stop();
      for (const { controller } of jobs.values()) controller.abort(new Interrupted(why));
      await Promise.allSettled([...[...jobs.values()].map((j) => j.done), turning ?? Promise.resolve()]);
    },
  };
}

const resting = new WeakMap<TargetState, LiveTarget>();
/** Nothing is done with it in this process; of a large run most are so, and stay the same object from turn to turn. */
function atRest(target: TargetState): LiveTarget {
  const known = resting.get(target) ?? { ...target, busy: 'no', confirmed: false };
  resting.set(target, known);
  return known;
}
