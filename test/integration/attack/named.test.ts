import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRuntime } from '#server/runtime.ts';
import { type Actor, mayEverywhere, mayOn, maySomewhere } from '#shared/access.ts';
import { PERMISSIONS } from '#shared/roles.ts';
import { testDatabase } from '#test/support/database.ts';
import { createPasswords } from '../../../lib/server/access/passwords.ts';
import { createTokens } from '../../../lib/server/access/tokens.ts';

// The holes by which consoles of this kind were owned, each by its name. Those with a test of their own: shell strings (CVE-2026-27130, -45628) in
// injection.test.ts; backups without a sign-in (CVE-2026-27944), routes without one (CVE-2026-33032), a header past the guard (CVE-2025-29927) and guesses
// from many addresses (CVE-2026-45364) in http.test.ts; objects of others (CVE-2026-45632, -43917) in ../access.

const NODE = { id: 'n_1', name: 'edge-1', labels: { group: 'a' } };

describe('holes with a name', () => {
  test('CVE-2026-45631: there is no secret to fall back to; each console makes its own', async (t) => {
    const made: Buffer[] = [];
    for (const name of ['one', 'two']) {
      const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), `secret-${name}-`));
      t.after(() => fs.rmSync(dataDir, { recursive: true, force: true }));
      const config = readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'silent' });
      const runtime = await createRuntime({ config, log: createLog({ level: 'silent', pretty: false }) });
      made.push(runtime.settings.derivedKey('sessions'));
      await runtime.stop();
      const file = path.join(dataDir, 'secret');
      assert.equal(fs.statSync(file).mode & 0o777, 0o600);
      assert.equal(fs.readFileSync(file).length, 32);
    }
    assert.ok(made[0] && made[1] && made[0].length >= 32 && !made[0].equals(made[1]));
  });

  test('CVE-2026-33032: a list of grants that is empty grants nothing, and one that cannot be read neither', () => {
    const empty: Actor = { kind: 'user', id: 'u', name: 'u', role: 'admin', grants: [] };
    const broken: Actor = { ...empty, grants: [{ role: 'admin', selector: 'group=' }] };
    const byFact: Actor = { ...empty, grants: [{ role: 'admin', selector: '!state=down' }] };
    const endedMaker: Actor = { kind: 'token', id: 't', name: 't', role: 'admin', grants: [{ role: 'admin', selector: null }], within: [] };
    const holders: readonly Actor[] = [empty, broken, byFact, endedMaker];
    for (const permission of PERMISSIONS) {
      for (const actor of holders) {
        assert.equal(mayOn(actor, permission, NODE), false, permission);
        assert.equal(mayEverywhere(actor, permission), false, permission);
      }
      assert.equal(maySomewhere(empty, permission), false, permission);
    }
  });

  test('CVE-2025-61928: a token is known by its hash alone, ends, and is nobody’s by an id that the asker gives', async (t) => {
    const db = await testDatabase(t);
    let now = 1000;
    const tokens = createTokens({ db, clock: { now: () => now, sleep: async () => undefined } });
    const row = { id: 't_1', name: 'ci', role: 'admin', prefix: 'hr_aaaaa', createdAt: 0, expiresAt: 2000, lastUsedAt: null };
    await db
      .insertInto('tokens')
      .values({ ...row, sha256: 'a'.repeat(64) })
      .execute();
    for (const guess of ['t_1', 'hr_aaaaa', 'a'.repeat(64), `hr_${'a'.repeat(64)}`, '', 'hr_'])
      assert.equal(await tokens.authenticate(guess), null, guess);
    now = 3000;
    assert.equal(await tokens.authenticate('hr_x'), null);
  });

  test('an e-mail that nobody has costs a sign-in as much work as one with a wrong password', async (t) => {
    const db = await testDatabase(t);
    const hashed: string[] = [];
    const passwords = createPasswords({
      db,
      verify: async ({ hash }) => {
        hashed.push(hash);
        return false;
      },
    });
    const at = new Date(0).toISOString();
    const times = { createdAt: at, updatedAt: at };
    await db
      .insertInto('user')
      .values({ id: 'u_1', name: 'A', email: 'a@b.c', emailVerified: 1, image: null, role: 'viewer', ...times })
      .execute();
    const account = { id: 'a_1', accountId: 'u_1', providerId: 'credential', userId: 'u_1', password: 'salt:hash' };
    await db
      .insertInto('account')
      .values({ ...account, ...times })
      .execute();
    assert.deepEqual(
      [await passwords.check('u_1', 'x'), await passwords.check(null, 'x'), await passwords.check('u_gone', 'x')],
      [false, false, false],
    );
    assert.equal(hashed.length, 3);
    assert.equal(hashed[0], 'salt:hash');
    assert.ok(hashed[1] === hashed[2] && /^[0-9a-f]{32}:[0-9a-f]{128}$/.test(hashed[1] ?? ''));
  });
});
