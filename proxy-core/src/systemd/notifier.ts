import { spawn } from 'node:child_process';
import { messageOf } from '../errors.ts';

const NOTIFY = 'systemd-notify';
/** It waits until the service manager has read the message, 5 s at most by itself. */
const WAIT_MS = 6000;

export type Notifier = {
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  /** The service manager is asked to wait for so long beyond its own limit. */
  stopping(status: string, seconds: number): Promise<void>;
};

/**
 * Tells the service manager how this process is (sd_notify(3)). Its socket takes datagrams, which Node cannot send to a unix socket, so
 * systemd-notify does it: a child, for which the unit needs NotifyAccess=all. Messages go out one after another and never fail the proxy.
 * NOTIFY_SOCKET is taken out of `env`: the workers have nothing to tell.
 */
export function createNotifier(env: NodeJS.ProcessEnv, warn: (message: string) => void, command: string = NOTIFY): Notifier {
  const socket = env.NOTIFY_SOCKET;
  delete env.NOTIFY_SOCKET;
  let last: Promise<void> = Promise.resolve();
  const send = (...assignments: string[]): Promise<void> => {
    if (!socket) return Promise.resolve();
    last = last.then(() => notify(command, { ...env, NOTIFY_SOCKET: socket }, assignments)).catch((error: unknown) => warn(unheard(error)));
    return last;
  };
  return {
    ready: (status) => send('READY=1', `STATUS=${status}`),
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: (status, seconds) => send('STOPPING=1', `STATUS=${status}`, `EXTEND_TIMEOUT_USEC=${Math.ceil(seconds * 1e6)}`),
  };
}

const unheard = (error: unknown): string =>
  `NOTIFY_SOCKET is set, and ${NOTIFY} could not tell the service manager: ${messageOf(error)}; install systemd, or set Type=exec in the unit`;

function notify(command: string, env: NodeJS.ProcessEnv, assignments: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, assignments, { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: WAIT_MS });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      words = (words + text).slice(0, 200);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(words.trim() || `it ended with ${code ?? signal}`));
    });
  });
}
