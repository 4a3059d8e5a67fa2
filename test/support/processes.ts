import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createToken } from '#server/access/index.ts';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { openDatabase } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import type { Actor } from '#shared/access.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** What people would type; a balancer would be there. */
export const PUBLIC_URL = 'http://console.test';
export const ADMIN = { email: 'ada@example.com', password: 'correct horse battery' };
const TEST: Actor = { kind: 'system', id: 'system', name: 'the test', role: 'admin' };

export type ConsoleProcess = {
  role: 'web' | 'worker' | 'all';
  url: string;
  pid: number;
  output(): string;
  /** SIGKILL */
  kill(): Promise<void>;
  running(): boolean;
};

/** Real processes of the console on one PostgreSQL, which share nothing else but HEADROOM_SECRET. */
export async function startProcesses(t: Pick<TestContext, 'after'>, options: { databaseUrl: string; env?: Record<string, string> }) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'processes-'));
  const secret = randomBytes(32).toString('base64');
  const started: ConsoleProcess[] = [];
  t.after(async () => {
    await Promise.all(started.map((one) => one.kill()));
    fs.rmSync(dir, { recursive: true, force: true });
  });

  async function start(role: ConsoleProcess['role']): Promise<ConsoleProcess> {
    const port = await freePort();
    const child: ChildProcess = spawn(process.execPath, ['app/serve.ts'], {
      cwd: ROOT,
      env: {
        ...{ PATH: process.env.PATH, NODE_ENV: 'production', HEADROOM_LOG_LEVEL: process.env.HEADROOM_TEST_LOG ?? 'warn' },
        ...{ HEADROOM_DATA_DIR: path.join(dir, `${role}-${port}`), PORT: `${port}`, HEADROOM_ROLE: role },
        ...{ HEADROOM_URL: PUBLIC_URL, HEADROOM_ADMIN_EMAIL: ADMIN.email, HEADROOM_ADMIN_PASSWORD: ADMIN.password },
        ...{ HEADROOM_DATABASE_URL: options.databaseUrl, HEADROOM_SECRET: secret, HEADROOM_SCRAPE_SECONDS: '1' },
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        text = `${text}${chunk}`.slice(-100_000);
      });
    const running = () => child.exitCode === null && child.signalCode === null;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const one: ConsoleProcess = {
      ...{ role, url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, output: () => text, running },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
    started.push(one);
    await until(`a ${role} process answers`, async () => !running() || (await fetch(`${one.url}/healthz`)).ok, { timeoutMs: 150_000 });
    if (!running()) throw new Error(`a ${role} process ended: ${text}`);
    return one;
  }

  return { start, all: () => started, secret };
}

/** An API token with the role admin, written to the database by a console of the test's own. */
export async function adminToken(databaseUrl: string): Promise<string> {
  const db = await openDatabase({ url: databaseUrl });
  try {
    const command = createCommand({ db, audit: createAudit({ db }), events: createEventHub(), clock: systemClock });
    return (await command(TEST, createToken, { name: 'test', role: 'admin' })).token;
  } finally {
    await db.destroy();
  }
}
