import type { RunsDeps } from './deps.ts';
import { Interrupted } from './interrupted.ts';
import type { TargetState, UndoReason } from './state.ts';
import { updateTarget } from './store.ts';
import type { WayBackGuard } from './way-back.ts';

/** A node that was lost is asked this long whether it has restored itself; then the run ends without its word. */
const CONFIRM_MS = 10 * 60_000;
/** A person who aborts gets an end within a minute, also from a node that does not answer. */
const UNDO_MS: Record<UndoReason, number> = { abort: 40_000, answer: 90_000, failure: 90_000 };
const RETRY_MS = 1500;

type HeldNode = {
  deps: Pick<RunsDeps, 'db' | 'clock' | 'log'>;
  runId: string;
  target: TargetState;
  wayBack: WayBackGuard;
  signal: AbortSignal;
  onChange: () => void;
};

/** Asks until the node says whether it still waits; one that never answers has restored itself long since. */
export async function confirmNode({ deps, runId, target, wayBack, signal }: HeldNode): Promise<void> {
  const { clock, log } = deps;
  const giveUpAt = Math.max(clock.now(), target.revertAt ?? 0) + CONFIRM_MS;
  for (;;) {
    try {
      await wayBack.extend();
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (clock.now() >= giveUpAt) {
        await wayBack.giveUp();
        return;
      }
      log.warn({ err: error, runId, nodeId: target.nodeId }, 'a changed node does not answer; asking again');
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

/** Puts a node back as it was, or takes its revert away where nothing was changed; bounded, and honest where the node does not answer. */
export async function undoNode(node: HeldNode, { how, why }: { how: 'disarm' | 'revert'; why: UndoReason }): Promise<void> {
  const { deps, runId, target, wayBack, signal } = node;
  await updateTarget(deps.db, runId, target.nodeId, { undo: why });
  node.onChange();
  const bound = new AbortController();
  deps.clock.sleep(UNDO_MS[why], bound.signal).then(
    () => bound.abort(new Interrupted('timeout')),
    () => undefined,
  );
  const both = AbortSignal.any([signal, bound.signal]);
  try {
    while (!both.aborted) {
      try {
        if (how === 'disarm') await wayBack.disarm();
        else await wayBack.restore(both);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!both.aborted) deps.log.warn({ err: error, runId, nodeId: target.nodeId }, 'a node could not be put back yet; trying again');
      }
      await deps.clock.sleep(RETRY_MS, both).catch(() => undefined);
    }
    signal.throwIfAborted();
    await wayBack.giveUp();
  } finally {
    bound.abort();
  }
}
