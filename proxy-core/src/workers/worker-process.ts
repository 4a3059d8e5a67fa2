import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import type { Answer, FromWorker, Start, ToWorker } from './messages.ts';
import { WORKER_ENV } from './worker.ts';

/** The worker's first inherited socket: 0 to 2 are its streams, 3 is the channel to the primary. */
export const FIRST_SOCKET_FD = 4;
/** A worker that does not answer within this is counted with what it said last. */
const ANSWER_MS = 2000;
const RELOAD_MS = 5000;
/** A reader of the log that leaves this much unread stops the workers' output, and they drop lines and count them. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** One life of one worker, as the primary sees it. */
export class WorkerProcess {
  readonly worker: number;
  readonly since = new Date();
  /** settles once: it takes clients, or StartError */
  readonly started: Promise<{ limit: number; baseline: number }>;
  readonly exited: Promise<Exit>;
  /** what it counted when it was asked last */
  last: Answer | null = null;
  /** it said its last count itself, so nothing that it carried was lost */
  orderly = false;
  running = false;
  /** it did not answer when it was asked last */
  silent = false;
  onSilence: (silent: boolean) => void = () => {};
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, () => void>();
  readonly #reloads = new Map<number, () => void>();
  #asked = 0;
  #asking: Promise<void> | null = null;

  constructor(
    worker: number,
    how: { command: readonly [string, ...string[]]; env: NodeJS.ProcessEnv; fds: readonly number[]; start: () => Start },
  ) {
    this.worker = worker;
    const [program, ...args] = how.command;
    const child = spawn(program, args, {
      env: { ...how.env, [WORKER_ENV]: String(worker) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...how.fds],
    });
    this.#child = child;
    if (child.stdout) forwardLines(child.stdout, process.stdout);
    if (child.stderr) forwardLines(child.stderr, process.stderr);
    this.started = new Promise((resolve, reject) => {
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'up') this.tell({ kind: 'start', start: how.start() });
        else if (message.kind === 'started') {
          this.running = true;
          resolve(message);
        } else if (message.kind === 'failed') reject(new StartError(message.message));
        else this.#hear(message);
      });
      child.on('exit', (code, signal) => reject(new StartError(`worker ${worker} ended with ${code ?? signal} before it took clients`)));
      child.on('error', (error) => reject(new StartError(`worker ${worker} could not be started: ${error.message}`)));
    });
    this.started.catch(() => {}); // who starts it looks at it; a later failure is an exit
    this.exited = new Promise((resolve) => {
      child.on('exit', () => {
        this.running = false;
        for (const done of [...this.#waiting.values(), ...this.#reloads.values()]) done();
      });
      // later than the exit: all that it wrote and said has been read
      child.on('close', (code, signal) => resolve({ code, signal }));
      child.on('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Brings `last` up to date, or gives up after a while. One question at a time. */
  ask(): Promise<void> {
    if (!this.running) return Promise.resolve();
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const id = ++this.#asked;
    const heard = this.#wait(this.#waiting, id, ANSWER_MS);
    this.tell({ kind: 'ask', id });
    const silent = !(await heard);
    this.#asking = null;
    if (silent === this.silent || !this.running) return;
    this.silent = silent;
    this.onSilence(silent);
  }

  /** Resolves with whether it has taken the config over. */
  async reload(message: Extract<ToWorker, { kind: 'reload' }>): Promise<boolean> {
    this.tell(message);
    return !this.running || (await this.#wait(this.#reloads, message.generation, RELOAD_MS));
  }

  /** True when somebody calls what was put into `waiting` in time. */
  #wait(waiting: Map<number, () => void>, id: number, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (heard: boolean) => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(heard);
      };
      const timer = setTimeout(() => end(false), ms);
      waiting.set(id, () => end(true));
    });
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'answer') {
      this.last = message.answer;
      this.#waiting.get(message.id)?.();
    } else if (message.kind === 'last') {
      this.last = message.answer;
      this.orderly = true;
    } else if (message.kind === 'reloaded') this.#reloads.get(message.generation)?.();
  }
}

/** Whole lines only, so that those of several workers never mix. */
function forwardLines(from: Readable, to: Writable): void {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(10) + 1;
    if (end === 0) {
      rest = Buffer.concat([rest, chunk]);
      return;
    }
    to.write(rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([rest, chunk.subarray(0, end)]));
    rest = chunk.subarray(end);
    if (to.writableLength <= MAX_PENDING_BYTES) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.on('end', () => rest.length > 0 && to.write(Buffer.concat([rest, Buffer.from('\n')])));
}
