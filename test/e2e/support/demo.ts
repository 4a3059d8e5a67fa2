import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { fleetSchema } from '#shared/nodes.ts';
import { type Run, type RunInput, runSchema } from '#shared/runs.ts';
import { freePort } from '#test/support/free-port.ts';
import { within } from './within.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** HEADROOM_E2E_BUILT=1: on the console as it is built, also when the sources have changed since. */
const DEMO = process.env.HEADROOM_E2E_BUILT === '1' ? 'lib/demo/main.ts' : 'scripts/demo.mjs';

const metaSchema = z.object({
  url: z.string(),
  signInUrl: z.string(),
  apiToken: z.string(),
  consolePid: z.number(),
  nodes: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      sshPid: z.number(),
      sshPort: z.number(),
      hostKeyPath: z.string(),
      metricsUrl: z.string(),
      configPath: z.string(),
      logPath: z.string(),
      drill: z.string().nullable(),
    }),
  ),
});
export type DemoNode = z.infer<typeof metaSchema>['nodes'][number];

export type Answer = { status: number; type: string | null; body: unknown };

export type Demo = {
  meta(): z.infer<typeof metaSchema>;
  node(name: string): DemoNode;
  api(method: 'GET' | 'POST', at: string, body?: unknown): Promise<Answer>;
  fleet(): Promise<z.infer<typeof fleetSchema>>;
  startRun(input: RunInput): Promise<Run>;
  run(id: string): Promise<Run>;
  consoleAnswers(): Promise<boolean>;
  stop(): Promise<void>;
};

/** Starts the demo fleet as `npm run demo` does, on a port and in a data directory of its own. */
export async function startDemo(drills: readonly string[]): Promise<Demo> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-e2e-'));
  const dataDir = path.join(folder, 'data');
  const port = await freePort();
  const logFile = path.join(folder, 'demo.log');
  const log = fs.openSync(logFile, 'w');
  const child = spawn(process.execPath, [DEMO, '--nodes', String(drills.length), '--drills', drills.join(',')], {
    cwd: root,
    env: { ...process.env, PORT: String(port), HEADROOM_DATA_DIR: dataDir },
    stdio: ['ignore', log, log],
    detached: true,
  });
  const file = path.join(dataDir, 'demo.json');
  const meta = () => metaSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) =>
      reject(new Error(`the demo ended with ${code ?? signal}: ${fs.readFileSync(logFile, 'utf8').slice(-2000)}`)),
    );
  });
  // After the start its end is `stop`'s business.
  ended.catch(() => undefined);
  await Promise.race([within('the demo is up', 240_000, () => fs.existsSync(file)), ended]).catch(async (error) => {
    await end(child, folder);
    throw error;
  });

  const api: Demo['api'] = async (method, at, body) => {
    const { url, apiToken } = meta();
    const response = await fetch(`${url}/api/v1/${at}`, {
      method,
      headers: { authorization: `Bearer ${apiToken}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type'), body: text === '' ? null : JSON.parse(text) };
  };
  return {
    meta,
    node: (name) => {
      const found = meta().nodes.find((node) => node.name === name);
      if (!found) throw new Error(`no demo node ${name}`);
      return found;
    },
    api,
    fleet: async () => fleetSchema.parse((await api('GET', 'fleet')).body),
    startRun: async (input) => {
      const answer = await api('POST', 'runs', input);
      if (answer.status !== 201) throw new Error(`POST runs: ${answer.status} ${JSON.stringify(answer.body)}`);
      return runSchema.parse(answer.body);
    },
    run: async (id) => runSchema.parse((await api('GET', `runs/${id}`)).body),
    consoleAnswers: () =>
      api('GET', 'fleet').then(
        (answer) => answer.status === 200,
        () => false,
      ),
    stop: () => end(child, folder),
  };
}

async function end(child: ChildProcess, folder: string) {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  if (child.pid !== undefined && child.exitCode === null) {
    try {
      process.kill(-child.pid, 'SIGINT');
    } catch {
      // the group is gone already
    }
  }
  await ended;
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** fds of a process, counted by directory entries. */
export const openFds = (pid: number): number => fs.readdirSync(`/proc/${pid}/fd`).length;

/** The first line's `enabled: true` below `connection_pool:` turned to `false`, every other byte as it was. */
export function withPoolOff(text: string): string {
  const lines = text.split('\n');
  const section = lines.findIndex((line) => /^connection_pool:/.test(line));
  const at = lines.findIndex((line, i) => i > section && /^\s+enabled:\s*true\b/.test(line));
  if (section < 0 || at < 0) throw new Error('config.yaml has no connection_pool.enabled: true');
  return lines.map((line, i) => (i === at ? line.replace('true', 'false') : line)).join('\n');
}
