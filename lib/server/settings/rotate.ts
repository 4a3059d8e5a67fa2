import type { Db, Tx } from '#server/db/index.ts';
import { type Key, keyFile, keyOf, makeNextKeyFile, promoteNextKey, readKeyFile, removeKey } from './key-file.ts';
import { currentKeyId, holdCurrentKey, type KeySource, keysAtHand } from './keyring.ts';
import { seal, unseal } from './seal.ts';

export type Rotation = {
  from: string;
  to: string;
  secrets: number /** false: they were sealed with HEADROOM_SECRET already */;
  changed: boolean;
};

/**
 * Seals every secret anew, each with a data key of its own, under HEADROOM_SECRET, or else under a fresh key file. One transaction: whoever is killed
 * leaves all of them under the old key or all under the new one, and both keys are on disk until then. The data directory's lock must be held and the
 * keyring have been opened, which ends what an earlier rotation left.
 */
export async function rotateSecrets(
  db: Db,
  source: KeySource,
  options: {
    /** in the same transaction */
    onRotated?: (tx: Tx, done: Rotation) => Promise<unknown>;
    /** told of every step on disk, so that a test can die there */
    onStep?: (step: string) => void;
  } = {},
): Promise<Rotation> {
  const step = options.onStep ?? (() => undefined);
  const from = await currentKeyId(db);
  const old = keysAtHand(source).find(({ id }) => id === from);
  if (from === null || !old) throw new Error('the keyring was not opened before');
  const inFile = readKeyFile(keyFile(source.dataDir));
  if (source.secret && keyOf(source.secret, '').id === from) {
    await removeRetired(db, source, inFile);
    return { from, to: from, secrets: 0, changed: false };
  }
  step('before the new key');
  const next = source.secret ? keyOf(source.secret, 'HEADROOM_SECRET') : makeNextKeyFile(source.dataDir);
  step('the new key is on disk');
  const done = await db.transaction().execute(async (tx) => {
    await holdCurrentKey(tx);
    const secrets = await resealAll(tx, old, next);
    step('every secret is sealed anew, not committed');
    const now = Date.now();
    await tx.updateTable('secretKeys').set({ retiredAt: now }).where('keyId', '=', from).execute();
    const row = { keyId: next.id, since: now, retiredAt: null };
    await tx
      .insertInto('secretKeys')
      .values(row)
      .onConflict((conflict) => conflict.column('keyId').doUpdateSet({ since: now, retiredAt: null }))
      .execute();
    const rotation = { from, to: next.id, secrets, changed: true };
    await options.onRotated?.(tx, rotation);
    return rotation;
  });
  step('committed');
  if (!source.secret) promoteNextKey(source.dataDir);
  else await removeRetired(db, source, inFile);
  step('the old key is gone');
  return done;
}

async function resealAll(tx: Tx, old: Key, next: Key): Promise<number> {
  const rows = await tx.selectFrom('secrets').select(['key', 'sealed']).execute();
  for (const { key, sealed } of rows)
    await tx
      .updateTable('secrets')
      .set({ sealed: seal(next.bytes, key, unseal(old.bytes, key, sealed)) })
      .where('key', '=', key)
      .execute();
  return rows.length;
}

/** The key file of a data directory that HEADROOM_SECRET replaced. */
async function removeRetired(db: Db, source: KeySource, inFile: Key | null): Promise<void> {
  if (!inFile) return;
  const row = await db.selectFrom('secretKeys').select('retiredAt').where('keyId', '=', inFile.id).executeTakeFirst();
  if (row?.retiredAt) removeKey(keyFile(source.dataDir));
}
