import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';

export type KeptProcess = {
  pid(): number | null;
  /** resolves when it first said that it is ready */
  ready: Promise<void>;
  /** it is not started again; gives the process that is still there */
  retire(): ChildProcess | null;
};

export type KeepSpec = {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** stdout and stderr are appended here */
  logPath: string;
  /** with a channel, the process says 'listening' on it and ends when it breaks; without one, `isReady` is asked */
  channel: boolean;
  isReady?: (pid: number) => Promise<boolean>;
  onReady(pid: number): void;
  /** it ended by itself, for the n-th time in a row soon after its start (0: it had lived a while) */
  onEnd?: (failures: number) => void;
};

const AGAIN_AFTER_MS = { least: 300, most: 5_000 };
/** a process that lived so long did not fail at its start */
const LIVED_MS = 10_000;
const READY_POLL_MS = 100;

/** Starts a process again whenever it ends, later each time it fails soon. One stopped by SIGSTOP has not ended and is left alone. */
export function keepRunning(spec: KeepSpec): KeptProcess {
  let child: ChildProcess | null = null;
  let retired = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let markReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  function start(): void {
    const log = fs.openSync(spec.logPath, 'a', 0o600);
    const stdio: ('ignore' | number | 'ipc')[] = spec.channel ? ['ignore', log, log, 'ipc'] : ['ignore', log, log];
    const started = spawn(spec.command, spec.args, { cwd: spec.cwd, env: spec.env, stdio, detached: true });
    fs.closeSync(log);
    const startedAt = Date.now();
    child = started;
    const isUp = () => {
      if (child !== started) return;
      spec.onReady(started.pid ?? 0);
      markReady();
    };
    if (spec.channel) started.once('message', isUp);
    else void poll(started).then((up) => up && isUp());
    const over = () => {
      if (child !== started) return;
      child = null;
      if (retired) return;
      failures = Date.now() - startedAt > LIVED_MS ? 0 : failures + 1;
      spec.onEnd?.(failures);
      timer = setTimeout(start, Math.min(AGAIN_AFTER_MS.most, AGAIN_AFTER_MS.least * 2 ** Math.max(0, failures - 1)));
    };
    started.once('exit', over);
    started.once('error', over);
  }

  async function poll(started: ChildProcess): Promise<boolean> {
    while (child === started && !retired) {
      if (await spec.isReady?.(started.pid ?? 0)) return true;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    return false;
  }

  start();
  return {
    pid: () => child?.pid ?? null,
    ready,
    retire: () => {
      retired = true;
      clearTimeout(timer);
      return child;
    },
  };
}
