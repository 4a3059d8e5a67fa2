import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createAccess } from '#server/access/index.ts';
import { totpCode } from '#server/access/totp.ts';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { readConfig } from '#server/kernel/config.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createSettings } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import { testDatabase } from './database.ts';
import { testKeyring } from './keyring.ts';

type VerifyPassword = Parameters<typeof createAccess>[0]['verifyPassword'];

/** People, sessions and tokens on a database of the test's own, with a clock that the test moves. */
export async function testAccess(t: Pick<TestContext, 'after'>, env: Record<string, string> = {}, verifyPassword?: VerifyPassword) {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'access-'));
  t.after(() => fs.rmSync(dataDir, { recursive: true, force: true }));
  const db = await testDatabase(t);
  let offset = 0;
  const clock = { now: () => Date.now() + offset, sleep: async () => {} };
  const audit = createAudit({ db });
  const config = readConfig({ HEADROOM_DATA_DIR: dataDir, ...env });
  const settings = createSettings({ db, keyring: await testKeyring(db) });
  const access = createAccess({ db, clock, settings, config, audit, ...(verifyPassword && { verifyPassword }) });
  const command = createCommand({ db, audit, events: createEventHub(), clock });
  const advance = (ms: number) => {
    offset += ms;
  };
  return { db, access, audit, command, settings, dataDir, advance, now: clock.now };
}

/** What the browser sends back of what it was given. */
export const withCookies = (...cookies: string[]) => new Headers({ cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; ') });
export const withCode = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;
export const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
/** The code that an authenticator app shows at that moment. */
export const codeOf = (secret: string, nowMs: number): string => totpCode(secret, Math.floor(nowMs / 30_000));
