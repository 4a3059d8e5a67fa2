import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasEnded, type Run, type RunInput } from '#shared/runs.ts';
import { until } from '#test/support/until.ts';
import type { Calls, Moment } from './console-process.ts';
import type { Host, Hosts } from './hosts.ts';

const PROGRAM = path.join(import.meta.dirname, 'console-process.ts');

type Answer = { nth: number; value?: unknown; error?: string };
type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };

export type FleetConsole = ReturnType<typeof createConsole>;

/** A console on a data directory of its own; it can be killed and started again on what it left. */
export function createConsole(hosts: Hosts) {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'fleet-console-'));
  const ids = new Map<string, string>();
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | null = null;
  let nth = 0;

  const answered = (answer: Answer) => {
    const one = waiting.get(answer.nth);
    waiting.delete(answer.nth);
    if (answer.error === undefined) one?.resolve(answer.value);
    else one?.reject(new Error(answer.error));
  };
  async function start(): Promise<void> {
    const started = fork(PROGRAM, [dataDir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child = started;
    started.on('message', answered);
    started.once('exit', (code, signal) => {
      if (child === started) child = null;
      for (const one of waiting.values()) one.reject(new Error(`the console ended (${signal ?? code})`));
      waiting.clear();
    });
    await new Promise((resolve, reject) => waiting.set(0, { resolve, reject }));
  }
  async function call<K extends keyof Calls>(name: K, ...args: Parameters<Calls[K]>): Promise<Awaited<ReturnType<Calls[K]>>> {
    const mine = ++nth;
    const answer = new Promise<unknown>((resolve, reject) => waiting.set(mine, { resolve, reject }));
    if (!child?.connected) throw new Error('the console does not run');
    child.send({ nth: mine, name, args });
    return (await answer) as Awaited<ReturnType<Calls[K]>>;
  }
  async function kill(): Promise<void> {
    const ended = child && new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await ended;
  }

  return {
    start,
    call,
    kill,
    alive: () => child !== null,
    /** where an admin puts releases of the proxy */
    releases: () => path.join(dataDir, 'releases'),
    id: (host: Host): string => {
      const id = ids.get(host.name);
      if (id === undefined) throw new Error(`${host.name} is not registered`);
      return id;
    },
    /** Lets the console's key in and registers the host, with its metrics page read through SSH. */
    async register(host: Host): Promise<void> {
      const key = await call('publicKey');
      await hosts.exec(host, `echo '${key}' >> /home/sre/.ssh/authorized_keys`);
      const input = {
        ...{ name: host.name, host: host.address, user: 'sre', sshPort: 22, unit: 'sniproxy', configPath: '/etc/sniproxy/config.yaml' },
        ...{ metrics: { via: 'ssh', url: 'http://127.0.0.1:9090/metrics' } as const, labels: { kind: host.kind } },
      };
      ids.set(host.name, await call('addNode', input, await host.hostKey()));
    },
    /** The run as it has ended. */
    async ended(id: string, timeoutMs: number): Promise<Run> {
      const over = async () => {
        const run = await call('run', id);
        if (hasEnded(run.status)) return run;
        throw new Error(`\n${told(run)}`);
      };
      return until('the end of the run', over, { timeoutMs, everyMs: 250 });
    },
    startRun: (input: RunInput, moment: Moment = {}): Promise<string> => call('startRun', input, moment),
    async stop(): Promise<void> {
      await kill();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** `step: status, summary` of every step that was begun, for messages. */
export const told = (run: Run): string =>
  run.targets
    .map(
      (t) =>
        `${t.name} ${t.status} (${t.summary})\n${t.steps
          .filter((s) => s.status !== 'pending')
          .map((s) => `  ${s.key}: ${s.status}, ${s.summary}\n`)
          .join('')}`,
    )
    .join('');
