import type { Db, Tx } from '#server/db/index.ts';
import { deriveKey, seal, unseal } from './seal.ts';
import { makeSshIdentity, type SshIdentity } from './ssh-identity.ts';

export { loadDataKey } from './data-key.ts';
export type { SshIdentity };

export type Settings = ReturnType<typeof createSettings>;

/** Settings that live in the database; secrets among them are sealed with the data directory's key and open in memory only. */
export function createSettings({ db, dataKey }: { db: Db; dataKey: Buffer }) {
  const sealed = {
    async get(key: string, on: Db | Tx = db): Promise<string | null> {
      const row = await on.selectFrom('secrets').select('sealed').where('key', '=', key).executeTakeFirst();
      return row ? unseal(dataKey, key, row.sealed) : null;
    },
    async set(key: string, value: string, on: Db | Tx = db): Promise<void> {
      const row = { sealed: seal(dataKey, key, value), updatedAt: Date.now() };
      await on
        .insertInto('secrets')
        .values({ key, ...row })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
        .execute();
    },
  };
  let identity: Promise<SshIdentity> | null = null;
  return {
    sealed,
    /** for signing and hashing; `purpose` keeps the uses apart */
    derivedKey: (purpose: string): Buffer => deriveKey(dataKey, purpose),
    /** The console's own SSH key, made at the first use of this data directory. */
    sshIdentity(): Promise<SshIdentity> {
      identity ??= loadOrMakeIdentity().catch((error) => {
        identity = null;
        throw error;
      });
      return identity;
    },
  };

  async function loadOrMakeIdentity(): Promise<SshIdentity> {
    const privateKey = await sealed.get('ssh.private-key');
    const publicKey = await sealed.get('ssh.public-key');
    if (privateKey && publicKey) return { privateKey, publicKey };
    const made = makeSshIdentity('headroom');
    await db.transaction().execute(async (tx) => {
      await sealed.set('ssh.private-key', made.privateKey, tx);
      await sealed.set('ssh.public-key', made.publicKey, tx);
    });
    return made;
  }
}
