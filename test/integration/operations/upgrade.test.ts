import assert from 'node:assert/strict';
import { createHash, hkdfSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '#server/db/index.ts';
import { readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRuntime } from '#server/runtime.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256));
/** Tables whose rows a new version may add to, by its own start. */
const GROWS = ['migrations', 'secrets', 'settings', 'audit'];

test('a database of schema 0009 with rows in every table is brought up to date: every row is still there, and what was sealed, signed and hashed holds', async (t) => {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'upgrade-'));
  t.after(() => fs.rmSync(dataDir, { recursive: true, force: true }));
  const file = path.join(dataDir, 'headroom.db');
  fs.writeFileSync(path.join(dataDir, 'secret'), KEY, { mode: 0o600 });
  const old = openSqlite(file);
  old.exec(fs.readFileSync(path.join(import.meta.dirname, 'schema-0009.sql'), 'utf8'));
  const rowsOf = (database: typeof old, table: string) => database.prepare(`SELECT * FROM "${table}"`).all();
  const tables = old.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const before = new Map(tables.map(({ name }) => [String(name), rowsOf(old, String(name))]));
  old.close();
  assert.equal(before.size, 23);
  for (const [table, rows] of before) assert.ok(rows.length > 0, `${table} has no rows in the fixture`);

  const config = readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'silent' });
  const runtime = await createRuntime({ config, log: createLog({ level: 'silent', pretty: false }) });
  const identity = await runtime.settings.sshIdentity();
  assert.match(identity.privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----/);
  const legacy = Buffer.from(hkdfSync('sha256', KEY, '', 'headroom sessions', 32));
  assert.deepEqual(runtime.settings.derivedKey('sessions'), legacy, 'cookies of people who are signed in are signed with another key');
  const [run] = before.get('runs') ?? [];
  const stored = await runtime.runs.get(String(run?.id));
  assert.deepEqual([stored.status, stored.targets.length, stored.targets[0]?.steps.length], ['succeeded', 1, 14]);
  assert.equal((await runtime.audit.verify()).problem, null);
  assert.equal((await runtime.nodes.list()).length, 2);
  await runtime.stop();

  const after = openSqlite(file);
  t.after(() => after.close());
  for (const [table, rows] of before) {
    const now = rowsOf(after, table);
    assert.ok(
      GROWS.includes(table) ? now.length >= rows.length : now.length === rows.length,
      `${table} had ${rows.length} rows and has ${now.length}`,
    );
    for (const row of rows) {
      const columns = Object.entries(row).filter(([column]) => !(table === 'secrets' && column !== 'key'));
      const same = now.some((other) => columns.every(([column, value]) => other[column] === value));
      assert.ok(
        same,
        `${table}: a row changed: ${createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 8)} ${JSON.stringify(row).slice(0, 200)}`,
      );
    }
  }
  assert.equal(after.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
  assert.deepEqual(after.prepare('PRAGMA foreign_key_check').all(), []);
});
