import fs from 'node:fs';
import path from 'node:path';
import { createAudit } from '#server/audit/index.ts';
import { holdLock, openDatabase, scrubSqlite } from '#server/db/index.ts';
import { type Config, ConfigError } from '#server/kernel/config.ts';
import { createSettings, openKeyring, type Rotation, rotateSecrets } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';

const ADMIN: Actor = { kind: 'system', id: 'system', name: 'headroom rotate-secret', role: 'admin' };

/**
 * Replaces the key of a data directory that no console runs on, or of a PostgreSQL database whose consoles have both keys. Throws a ConfigError in words when
 * a console runs, or the key in use is not at hand.
 */
export async function rotateSecret(config: Config): Promise<Rotation> {
  const { dataDir, databaseUrl } = config;
  const file = path.join(dataDir, 'headroom.db');
  if (databaseUrl === null && !fs.existsSync(file))
    throw new ConfigError(`HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: there is no headroom.db in it whose key could be replaced`);
  if (databaseUrl !== null) fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = holdLock(path.join(dataDir, 'lock'), 100);
  if (!lock && databaseUrl === null)
    throw new ConfigError(
      `HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: a console runs on it; stop it, replace the key, and start it again`,
    );
  try {
    const db = await openDatabase(databaseUrl === null ? { file } : { url: databaseUrl });
    try {
      // here the new HEADROOM_SECRET may meet a database that is still sealed with the file's key
      const previous = config.secretPrevious ?? config.secret;
      const keyring = await openKeyring(db, { ...config, secretPrevious: previous });
      const audit = createAudit({ db, sealed: createSettings({ db, keyring }).sealed });
      await audit.prepare(Date.now());
      return await rotateSecrets(db, config, {
        onRotated: (tx, { from, to, secrets }) =>
          audit.append(tx, {
            ...{ actor: ADMIN, action: 'secret.rotate', object: 'secrets', result: 'ok', at: Date.now() },
            before: { keyId: from },
            after: { keyId: to, secrets },
          }),
      });
    } finally {
      await db.destroy();
      // nothing that the old key opens stays in the file's free pages
      if (databaseUrl === null) scrubSqlite(file);
    }
  } finally {
    lock?.release();
  }
}
