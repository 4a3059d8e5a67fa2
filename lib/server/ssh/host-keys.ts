import { createHash } from 'node:crypto';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { HeadroomError } from '#server/kernel/errors.ts';
import { keyChanged, keyUnknown } from './failures.ts';
import type { HostKeyState, SshTarget } from './types.ts';

export const fingerprintOf = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

export type HostKeys = ReturnType<typeof createHostKeys>;

/** Pinned fingerprints. The one place that decides whether a key is the node's. */
export function createHostKeys({ db, clock }: { db: Db; clock: Clock }) {
  const state = async (nodeId: string): Promise<HostKeyState> => {
    const row = await db.selectFrom('hostKeys').select(['pinned', 'offered', 'blocked']).where('nodeId', '=', nodeId).executeTakeFirst();
    return { pinned: row?.pinned ?? null, offered: row?.offered ?? null, blocked: row?.blocked === 1 };
  };

  const states = async (): Promise<ReadonlyMap<string, HostKeyState>> => {
    const rows = await db.selectFrom('hostKeys').select(['nodeId', 'pinned', 'offered', 'blocked']).execute();
    return new Map(rows.map(({ nodeId, pinned, offered, blocked }) => [nodeId, { pinned, offered, blocked: blocked === 1 }]));
  };

  /** The pinned key itself; null when it was pinned by its fingerprint before the key was ever seen. */
  const pinnedKey = async (nodeId: string): Promise<Buffer | null> => {
    const row = await db.selectFrom('hostKeys').select(['pinned', 'pinnedKey']).where('nodeId', '=', nodeId).executeTakeFirst();
    const key = row?.pinnedKey ? Buffer.from(row.pinnedKey, 'base64') : null;
    return key && fingerprintOf(key) === row?.pinned ? key : null;
  };

  /** What was offered is kept for the person who decides; a key that differs from the pinned one blocks the node. */
  const offer = async (nodeId: string, key: Buffer, blocked: 0 | 1) => {
    const values = { offered: fingerprintOf(key), offeredKey: key.toString('base64'), offeredAt: clock.now(), blocked };
    await db
      .insertInto('hostKeys')
      .values({ nodeId, pinned: null, pinnedAt: null, pinnedBy: null, pinnedKey: null, reason: null, ...values })
      .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(values))
      .execute();
  };

  return {
    state,
    states,
    pinnedKey,
    /** Before dialling: a blocked node is not dialled at all. */
    async refusal(target: SshTarget): Promise<HeadroomError | null> {
      const { blocked, pinned, offered } = await state(target.id);
      return blocked && pinned !== null ? keyChanged(target, pinned, offered) : null;
    },
    /** In the handshake, before anything is sent: null lets the session go on. */
    async verify(target: SshTarget, key: Buffer): Promise<HeadroomError | null> {
      const offered = fingerprintOf(key);
      const { pinned, blocked, offered: kept } = await state(target.id);
      if (pinned === null) {
        if (kept !== offered) await offer(target.id, key, 0);
        return keyUnknown(target, offered);
      }
      if (pinned === offered && !blocked) {
        if ((await pinnedKey(target.id)) === null)
          await db
            .updateTable('hostKeys')
            .set({ pinnedKey: key.toString('base64') })
            .where('nodeId', '=', target.id)
            .where('pinned', '=', offered)
            .execute();
        return null;
      }
      if (pinned === offered) return keyChanged(target, pinned, kept);
      await offer(target.id, key, 1);
      return keyChanged(target, pinned, offered);
    },
  };
}
