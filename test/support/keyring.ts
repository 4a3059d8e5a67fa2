import { randomBytes } from 'node:crypto';
import type { Db } from '#server/db/index.ts';
import { type Keyring, openKeyring } from '#server/settings/index.ts';

/** A key of the test's own, which is kept nowhere. */
export const testKeyring = (db: Db, secret: Buffer = randomBytes(32)): Promise<Keyring> =>
  openKeyring(db, { dataDir: '/nonexistent', secret, secretPrevious: null });
