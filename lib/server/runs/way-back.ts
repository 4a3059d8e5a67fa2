import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { NodeOps, Outcome, RevertState } from '#server/ssh/index.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { Proof } from './evidence.ts';
import { NodeLost } from './interrupted.ts';
import { holdsNode, lostNode, type WayBack } from './state.ts';
import { updateTarget } from './store.ts';

/** How often a node that was told to restore itself is asked whether it has. */
const ASK_AGAIN_MS = 1000;
const WENT_BACK: readonly RevertState[] = ['reverting', 'reverted'];

/** The name of one attempt on its node: it does each thing once, and a second attempt is another one. */
export const opsId = (runId: string, attempt: number): string => (attempt === 1 ? runId : `${runId}-${attempt}`);

export type WayBackDeps = {
  db: Db;
  ops: NodeOps;
  clock: Clock;
  onChange: () => void;
  /** keeps what the node said when it no longer waits */
  prove: (proof: Proof) => Promise<void>;
};
export type WayBackOf = { runId: string; nodeId: string; opsId: string; seconds: number; member: () => Promise<FleetMember> };
export type WayBackGuard = ReturnType<typeof createWayBack>;

/**
 * The automatic revert of one changed node. One call at a time per node, each between two writes of what is known, so that an extension can never
 * overtake a disarm, and a crash in between leaves "asked" behind and not a guess.
 */
export function createWayBack(deps: WayBackDeps, of: WayBackOf) {
  const { db, ops, clock } = deps;
  let turn: Promise<unknown> = Promise.resolve();
  /** this process has the node's own word for it */
  let heard = false;

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const read = async () => {
    const columns = ['wayBack', 'revertAt', 'grantedAt', 'undo'] as const;
    return db
      .selectFrom('runTargets')
      .select(columns)
      .where('runId', '=', of.runId)
      .where('nodeId', '=', of.nodeId)
      .executeTakeFirstOrThrow();
  };
  const note = async (wayBack: WayBack, grant: { grantedAt: number; revertAt: number } | null = null): Promise<WayBack> => {
    await updateTarget(db, of.runId, of.nodeId, { wayBack, ...grant });
    deps.onChange();
    return wayBack;
  };
  /** Counted from before the node was asked, so the real deadline is never earlier than ours. */
  const granted = (askedAt: number) => ({ grantedAt: askedAt, revertAt: askedAt + of.seconds * 1000 });

  const ask = async (seconds: number): Promise<WayBack> => {
    const askedAt = clock.now();
    const { value, receipt } = await ops.extendRevert(await of.member(), { runId: of.opsId, seconds });
    if (value.state === 'armed') {
      heard = true;
      return note('armed', { grantedAt: askedAt, revertAt: askedAt + seconds * 1000 });
    }
    await deps.prove({ title: 'the node does not wait any more', receipt, value: value.state, threshold: 'armed', verdict: 'fail' });
    return note(WENT_BACK.includes(value.state) ? 'reverted' : 'gone');
  };

  return {
    /** Only a node that said so to this process, and whose deadline is ahead, is surely still waiting. */
    confirmed: (revertAt: number | null): boolean => heard && revertAt !== null && clock.now() <= revertAt,

    arm: (): Promise<Outcome<{ survivesReboot: boolean }> | null> =>
      alone(async () => {
        const { wayBack } = await read();
        if (wayBack === 'armed') return (await ask(of.seconds)) === 'armed' ? null : lost();
        const member = await of.member();
        if (wayBack === 'arming') {
          const { value } = await ops.revertState(member, { runId: of.opsId });
          if (WENT_BACK.includes(value.state)) {
            await note('reverted');
            return lost();
          }
        } else await note('arming');
        const askedAt = clock.now();
        const outcome = await ops.armRevert(member, { runId: of.opsId, seconds: of.seconds });
        heard = true;
        await note('armed', granted(askedAt));
        return outcome;
      }),

    /** The keeper's call. Does nothing unless the node is armed and stays so. */
    extend: (): Promise<WayBack> =>
      alone(async () => {
        const { wayBack, undo } = await read();
        return wayBack === 'armed' && undo === null ? ask(of.seconds) : asWayBack(wayBack);
      }),

    /** Before something is done to the node: makes sure that it still waits for us. */
    async assertHeld(): Promise<void> {
      const { wayBack, revertAt, grantedAt } = await read();
      if (lostNode(asWayBack(wayBack))) lost();
      if (wayBack !== 'armed') return;
      const recent = grantedAt !== null && clock.now() - grantedAt < (of.seconds * 1000) / 2;
      if (heard && recent && revertAt !== null && clock.now() < revertAt) return;
      if ((await this.extend()) !== 'armed') lost();
    },

    disarm: (): Promise<{ wayBack: WayBack; outcome: Outcome<unknown> | null }> =>
      alone(async () => {
        const { wayBack } = await read();
        if (!holdsNode(asWayBack(wayBack))) return { wayBack: asWayBack(wayBack), outcome: null };
        await note('disarming');
        const outcome = await ops.disarmRevert(await of.member(), { runId: of.opsId });
        return { wayBack: await note(WENT_BACK.includes(outcome.value.state) ? 'reverted' : 'disarmed'), outcome };
      }),

    /** Lets the node's own revert do it, now: one restore, one restart, whatever happens to us meanwhile. */
    restore: (signal: AbortSignal): Promise<WayBack> =>
      alone(async () => {
        const { wayBack } = await read();
        if (!holdsNode(asWayBack(wayBack))) return asWayBack(wayBack);
        const member = await of.member();
        let { value, receipt } = await ops.extendRevert(member, { runId: of.opsId, seconds: 1 });
        if (value.state === 'armed') await note('armed', { grantedAt: clock.now(), revertAt: clock.now() + 1000 });
        while (value.state === 'armed' || value.state === 'reverting') {
          await clock.sleep(ASK_AGAIN_MS, signal);
          ({ value, receipt } = await ops.revertState(member, { runId: of.opsId }));
        }
        await deps.prove({ title: 'the node was put back', receipt, value: value.state, threshold: 'reverted' });
        return note(value.state === 'reverted' ? 'reverted' : 'gone');
      }),

    giveUp: (): Promise<WayBack> => alone(() => note('left')),
  };
}

const lost = (): never => {
  throw new NodeLost();
};

/** The column holds nothing else: only `note` and the run's start write it. */
const asWayBack = (value: string): WayBack => value as WayBack;
