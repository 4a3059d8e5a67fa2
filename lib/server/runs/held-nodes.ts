import type { RunsDeps } from './deps.ts';
import { type Proof, storeEvidence } from './evidence.ts';
import { keepArmed } from './keeper.ts';
import type { TargetState } from './state.ts';
import type { StoredRun } from './store.ts';
import { createWayBack, opsId, type WayBackGuard } from './way-back.ts';

/** The ways back of one run's nodes, each with its keeper; what this process has heard from them dies with it. */
export function createHeldNodes(options: { deps: RunsDeps; runId: string; onChange: (nodeId: string) => void; onOverdue: () => void }) {
  const { deps, runId, onChange, onOverdue } = options;
  const { db, ops, clock, log, nodes } = deps;
  const held = new Map<string, { wayBack: WayBackGuard; stop: AbortController; kept: boolean }>();

  const entry = (run: StoredRun, { nodeId, attempt, steps }: TargetState) => {
    const known = held.get(nodeId);
    if (known !== undefined) return known;
    const of = { runId, nodeId, opsId: opsId(runId, attempt), seconds: run.strategy.confirmSeconds, member: () => nodes.get(nodeId) };
    // Its answers belong to the step that armed it.
    const step = steps.find((s) => s.kind === 'arm-revert')?.key ?? 'arm-revert';
    const prove = (proof: Proof) => storeEvidence(db, { runId, nodeId, step, attempt, now: clock.now() }, proof);
    const created = {
      wayBack: createWayBack({ db, ops, clock, onChange: () => onChange(nodeId), prove }, of),
      stop: new AbortController(),
      kept: false,
    };
    held.set(nodeId, created);
    return created;
  };

  return {
    of: (run: StoredRun, target: TargetState): WayBackGuard => entry(run, target).wayBack,
    confirmed: (target: TargetState): boolean => held.get(target.nodeId)?.wayBack.confirmed(target.revertAt) ?? false,
    /** Starts the keeper of a node as soon as it is armed, once. */
    keep(run: StoredRun, target: TargetState): void {
      if (target.wayBack !== 'armed' || target.undo !== null) return;
      const one = entry(run, target);
      if (one.kept) return;
      one.kept = true;
      const { wayBack, stop } = one;
      keepArmed({ wayBack, seconds: run.strategy.confirmSeconds, clock, log, signal: stop.signal, onOverdue }).catch((error) =>
        log.error({ err: error, runId }, 'the keeper of a node failed'),
      );
    },
    letGo(nodeId: string): void {
      held.get(nodeId)?.stop.abort();
      held.delete(nodeId);
    },
    stop(): void {
      for (const { stop } of held.values()) stop.abort();
    },
  };
}
