import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openSqlite } from '#server/db/index.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';

const root = path.resolve(import.meta.dirname, '../../..');
export const ADMIN = { email: 'ada@example.com', password: 'correct horse battery' };

export type RealConsole = Awaited<ReturnType<typeof startConsole>>;

/** The built console as a process of its own, under the name localhost, which can have passkeys. `env` may depend on its URL; `admin: false`: nobody is admin yet. */
export async function startConsole(
  env: (url: string) => Promise<Record<string, string>> | Record<string, string> = () => ({}),
  { admin = true } = {},
) {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'accounts-'));
  const child = spawn(process.execPath, ['app/serve.ts'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HEADROOM_LOG_LEVEL: 'error',
      HEADROOM_DATA_DIR: dataDir,
      HEADROOM_URL: url,
      ...(admin && { HEADROOM_ADMIN_EMAIL: ADMIN.email, HEADROOM_ADMIN_PASSWORD: ADMIN.password }),
      PORT: `${port}`,
      ...(await env(url)),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until('the console answers', async () => (await fetch(`${url}/readyz`)).ok || child.exitCode !== null, { timeoutMs: 60_000 });
  return {
    url,
    output: () => output,
    /** As if eleven minutes had gone by for every session. */
    ageFactors() {
      const database = openSqlite(path.join(dataDir, 'headroom.db'));
      database.exec('UPDATE session SET factorAt = factorAt - 660000');
      database.close();
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
