import { sharedNow } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import { parseRunbook } from '#server/runbooks/index.ts';
import type { Runbook } from '#shared/runbooks.ts';
import type { RunsDeps } from './deps.ts';
import { Interrupted } from './interrupted.ts';
import { createInProcessQueue } from './queue.ts';
import { createRunLoop, type RunLoop } from './run-loop.ts';

/** A run of an engine that says nothing for this long is taken over. */
const LEASE_MS = 5000;
const RENEW_MS = 1500;
/** A call to a hanging node may outlast this; it then ends into the void, and the next engine asks the node first. */
const STOP_MS = 2500;

/**
 * Works on the runs that it holds, and offers every unfinished run that no living engine holds: those just started, and those that a dead
 * process left behind.
 */
export function createEngine(deps: RunsDeps) {
  const { db, clock, log, events } = deps;
  const owner = deps.engineId ?? newId('engine', clock.now());
  const loops = new Map<string, RunLoop>();
  const parsed = new Map<string, Runbook>();
  const stopped = new AbortController();
  const onQueueError = (error: unknown) => log.error({ err: error }, 'a run could not be handed out; the next look will');
  const queue = deps.queue ?? createInProcessQueue({ onError: onQueueError });
  let heldUntil = 0;
  let looking: Promise<void> | null = null;
  let ticking: Promise<void> | null = null;
  let stopFollowing: (() => void) | null = null;

  /** The exact text that the run was started with, whatever the catalogue says now. */
  const runbookOf = ({ version, text }: { version: string; text: string }): Runbook => {
    const known = parsed.get(version) ?? parseRunbook(text, { name: 'the runbook of this run', builtin: false });
    parsed.set(version, known);
    return known;
  };
  const publish = (runId: string, facts: { locks: boolean }) => events.publish({ type: 'run.changed', runId }, { by: owner, facts });

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

  /** Renews what is ours, offers what is nobody's. */
  async function lookOnce(): Promise<void> {
    const now = clock.now();
    // A run that is taken while this asks is ours, too, though the answer does not know it.
    const before = [...loops];
    const rows = await db
      .updateTable('runs')
      .set({ leaseUntil: sharedNow(db, now, LEASE_MS) })
      .where('finishedAt', 'is', null)
      .where('leaseOwner', '=', owner)
      .returning('id')
      .execute();
    heldUntil = now + LEASE_MS;
    const ours = new Set(rows.map((r) => r.id));
    for (const [runId, loop] of before) if (!ours.has(runId) && loops.get(runId) === loop) letGo(runId, loop);
    if (stopped.signal.aborted) return;
    for (const runId of ours) if (!loops.has(runId)) work(runId);
    const free = await db
      .selectFrom('runs')
      .select('id')
      .where('finishedAt', 'is', null)
      .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<', sharedNow(db, now))]))
      .execute();
    for (const { id } of free) queue.offer(id).catch(onQueueError);
  }

  async function take(runId: string): Promise<void> {
    if (stopped.signal.aborted || loops.has(runId)) return;
    const now = clock.now();
    const taken = await db
      .updateTable('runs')
      .set({ leaseOwner: owner, leaseUntil: sharedNow(db, now, LEASE_MS) })
      .where('id', '=', runId)
      .where('finishedAt', 'is', null)
      .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<', sharedNow(db, now))]))
      .returning('id')
      .executeTakeFirst();
    if (taken === undefined || stopped.signal.aborted) return;
    // What this engine holds besides was renewed later or not at all; the next look says for how long all of it is ours.
    if (loops.size === 0) heldUntil = Math.max(heldUntil, now + LEASE_MS);
    work(runId);
  }

  function work(runId: string): void {
    if (loops.has(runId)) return;
    const onEnd = () => void loops.delete(runId);
    const loop = createRunLoop(deps, { runId, runbookOf, assertOwned, publish, onEnd });
    loops.set(runId, loop);
    loop.nudge();
  }

  function letGo(runId: string, loop: RunLoop): void {
    loops.delete(runId);
    // Not awaited: what it stops may itself be waiting for this look.
    loop.stop('lease-lost').catch((error) => log.error({ err: error, runId }, 'a run that was lost could not be let go'));
  }

  async function tick(): Promise<void> {
    while (!stopped.signal.aborted) {
      await look().catch((error) => log.error({ err: error }, 'the runs could not be read; trying again'));
      await clock.sleep(RENEW_MS, stopped.signal).catch(() => undefined);
    }
  }

  /** Until the database can be reached. */
  async function opened(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        return await queue.start(take);
      } catch (error) {
        log.error({ err: error }, 'the queue of the runs could not be opened; trying again');
      }
      await clock.sleep(RENEW_MS, stopped.signal).catch(() => undefined);
    }
  }

  return {
    start(): void {
      stopFollowing = events.subscribe((_id, event, { by }) => {
        if (event.type !== 'run.changed' || by === owner) return;
        const loop = loops.get(event.runId);
        if (loop !== undefined) loop.changedElsewhere();
        // what another engine says of its run is that engine's
        else if (by === undefined) look().catch((error) => log.error({ err: error }, 'a new run could not be taken; the next look will'));
      });
      ticking = opened().then(tick);
    },
    /** Leaves every run where it is and gives its lease back, so that the next engine goes on at once. */
    async stop(): Promise<void> {
      stopFollowing?.();
      stopped.abort();
      const quiet = Promise.allSettled([queue.stop(), looking, ticking, ...[...loops.values()].map((loop) => loop.stop('stopping'))]);
      await Promise.race([quiet, clock.sleep(STOP_MS)]);
      await db.updateTable('runs').set({ leaseOwner: null, leaseUntil: null }).where('leaseOwner', '=', owner).execute();
    },
  };
}
