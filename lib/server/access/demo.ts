import fs from 'node:fs';
import { z } from 'zod';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { ConfigError } from '#server/kernel/config.ts';
import type { Sessions } from './sessions.ts';
import { sameText } from './setup.ts';
import { tokenHash, tokenRow } from './tokens.ts';

const EMAIL = 'demo@headroom.invalid';
const DAYS = 366;
const provisionSchema = z.object({ apiToken: z.string().regex(/^hr_[A-Za-z0-9_-]{20,200}$/), signInKey: z.string().min(20).max(200) });

/** The demo's admin and API token, from provision.json, which the demo wrote; and the sign-in link's key. */
export async function provisionDemo(deps: { db: Db; clock: Clock; sessions: Sessions; file: string }) {
  const { db, clock, sessions } = deps;
  const provision = readProvision(deps.file);
  const userId = (await sessions.userIdByEmail(EMAIL)) ?? (await sessions.createUser({ email: EMAIL, name: 'Demo', role: 'admin' }));
  const row = tokenRow(provision.apiToken, { name: 'demo', role: 'admin', now: clock.now(), days: DAYS });
  await db
    .insertInto('tokens')
    .values(row)
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ expiresAt: row.expiresAt, role: row.role }))
    .execute();
  const wanted = tokenHash(provision.signInKey);
  return { userId, accepts: (key: string) => sameText(tokenHash(key), wanted) };
}

function readProvision(file: string) {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `HEADROOM_DEMO is "1": ${file} should be there and cannot be read (${error instanceof Error ? error.message : error})`,
    );
  }
  if ((fs.statSync(file).mode & 0o077) !== 0) throw new ConfigError(`${file} can be read by others: chmod it to 600`);
  try {
    return provisionSchema.parse(JSON.parse(text));
  } catch {
    throw new ConfigError(`${file} should be JSON like {"apiToken": "hr_…", "signInKey": "…"}, each of 20 characters or more`);
  }
}
