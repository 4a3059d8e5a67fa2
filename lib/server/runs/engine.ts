import { newId } from '#server/kernel/ids.ts';
import { parseRunbook } from '#server/runbooks/index.ts';
import type { Runbook } from '#shared/runbooks.ts';
import type { RunsDeps } from './deps.ts';
import { Interrupted } from './interrupted.ts';
import { createRunLoop, type RunLoop } from './run-loop.ts';

/** A run of an engine that says nothing for this long is taken over. */
const LEASE_MS = 5000;
const RENEW_MS = 1500;
/** A call to a hanging node may outlast this; it then ends into the void, and the next engine asks the node first. */
const STOP_MS = 2500;

/** Works on every unfinished run that no living engine holds: those just started, and those that a dead console left behind. */
export function createEngine(deps: RunsDeps, onLocks: () => void) {
  const { db, clock, log, events } = deps;
  const owner = newId('engine', clock.now());
  const loops = new Map<string, RunLoop>();
  const parsed = new Map<string, Runbook>();
  const stopped = new AbortController();
  let heldUntil = 0;
  let publishing = false;
  let looking: Promise<void> | null = null;
  let ticking: Promise<void> | null = null;
  let stopFollowing: (() => void) | null = null;

  /** The exact text that the run was started with, whatever the catalogue says now. */
  const runbookOf = ({ version, text }: { version: string; text: string }): Runbook => {
    const known = parsed.get(version) ?? parseRunbook(text, { name: 'the runbook of this run', builtin: false });
    parsed.set(version, known);
    return known;
  };
  const publish = (runId: string, change: { locks: boolean }) => {
    publishing = true;
    events.publish({ type: 'run.changed', runId });
    publishing = false;
    if (change.locks) onLocks();
  };

  /** After a pause of this process (a debugger, SIGSTOP, a sleeping laptop) the lease may be another's by now. */
  async function assertOwned(): Promise<void> {
    if (stopped.signal.aborted) throw new Interrupted('stopping');
    if (clock.now() < heldUntil) return;
    await look();
    if (clock.now() >= heldUntil) throw new Interrupted('lease-lost');
  }

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = null;
    });
    return looking;
  }

  /** Renews what is ours, takes what is nobody's. */
  async function lookOnce(): Promise<void> {
    const now = clock.now();
    const rows = await db
      .updateTable('runs')
      .set({ leaseOwner: owner, leaseUntil: now + LEASE_MS })
      .where('finishedAt', 'is', null)
      .where((eb) => eb.or([eb('leaseOwner', '=', owner), eb('leaseUntil', 'is', null), eb('leaseUntil', '<', now)]))
      .returning('id')
      .execute();
    heldUntil = now + LEASE_MS;
    const ours = new Set(rows.map((r) => r.id));
    for (const [runId, loop] of loops) {
      if (ours.has(runId)) continue;
      loops.delete(runId);
      // Not awaited: what it stops may itself be waiting for this look.
      loop.stop('lease-lost').catch((error) => log.error({ err: error, runId }, 'a run that was lost could not be let go'));
    }
    if (stopped.signal.aborted) return;
    for (const runId of ours) {
      if (loops.has(runId)) continue;
      const onEnd = () => void loops.delete(runId);
      const loop = createRunLoop(deps, { runId, runbookOf, assertOwned, publish, onEnd });
      loops.set(runId, loop);
      loop.nudge();
    }
  }

  async function tick(): Promise<void> {
    while (!stopped.signal.aborted) {
      await look().catch((error) => log.error({ err: error }, 'the runs could not be read; trying again'));
      await clock.sleep(RENEW_MS, stopped.signal).catch(() => undefined);
    }
  }

  return {
    start(): void {
      stopFollowing = events.subscribe((_id, event) => {
        if (event.type !== 'run.changed' || publishing) return;
        onLocks();
        const loop = loops.get(event.runId);
        if (loop !== undefined) loop.changedElsewhere();
        else look().catch((error) => log.error({ err: error }, 'a new run could not be taken; the next look will'));
      });
      ticking = tick();
    },
    /** Leaves every run where it is and gives its lease back, so that the next engine goes on at once. */
    async stop(): Promise<void> {
      stopFollowing?.();
      stopped.abort();
      const quiet = Promise.allSettled([looking, ticking, ...[...loops.values()].map((loop) => loop.stop('stopping'))]);
      await Promise.race([quiet, clock.sleep(STOP_MS)]);
      await db.updateTable('runs').set({ leaseOwner: null, leaseUntil: null }).where('leaseOwner', '=', owner).execute();
    },
  };
}
