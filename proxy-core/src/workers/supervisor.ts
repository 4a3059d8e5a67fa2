import type { Log } from '../log.ts';
import { Past } from './gather.ts';
import type { Answer, ToWorker } from './messages.ts';
import type { Exit, WorkerProcess } from './worker-process.ts';

/** So old are a dead worker's counts at most. */
const ASK_EVERY_MS = 5000;
/**
 * A worker that lived so long is replaced at once, and so is one that dies early for the first time; then the wait doubles up to the
 * longest.
 */
const SETTLED_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/** How long to wait before the worker that died early `deaths` times in a row is started again. */
export const waitAfter = (deaths: number): number => (deaths <= 1 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (deaths - 2)));

/** Keeps `count` workers alive, and keeps what those that are gone have counted. */
export class Supervisor {
  readonly past = new Past();
  /** workers that died */
  losses = 0;
  /** accepted by workers that are gone */
  pastAccepted = 0;
  readonly #spawn: (worker: number) => WorkerProcess;
  readonly #log: Log;
  readonly #count: number;
  readonly #current = new Map<number, WorkerProcess>();
  readonly #deaths = new Map<number, number>();
  readonly #waits = new Map<number, NodeJS.Timeout>();
  #replacing = false;
  #asking: NodeJS.Timeout | null = null;

  constructor(options: { count: number; spawn: (worker: number) => WorkerProcess; log: Log }) {
    this.#spawn = options.spawn;
    this.#log = options.log;
    this.#count = options.count;
  }

  get processes(): WorkerProcess[] {
    return [...this.#current.values()];
  }
  get running(): WorkerProcess[] {
    return this.processes.filter(({ running }) => running);
  }
  /** what they said last */
  get answers(): Answer[] {
    return this.processes.flatMap(({ last }) => last ?? []);
  }

  /**
   * Resolves when all take clients, with the figures of the one that has the lowest limit of open files; else ends them and throws
   * StartError.
   */
  async start(): Promise<{ limit: number; baseline: number }> {
    const born = Array.from({ length: this.#count }, (_, i) => this.#begin(i + 1));
    const figures = await Promise.all(born.map(({ started }) => started)).catch((error: unknown) => {
      this.kill();
      throw error;
    });
    this.#replacing = true;
    for (const { worker } of born) if (!this.#current.has(worker)) this.#replace(worker, 0); // died while others were starting
    this.#asking = setInterval(() => void this.ask(), ASK_EVERY_MS).unref();
    return figures.reduce((least, one) => (one.limit < least.limit ? one : least));
  }

  /** Brings `answers` up to date. */
  async ask(): Promise<void> {
    await Promise.all(this.running.map((process) => process.ask()));
  }

  tell(message: ToWorker): void {
    for (const process of this.processes) process.tell(message);
  }
  kill(): void {
    for (const process of this.processes) process.kill();
  }

  /** From now on who leaves is not replaced. Resolves when all have left. */
  async end(): Promise<void> {
    this.#replacing = false;
    for (const timer of this.#waits.values()) clearTimeout(timer);
    if (this.#asking) clearInterval(this.#asking);
    await Promise.all(this.processes.map(({ exited }) => exited));
  }

  #begin(worker: number): WorkerProcess {
    const process = this.#spawn(worker);
    this.#current.set(worker, process);
    void process.exited.then((exit) => this.#gone(process, exit));
    process.onSilence = (silent) => {
      const { pid } = process;
      if (silent) this.#log.error('a worker does not answer: its tunnels may hang', { worker, pid });
      else this.#log.info('the worker answers again', { worker, pid });
    };
    return process;
  }

  #gone({ worker, pid, last, orderly, since }: WorkerProcess, { code, signal }: Exit): void {
    this.#current.delete(worker);
    const connections = orderly ? 0 : (last?.status.connections.active ?? 0);
    this.pastAccepted += last?.status.accepted ?? 0;
    this.past.absorb(last?.families ?? [], connections);
    if (!this.#replacing) return;
    const deaths = orderly || Date.now() - since.getTime() >= SETTLED_MS ? 0 : (this.#deaths.get(worker) ?? 0) + 1;
    this.#deaths.set(worker, deaths);
    const wait = waitAfter(deaths);
    const what = { worker, pid, ...(signal ? { signal } : { code }), connections, replaced_in_ms: wait };
    if (orderly) this.#log.info('a worker has left', what);
    else {
      this.losses += 1;
      this.#log.error('a worker died', what);
    }
    this.#replace(worker, wait);
  }

  #replace(worker: number, wait: number): void {
    const timer = setTimeout(() => {
      this.#waits.delete(worker);
      const process = this.#begin(worker);
      process.started.then(
        () => this.#replacing && this.#log.info('a worker was replaced', { worker, pid: process.pid }),
        (error: Error) => this.#replacing && this.#log.error(`a worker could not be replaced: ${error.message}`, { worker }),
      );
    }, wait);
    this.#waits.set(worker, timer);
  }
}
