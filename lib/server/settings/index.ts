import type { Db, Tx } from '#server/db/index.ts';
import { holdCurrentKey, type Keyring, keyFor } from './keyring.ts';
import { deriveKey, seal, sealedWith, unseal } from './seal.ts';
import { makeSshIdentity, type SshIdentity } from './ssh-identity.ts';

export { currentKeyId, type Keyring, keysAtHand, openKeyring } from './keyring.ts';
export { type Rotation, rotateSecrets } from './rotate.ts';
export { sealedWith } from './seal.ts';
export type { SshIdentity };

export type Settings = ReturnType<typeof createSettings>;

/** Settings that live in the database; secrets among them are sealed with the keyring's key and open in memory only. */
export function createSettings({ db, keyring }: { db: Db; keyring: Keyring }) {
  const sealed = {
    /** Throws server.wrong-key when the key was replaced and this process does not have the new one. */
    async get(key: string, on: Db | Tx = db): Promise<string | null> {
      const row = await on.selectFrom('secrets').select('sealed').where('key', '=', key).executeTakeFirst();
      return row ? unseal(keyFor(keyring, sealedWith(row.sealed)).bytes, key, row.sealed) : null;
    },
    async set(key: string, value: string, on?: Tx): Promise<void> {
      if (on) await write(on, key, value);
      else await db.transaction().execute((tx) => write(tx, key, value));
    },
    /** Keeps `value` unless there is one already, and gives the one that is kept: of processes that begin together one wins. */
    async make(key: string, value: string): Promise<string> {
      return db.transaction().execute(async (tx) => {
        await holdCurrentKey(tx);
        const there = await sealed.get(key, tx);
        if (there !== null) return there;
        await write(tx, key, value);
        return value;
      });
    },
    async remove(key: string, on: Db | Tx = db): Promise<void> {
      await on.deleteFrom('secrets').where('key', '=', key).execute();
    },
  };
  let identity: Promise<SshIdentity> | null = null;
  return {
    sealed,
    /** For signing and hashing; `purpose` keeps the uses apart. It stays the same when the key that seals is replaced. */
    derivedKey: (purpose: string): Buffer => deriveKey(keyring.root, purpose),
    /** The console's own SSH key, made at the first use of this data directory. */
    sshIdentity(): Promise<SshIdentity> {
      identity ??= loadOrMakeIdentity().catch((error) => {
        identity = null;
        throw error;
      });
      return identity;
    },
  };

  async function write(tx: Tx, key: string, value: string): Promise<void> {
    const { bytes } = keyFor(keyring, await holdCurrentKey(tx));
    const row = { sealed: seal(bytes, key, value), updatedAt: Date.now() };
    await tx
      .insertInto('secrets')
      .values({ key, ...row })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute();
  }

  async function loadOrMakeIdentity(): Promise<SshIdentity> {
    const privateKey = await sealed.get('ssh.private-key');
    const publicKey = await sealed.get('ssh.public-key');
    if (privateKey && publicKey) return { privateKey, publicKey };
    const made = makeSshIdentity('headroom');
    return db.transaction().execute(async (tx) => {
      await holdCurrentKey(tx);
      // of two consoles that start together on one database, the first one's key counts
      const [theirs, theirPublic] = [await sealed.get('ssh.private-key', tx), await sealed.get('ssh.public-key', tx)];
      if (theirs && theirPublic) return { privateKey: theirs, publicKey: theirPublic };
      await sealed.set('ssh.private-key', made.privateKey, tx);
      await sealed.set('ssh.public-key', made.publicKey, tx);
      return made;
    });
  }
}
