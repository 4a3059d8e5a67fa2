import { randomBytes } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import { ConfigError } from '#server/kernel/config.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { type Key, keyFile, keyOf, makeKeyFile, nextKeyFile, promoteNextKey, readKeyFile, removeKey } from './key-file.ts';
import { isOldForm, seal, sealedWith, unseal } from './seal.ts';

/** Everything that is signed or hashed comes from this one secret, which no change of the key changes. */
const ROOT = 'keyring.root';

export type KeySource = { dataDir: string; secret: Buffer | null; secretPrevious: Buffer | null };

/** The keys at hand; `root` is what other keys are derived from. */
export type Keyring = { find(id: string): Key | undefined; root: Buffer /** HEADROOM_SECRET waits for a rotation to it */; waits: boolean };

/**
 * Finds the key that this database is sealed with. A database that has none gets one. Throws a ConfigError that names key ids when the key is
 * not at hand. Only who holds the data directory's lock may call it: it ends what a killed rotation left.
 */
export async function openKeyring(db: Db, source: KeySource): Promise<Keyring> {
  const wanted = await currentKeyId(db);
  endRotation(source.dataDir, wanted);
  const keys = keysAtHand(source);
  if (wanted === null) return registered(db, keys[0] ?? makeKeyFile(source.dataDir), randomBytes(32), keys);
  const key = keys.find(({ id }) => id === wanted);
  if (!key) throw await refusal(db, source, wanted);
  const waits = source.secret !== null && keyOf(source.secret, '').id !== wanted;
  if (waits && source.secretPrevious === null)
    throw new ConfigError(
      `HEADROOM_SECRET is key ${keys[0]?.id}, and the secrets are sealed with key ${wanted}, ${key.from}: run \`headroom rotate-secret\` once to seal them anew`,
    );
  const root = await db.selectFrom('secrets').select('sealed').where('key', '=', ROOT).executeTakeFirst();
  // Before there was a root, other keys were derived from the key itself.
  if (!root) return registered(db, key, key.bytes, keys);
  return { ...ring(keys), root: Buffer.from(unseal(key.bytes, ROOT, root.sealed), 'base64'), waits };
}

/** In a transaction that writes a secret: nobody changes the key until it ends. Gives the id of the key to seal with. */
export async function holdCurrentKey(tx: Tx): Promise<string> {
  // a write that changes nothing is a lock in every database; when it waited for a change of the key, the second one sees the new row
  for (let tries = 0; tries < 2; tries++) {
    const row = await tx
      .updateTable('secretKeys')
      .set((eb) => ({ since: eb.ref('since') }))
      .where('retiredAt', 'is', null)
      .returning('keyId')
      .executeTakeFirst();
    if (row) return row.keyId;
  }
  throw new Error('the database does not say which key its secrets are sealed with');
}

/** The key of that id, or the words for whoever asked for a secret. */
export function keyFor(keyring: Pick<Keyring, 'find'>, id: string): Key {
  const key = keyring.find(id);
  if (key) return key;
  throw new HeadroomError(
    'server.wrong-key',
    `the secrets are sealed with key ${id}, which this console does not have: the key was replaced; start this console anew with the new one`,
  );
}

/** What a database is sealed with; null for one that has no secret yet. */
export async function currentKeyId(db: Db): Promise<string | null> {
  const row = await db.selectFrom('secretKeys').select('keyId').where('retiredAt', 'is', null).executeTakeFirst();
  if (row) return row.keyId;
  const any = await db.selectFrom('secrets').select('sealed').limit(1).executeTakeFirst();
  return any ? sealedWith(any.sealed) : null;
}

const ring = (keys: readonly Key[]): Pick<Keyring, 'find'> => ({ find: (id) => keys.find((key) => key.id === id) });

/** Writes down the first key and the root, and brings what an older version sealed into today's form. Of consoles that start together one wins. */
async function registered(db: Db, key: Key, root: Buffer, keys: readonly Key[]): Promise<Keyring> {
  const now = Date.now();
  await db.transaction().execute(async (tx) => {
    const row = { keyId: key.id, since: now, retiredAt: null };
    await tx
      .insertInto('secretKeys')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    if ((await holdCurrentKey(tx)) !== key.id) return;
    const sealed = { key: ROOT, sealed: seal(key.bytes, ROOT, root.toString('base64')), updatedAt: now };
    await tx
      .insertInto('secrets')
      .values(sealed)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const rows = await tx.selectFrom('secrets').select(['key', 'sealed']).execute();
    for (const old of rows.filter((secret) => isOldForm(secret.sealed)))
      await tx
        .updateTable('secrets')
        .set({ sealed: seal(key.bytes, old.key, unseal(key.bytes, old.key, old.sealed)) })
        .where('key', '=', old.key)
        .execute();
  });
  const all = keys.length > 0 ? keys : [key];
  const now2 = await db.selectFrom('secrets').select('sealed').where('key', '=', ROOT).executeTakeFirstOrThrow();
  const winner = all.find(({ id }) => id === sealedWith(now2.sealed));
  if (!winner)
    throw new ConfigError(
      `HEADROOM_SECRET is key ${key.id}: another console has just sealed this database with key ${sealedWith(now2.sealed)}; give all consoles the same`,
    );
  return { ...ring(all), root: Buffer.from(unseal(winner.bytes, ROOT, now2.sealed), 'base64'), waits: false };
}

/** The one to seal with first. */
export function keysAtHand({ dataDir, secret, secretPrevious }: KeySource): Key[] {
  const environment = [
    ...(secret ? [keyOf(secret, 'HEADROOM_SECRET')] : []),
    ...(secretPrevious ? [keyOf(secretPrevious, 'HEADROOM_SECRET_PREVIOUS')] : []),
  ];
  const file = readKeyFile(keyFile(dataDir));
  return file ? (secret ? [...environment, file] : [file, ...environment]) : environment;
}

/** A rotation that was killed is over or never was, as the database says. */
function endRotation(dataDir: string, wanted: string | null): void {
  const next = readKeyFile(nextKeyFile(dataDir));
  if (!next) return;
  if (next.id === wanted) promoteNextKey(dataDir);
  else if (wanted === null || readKeyFile(keyFile(dataDir))?.id === wanted) removeKey(nextKeyFile(dataDir));
}

async function refusal(db: Db, source: KeySource, wanted: string): Promise<ConfigError> {
  const at = (ms: number) => new Date(ms).toISOString();
  const rows = await db.selectFrom('secretKeys').selectAll().execute();
  const since = rows.find((row) => row.keyId === wanted);
  const given = keysAtHand(source).map(({ id, from }) => {
    const retired = rows.find((row) => row.keyId === id)?.retiredAt;
    return `${from} is key ${id}${retired ? `, which was replaced at ${at(retired)}` : ''}`;
  });
  const have = given.length > 0 ? given.join(', ') : `there is no HEADROOM_SECRET and no ${keyFile(source.dataDir)}`;
  return new ConfigError(
    `the secrets of this database are sealed with key ${wanted}${since ? ` since ${at(since.since)}` : ''}: ${have}; ` +
      `give it key ${wanted}, from where its key is kept (HEADROOM_SECRET, or the file ${keyFile(source.dataDir)})`,
  );
}
