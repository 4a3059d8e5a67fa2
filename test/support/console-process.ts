import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const root = path.resolve(import.meta.dirname, '../..');

export type ConsoleProcess = {
  child: ChildProcess;
  url: string;
  port: number;
  /** everything on stdout and stderr */
  output(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** with the API token of the demo's provisioning */
  ask(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
};

export const API_TOKEN = `hr_${'t'.repeat(40)}`;

/** A data directory of the test's own, in which API_TOKEN is an admin's. */
export function provisionedDir(t: Pick<TestContext, 'after'>, parent = os.tmpdir()): string {
  const dir = fs.mkdtempSync(path.join(parent, 'console-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  fs.writeFileSync(path.join(dir, 'provision.json'), JSON.stringify({ apiToken: API_TOKEN, signInKey: 'k'.repeat(40) }), { mode: 0o600 });
  return dir;
}

/** The real console (app/serve.ts, production build) as a process of its own; killed after the test. It may not be up yet. */
export async function spawnConsole(
  t: Pick<TestContext, 'after'>,
  env: Record<string, string>,
  options: { port?: number; command?: string[] } = {},
): Promise<ConsoleProcess> {
  const port = options.port ?? (await freePort());
  const [command = '', ...args] = [...(options.command ?? []), process.execPath, path.join(root, 'app/serve.ts')];
  const child = spawn(command, args, {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/headroom-compiled'),
      HEADROOM_LOG_LEVEL: 'error',
      HEADROOM_DEMO: '1',
      PORT: `${port}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...{ child, url, port, ended },
    output: () => text,
    ask: (at, { json, ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${API_TOKEN}`);
      if (json !== undefined) headers.set('content-type', 'application/json');
      return fetch(`${url}${at}`, {
        ...init,
        headers,
        ...(json !== undefined && { method: init.method ?? 'POST', body: JSON.stringify(json) }),
      });
    },
  };
}

/** The same, once it is ready. */
export async function startConsole(...args: Parameters<typeof spawnConsole>): Promise<ConsoleProcess> {
  const started = await spawnConsole(...args);
  const dead = started.ended.then(({ code, signal }) => {
    throw new Error(`the console ended (${code ?? signal}) before it was ready: ${started.output()}`);
  });
  await Promise.race([until('the console is ready', async () => (await fetch(`${started.url}/readyz`)).ok, { timeoutMs: 90_000 }), dead]);
  dead.catch(() => undefined);
  return started;
}
