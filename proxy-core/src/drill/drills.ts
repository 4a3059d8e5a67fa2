import fs from 'node:fs';
import type { Drill } from '../contract/words.ts';

const SLOW_LEAK_EVERY = 200;
const SPIKE_EVERY_MS = 60_000;
const SPIKE_HOLD_MS = 10_000;
const SPIKE_FDS = 200;

/** Fault injection. Nothing of it exists without `--drill`; each question below is then answered with false. */
export class Drills {
  readonly name: Drill | null;
  #ended = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(name: Drill | null) {
    this.name = name;
    if (name === 'fd-spike') this.#timer = setInterval(() => this.#spike(), SPIKE_EVERY_MS).unref();
  }

  /** A leased socket is not given back when its tunnel ends. */
  get keepsLeases(): boolean {
    return this.name === 'pool-leak';
  }
  /** End of file is not forwarded between the sides of a plaintext HTTP tunnel, and no deadline ends it. */
  get swallowsEof(): boolean {
    return this.name === 'eof-leak';
  }
  get ignoresFdBudget(): boolean {
    return this.name === 'scrape-blind';
  }

  connectionEnded(): void {
    if (this.name === null) return;
    this.#ended += 1;
    if (this.name === 'scrape-blind' || (this.name === 'slow-leak' && this.#ended % SLOW_LEAK_EVERY === 0)) holdFd();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  #spike(): void {
    const held: number[] = [];
    for (let i = 0; i < SPIKE_FDS; i += 1) {
      const fd = holdFd();
      if (fd === null) break;
      held.push(fd);
    }
    setTimeout(() => {
      for (const fd of held) fs.closeSync(fd);
    }, SPIKE_HOLD_MS);
  }
}

function holdFd(): number | null {
  try {
    return fs.openSync('/dev/null', 'r');
  } catch {
    return null; // out of descriptors: that is what the drill is for
  }
}
