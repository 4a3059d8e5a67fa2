import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertFreshFactor } from '#server/kernel/fresh-factor.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type Actor, mayOn } from '#shared/access.ts';
import { labelsSchema } from '#shared/nodes.ts';

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

const input = z.object({
  id: z.string().min(1).max(64),
  fingerprint: z.string().regex(FINGERPRINT, 'must be a SHA256 fingerprint as ssh-keygen -lf prints it: SHA256: and 43 characters'),
  /** why another key than before is right; needed when the pinned key changes */
  reason: z.string().trim().min(3).max(500).optional(),
});

/** A person says which host key is the node's. The first one needs no reason, another one does; it also ends the block. */
export const pinHostKey: Verb<typeof input, Tx, { pinned: string }> = {
  name: 'node.host-key',
  permission: 'node.host-key',
  input,
  nodes: (_tx, { id }) => [id],
  async run(tx, { id, fingerprint, reason }, { actor, now }) {
    const node = await tx.selectFrom('nodes').select(['id', 'name']).where('id', '=', id).executeTakeFirst();
    if (!node) throw new HeadroomError('node.not-found', `There is no node with the id ${id}`);
    await assertNobodyElses(tx, actor, { id, fingerprint });
    const row = await tx.selectFrom('hostKeys').selectAll().where('nodeId', '=', id).executeTakeFirst();
    const before = { pinned: row?.pinned ?? null, blocked: row?.blocked === 1 };
    if (before.pinned !== null && (before.blocked || before.pinned !== fingerprint) && reason === undefined)
      throw new HeadroomError(
        'request.invalid',
        `${node.name} has the pinned host key ${before.pinned} and ${before.blocked ? 'is blocked since it offered another one' : 'gets another one'}: say why in \`reason\``,
        { fields: [{ path: 'reason', message: 'is needed when a pinned host key changes' }] },
      );
    // a key that was approved before is replaced: whoever answers there now may be somebody else
    if (before.pinned !== null) assertFreshFactor(actor, now, `another host key for ${node.name}`);
    const pinned = {
      pinned: fingerprint,
      // the key itself, where it was seen; otherwise it is kept at the first handshake that offers it
      pinnedKey: row?.offered === fingerprint ? row.offeredKey : row?.pinned === fingerprint ? row.pinnedKey : null,
      pinnedAt: now,
      pinnedBy: actor.name,
      reason: reason ?? null,
      offered: null,
      offeredKey: null,
      offeredAt: null,
      blocked: 0,
    };
    await tx
      .insertInto('hostKeys')
      .values({ nodeId: id, ...pinned })
      .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(pinned))
      .execute();
    return {
      result: { pinned: fingerprint },
      object: `node:${id}`,
      before,
      after: { pinned: fingerprint, blocked: false, ...(reason !== undefined && { reason }) },
      events: [{ type: 'node.changed', nodeId: id }],
    };
  },
};

/**
 * A host key is a machine, by whatever name or address it is reached: who holds some nodes only must not reach another one's machine by registering it
 * once more as theirs.
 */
async function assertNobodyElses(tx: Tx, actor: Actor, asked: { id: string; fingerprint: string }): Promise<void> {
  const others = await tx
    .selectFrom('hostKeys')
    .innerJoin('nodes', 'nodes.id', 'hostKeys.nodeId')
    .select(['nodes.id', 'nodes.name', 'nodes.labels'])
    .where('hostKeys.pinned', '=', asked.fingerprint)
    .where('nodes.id', '!=', asked.id)
    .execute();
  if (others.every((node) => mayOn(actor, 'node.host-key', { ...node, labels: labelsSchema.parse(JSON.parse(node.labels)) }))) return;
  throw new HeadroomError(
    'auth.forbidden',
    `another node has this host key, so both are one machine, and ${actor.name} may not pin that one’s: ask an admin who may do both`,
  );
}
