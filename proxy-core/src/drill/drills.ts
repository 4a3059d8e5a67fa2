import fs from 'node:fs';
import type { Drill } from '../contract/words.ts';
import type { DrillOrder } from './order.ts';

const SLOW_LEAK_EVERY = 200;
const SPIKE_EVERY_MS = 60_000;
const SPIKE_FIRST_MS = 5_000;
const SPIKE_HOLD_MS = 10_000;
const SPIKE_FDS = 200;

/** What a drill spoilt and its end puts right: a tunnel goes its way again. */
export type Spoilt = { drillEnded(): void };

/**
 * Fault injection. `--drill` gives one for the life of the process, and the pages name it. With `--drills-allowed` one may be ordered for a time;
 * the pages do not name that one, for somebody is to find it, and its end gives back all that it held. Without either, each question below is
 * answered with false.
 */
export class Drills {
  /** by --drill */
  readonly name: Drill | null;
  /** told of each begin and end */
  onChange: () => void = () => {};
  #order: DrillOrder | null = null;
  #ended = 0;
  #timers: NodeJS.Timeout[] = [];
  readonly #fds = new Set<number>();
  readonly #spoilt = new Set<Spoilt>();
  /** closes backend sockets that were taken and not given back */
  readonly #taken = new Set<() => void>();

  constructor(name: Drill | null) {
    this.name = name;
    this.#begin();
  }

  /** A leased socket is not given back when its tunnel ends. */
  get keepsLeases(): boolean {
    return this.#active === 'pool-leak';
  }
  /** End of file is not forwarded between the sides of a plaintext HTTP tunnel, and no deadline ends it. */
  get swallowsEof(): boolean {
    return this.#active === 'eof-leak';
  }
  get ignoresFdBudget(): boolean {
    return this.#active === 'scrape-blind';
  }

  get #active(): Drill | null {
    return this.name ?? this.#order?.name ?? null;
  }

  /** Begins what is ordered, after the end of what was; null: only the end. A process with a drill of its own takes no orders. */
  follow(order: DrillOrder | null): void {
    if (this.name !== null || (order === null && this.#order === null)) return;
    // first, so that what ends now is given back
    this.#order = null;
    this.#end();
    this.#order = order;
    this.#begin();
    this.onChange();
  }

  spoils(tunnel: Spoilt): void {
    if (this.name === null) this.#spoilt.add(tunnel);
  }
  isOver(tunnel: Spoilt): void {
    this.#spoilt.delete(tunnel);
  }
  takes(close: () => void): void {
    if (this.name === null) this.#taken.add(close);
  }

  connectionEnded(): void {
    const active = this.#active;
    if (active === null) return;
    this.#ended += 1;
    if (active === 'slow-leak' && this.#ended % (this.#order?.scale ?? SLOW_LEAK_EVERY) === 0) this.#hold();
    if (active === 'scrape-blind') for (let i = this.#order?.scale ?? 1; i > 0; i -= 1) if (!this.#hold()) break;
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #begin(): void {
    if (this.#active !== 'fd-spike') return;
    this.#timers.push(setInterval(() => this.#spike(), SPIKE_EVERY_MS).unref());
    if (this.name === null) this.#timers.push(setTimeout(() => this.#spike(), SPIKE_FIRST_MS).unref());
  }

  #end(): void {
    this.stop();
    for (const fd of this.#fds) fs.closeSync(fd);
    this.#fds.clear();
    for (const close of this.#taken) close();
    this.#taken.clear();
    for (const tunnel of [...this.#spoilt]) tunnel.drillEnded();
    this.#spoilt.clear();
    this.#ended = 0;
  }

  #spike(): void {
    const held: number[] = [];
    for (let i = this.#order?.scale ?? SPIKE_FDS; i > 0; i -= 1) {
      const fd = this.#hold();
      if (fd === null) break;
      held.push(fd);
    }
    setTimeout(() => {
      for (const fd of held) if (this.#fds.delete(fd)) fs.closeSync(fd);
    }, SPIKE_HOLD_MS).unref();
  }

  #hold(): number | null {
    try {
      const fd = fs.openSync('/dev/null', 'r');
      this.#fds.add(fd);
      return fd;
    } catch {
      return null; // out of descriptors: that is what the drill is for
    }
  }
}
