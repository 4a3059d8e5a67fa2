import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { createToken } from '#server/access/index.ts';
import { openSqlite } from '#server/db/index.ts';
import { ConfigError, readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { addNode } from '#server/nodes/index.ts';
import { backup, moveToPostgres } from '#server/operations/index.ts';
import { createRuntime, type Runtime } from '#server/runtime.ts';
import type { Actor } from '#shared/access.ts';
import { hasEnded } from '#shared/runs.ts';
import { emptyDatabase } from '#test/support/database.ts';
import { programs, startPostgres } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const bin = programs.postgres();
const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
const SECRET = randomBytes(32).toString('base64');

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'move-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const configOf = (dataDir: string, env: Record<string, string>) =>
  readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'silent', ...env });

async function open(dataDir: string, env: Record<string, string> = {}): Promise<Runtime> {
  const runtime = await createRuntime({ config: configOf(dataDir, env), log: createLog({ level: 'silent', pretty: false }) });
  await runtime.nodes.refresh();
  return runtime;
}

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConfigError, `it was not refused: ${error instanceof Error ? error.stack : error}`);
  return error.message;
};

/** A console of before: nodes, a token, its SSH key, a run that ended, with evidence. */
async function consoleOnFiles(t: TestContext) {
  const dataDir = path.join(tempDir(t), 'data');
  const runtime = await open(dataDir);
  await runtime.start();
  for (let i = 1; i <= 3; i++)
    await runtime.command(SYSTEM, addNode, { name: `edge-${i}`, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' } });
  const { token } = await runtime.command(SYSTEM, createToken, { name: 'ci', role: 'viewer' });
  const { id } = await runtime.command(SYSTEM, runtime.runs.verbs.start, { runbook: 'fd-leak', selector: 'name=edge-1' });
  await until('the run ends', async () => hasEnded((await runtime.runs.get(id)).status), { timeoutMs: 30_000 });
  const { publicKey } = await runtime.settings.sshIdentity();
  await runtime.stop();
  return { dataDir, token, publicKey, run: id };
}

/** Relations that PostgreSQL holds for us. */
async function relations(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(
    "SELECT count(*)::int AS n FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'",
  );
  await client.end();
  return rows[0].n;
}

if (bin === null) test('a console is moved to PostgreSQL', { skip: 'PostgreSQL is not installed' }, () => undefined);
else
  describe('a console that is moved to PostgreSQL', () => {
    let server: Awaited<ReturnType<typeof startPostgres>>;
    before(async () => {
      server = await startPostgres(bin);
    });
    after(() => server.stop());

    test('by the command: the same fleet, runs, audit, tokens and SSH key, sealed with HEADROOM_SECRET; what was there stays', async (t) => {
      const { dataDir, token, publicKey, run } = await consoleOnFiles(t);
      const url = await emptyDatabase(server.url);
      const env = { HEADROOM_DATABASE_URL: url, HEADROOM_SECRET: SECRET };
      const moved = spawnSync(process.execPath, [path.join(root, 'lib/cli/headroom.ts'), 'move', '--json'], {
        encoding: 'utf8',
        timeout: 60_000,
        env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', HEADROOM_DATA_DIR: dataDir, ...env },
      });
      assert.equal(moved.status, 0, moved.stdout + moved.stderr);
      const told = JSON.parse(moved.stdout);
      assert.deepEqual([told.nodes, typeof told.resealedFrom], [3, 'string']);

      const file = openSqlite(path.join(dataDir, 'headroom.db'));
      t.after(() => file.close());
      for (const { name, rows } of told.tables) {
        const here = Number(file.prepare(`SELECT count(*) AS n FROM "${name}"`).get()?.n);
        // the copy was written to: a row says that it was moved, and the key that seals it is another one
        const more = ({ audit: 1, secretKeys: 1 } as Record<string, number>)[name] ?? 0;
        assert.equal(rows, here + more, name);
      }
      assert.ok(fs.existsSync(path.join(dataDir, 'secret')));
      assert.ok(fs.readdirSync(dataDir).every((name) => !name.startsWith('.move-')));

      const runtime = await open(tempDir(t), env);
      t.after(() => runtime.stop());
      assert.deepEqual((await runtime.nodes.list()).map(({ name }) => name).sort(), ['edge-1', 'edge-2', 'edge-3']);
      assert.equal((await runtime.audit.verify()).problem, null);
      const [latest] = (await runtime.audit.list({ limit: 1, filter: { action: 'database.move' } })) ?? [];
      assert.equal(`${latest?.seq}:${latest?.hash}`, told.auditHead);
      assert.equal((await runtime.settings.sshIdentity()).publicKey, publicKey);
      assert.equal((await runtime.access.authenticate(new Headers({ authorization: `Bearer ${token}` })))?.name, 'ci');
      assert.equal((await runtime.runs.get(run)).status, 'failed');
      // numbers go on behind those that were given out
      await runtime.start();
      const { id } = await runtime.command(SYSTEM, runtime.runs.verbs.start, { runbook: 'fd-leak', selector: 'name=edge-2' });
      await until('a run ends there', async () => hasEnded((await runtime.runs.get(id)).status), { timeoutMs: 30_000 });

      assert.match(
        await refusal(moveToPostgres({ config: configOf(dataDir, env), file: null })),
        /is not empty \(\w+, \w+, \w+, …\): a console is moved into an empty one alone/,
      );
    });

    test('from an archive, on a clean machine with the old key at hand', async (t) => {
      const { dataDir, publicKey } = await consoleOnFiles(t);
      fs.mkdirSync(path.join(dataDir, 'runbooks'));
      fs.writeFileSync(path.join(dataDir, 'runbooks', 'own.md'), '---\nkey: own\n---\n');
      const file = path.join(tempDir(t), 'headroom.tar.gz');
      await backup({ config: configOf(dataDir, {}), file, metrics: false, version: '0.1.0' });
      const clean = tempDir(t);
      const env = { HEADROOM_DATABASE_URL: await emptyDatabase(server.url), HEADROOM_SECRET: SECRET };
      assert.match(
        await refusal(moveToPostgres({ config: configOf(clean, env), file })),
        /sealed with key \w+: HEADROOM_SECRET is key \w+; put/,
      );
      assert.equal(await relations(env.HEADROOM_DATABASE_URL), 0);

      const HEADROOM_SECRET_PREVIOUS = fs.readFileSync(path.join(dataDir, 'secret')).toString('base64');
      const done = await moveToPostgres({ config: configOf(clean, { ...env, HEADROOM_SECRET_PREVIOUS }), file });
      assert.deepEqual(done.files, ['runbooks/own.md']);
      assert.ok(fs.existsSync(path.join(clean, 'runbooks/own.md')));
      assert.ok(!fs.existsSync(path.join(clean, 'headroom.db')));
      const runtime = await open(clean, env);
      t.after(() => runtime.stop());
      assert.equal((await runtime.settings.sshIdentity()).publicKey, publicKey);
      assert.equal((await runtime.audit.verify()).problem, null);
    });

    test('killed at any step leaves nothing there and the source as it was; the next one moves all of it', async (t) => {
      const { dataDir } = await consoleOnFiles(t);
      const url = await emptyDatabase(server.url);
      const env = { HEADROOM_DATABASE_URL: url, HEADROOM_SECRET: SECRET };
      const bytes = fs.readFileSync(path.join(dataDir, 'headroom.db'));
      const program = (step: string) => `
        import { readConfig } from '#server/kernel/config.ts';
        import { moveToPostgres } from '#server/operations/index.ts';
        await moveToPostgres({ config: readConfig(), file: null, onStep: (step) => step === '${step}' && process.kill(process.pid, 'SIGKILL') });
      `;
      for (const step of ['tables', 'nodes', 'audit', 'checked']) {
        const killed = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program(step)], {
          cwd: root,
          timeout: 60_000,
          env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', HEADROOM_DATA_DIR: dataDir, ...env },
        });
        assert.equal(killed.signal, 'SIGKILL', `${step}: ${killed.stderr}`);
        await until('PostgreSQL has rolled back', async () => (await relations(url)) === 0);
        assert.ok(fs.readFileSync(path.join(dataDir, 'headroom.db')).equals(bytes), step);
      }
      const done = await moveToPostgres({ config: configOf(dataDir, env), file: null });
      assert.equal(done.nodes, 3);
      assert.ok(fs.readdirSync(dataDir).every((name) => !name.startsWith('.move-')));
    });

    test('is refused while a console runs, where anything is in the database, and with an audit that was changed', async (t) => {
      const dataDir = path.join(tempDir(t), 'data');
      const runtime = await open(dataDir);
      await runtime.command(SYSTEM, addNode, { name: 'edge-1', host: '127.0.0.1', user: 'sre', metrics: { via: 'none' } });
      const url = await emptyDatabase(server.url);
      const env = { HEADROOM_DATABASE_URL: url, HEADROOM_SECRET: SECRET };
      const move = (config = configOf(dataDir, env)) => refusal(moveToPostgres({ config, file: null }));
      assert.match(await move(), /a console runs on it; stop it/);
      await runtime.stop();
      assert.match(await move(configOf(dataDir, {})), /HEADROOM_DATABASE_URL is not set/);
      assert.match(await move(configOf(tempDir(t), env)), /there is no headroom.db in it to move/);

      const client = new pg.Client(url);
      await client.connect();
      await client.query('CREATE SCHEMA other; CREATE TABLE other.thing (a int)');
      assert.match(await move(), /is not empty \(other.thing\)/);
      await client.query('DROP SCHEMA other CASCADE');
      await client.end();

      const file = openSqlite(path.join(dataDir, 'headroom.db'));
      file.exec("DROP TRIGGER audit_no_update; UPDATE audit SET actorName = 'somebody else' WHERE seq = 1");
      file.close();
      assert.match(await move(), /its audit is not whole: row 1 is not what was hashed/);
      assert.equal(await relations(url), 0);
    });
  });
