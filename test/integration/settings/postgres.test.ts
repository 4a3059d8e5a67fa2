import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openDatabase } from '#server/db/index.ts';
import { createSettings, currentKeyId, openKeyring, rotateSecrets } from '#server/settings/index.ts';
import { keyId } from '#server/settings/seal.ts';
import { programs, startPostgres } from '#test/support/real-servers.ts';

const binaries = programs.postgres();

test('on PostgreSQL: consoles that start together share one key, and a change of it under writers that have both loses nothing', {
  skip: binaries === null && 'PostgreSQL is not installed',
}, async (t) => {
  const server = await startPostgres(binaries ?? '');
  t.after(() => server.stop());
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const open = async (secret: Buffer, secretPrevious: Buffer | null = null) => {
    const db = await openDatabase({ url: server.url });
    t.after(() => db.destroy());
    const source = { dataDir: '/nonexistent', secret, secretPrevious };
    return { db, source, ...createSettings({ db, keyring: await openKeyring(db, source) }) };
  };
  const [one, two] = await Promise.all([open(first), open(first)]);
  assert.deepEqual(one.derivedKey('x'), two.derivedKey('x'));
  assert.deepEqual(await one.sshIdentity(), await two.sshIdentity());

  const both = await Promise.all([open(second, first), open(second, first)]);
  const written: string[] = [];
  let writing = true;
  const writers = both.map(async ({ sealed }, i) => {
    for (let n = 0; writing; n++) {
      await sealed.set(`${i}-${n}`, `words ${i}-${n}`);
      written.push(`${i}-${n}`);
    }
  });
  const { db, source } = await open(second, first);
  const done = await rotateSecrets(db, source);
  writing = false;
  await Promise.all(writers);
  assert.deepEqual([done.to, await currentKeyId(db)], [keyId(second), keyId(second)]);
  const fresh = await open(second);
  assert.ok(written.length > 1);
  for (const name of written) assert.equal(await fresh.sealed.get(name), `words ${name}`);
});
