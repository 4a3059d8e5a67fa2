import type { Reason, Refusal } from '../contract/words.ts';
import { InitialFlow, type QuicVerdict } from '../quic/initial-flow.ts';
import type { Timed, TimerWheel } from '../relay/wheel.ts';
import { MAX_HELD, MAX_HELD_BYTES } from './flow.ts';
import { firstKey } from './flow-table.ts';

/** Hellos that are not whole yet: so many, with so many bytes. The oldest gives way: a whole one takes no longer than its packets are apart. */
const MAX_FIRSTS = 4096;
const MAX_BYTES = 16 * 1024 * 1024;

/** What one client has sent until its hello is whole. It holds no descriptor. */
export class FirstPackets implements Timed {
  timedNext: Timed | null = null;
  timedPrevious: Timed | null = null;
  timedSlot = -1;
  timedDue = 0;

  readonly key: string;
  readonly startedAt: number;
  readonly who: string;
  readonly clientKey: string | null;
  held: Buffer[] = [];
  /** what it asks for, once that is known; undefined = not yet */
  name: string | null | undefined = undefined;
  #heldBytes = 0;
  #initial: InitialFlow | null = new InitialFlow();
  readonly #owner: FirstFlights;

  constructor(owner: FirstFlights, key: string, from: { who: string; clientKey: string | null; startedAt: number }) {
    this.#owner = owner;
    this.key = key;
    this.who = from.who;
    this.clientKey = from.clientKey;
    this.startedAt = from.startedAt;
  }

  /** it was refused: what its client sends again is thrown away, and not counted again */
  get over(): boolean {
    return this.#initial === null;
  }
  get bytes(): number {
    return this.#initial === null ? 0 : this.#heldBytes + this.#initial.bytes;
  }

  end(): void {
    this.#initial = null;
    this.held = [];
  }

  push(datagram: Buffer): QuicVerdict {
    const verdict = this.#initial?.push(datagram) ?? { kind: 'no-match' };
    if (verdict.kind === 'no-match') return verdict;
    if (this.held.length < MAX_HELD && this.#heldBytes + datagram.length <= MAX_HELD_BYTES) {
      this.held.push(datagram);
      this.#heldBytes += datagram.length;
    }
    return verdict;
  }

  onDeadline(): number {
    this.#owner.ended(this);
    return 0;
  }
}

/** The first packets of connections whose name is not known yet, by their client's address and the id that it made up. */
export class FirstFlights {
  readonly #firsts = new Map<string, FirstPackets>();
  readonly #wheel: TimerWheel;
  readonly #refused: (first: FirstPackets, reason: Reason) => void;
  #bytes = 0;

  /** `refused` is told of those that end without a name. */
  constructor(wheel: TimerWheel, refused: (first: FirstPackets, reason: Reason) => void) {
    this.#wheel = wheel;
    this.#refused = refused;
  }

  get waiting(): number {
    let count = 0;
    for (const first of this.#firsts.values()) if (!first.over) count += 1;
    return count;
  }
  get sizes(): { firsts: number; bytes: number } {
    return { firsts: this.#firsts.size, bytes: this.#bytes };
  }

  find(tuple: string, id: string): FirstPackets | undefined {
    return this.#firsts.get(firstKey(tuple, id));
  }

  /** Reads a datagram of one that is known, or of a new one that is kept only when its packet authenticates. */
  push(first: FirstPackets, datagram: Buffer): QuicVerdict {
    const before = first.bytes;
    const verdict = first.push(datagram);
    if (this.#firsts.has(first.key)) this.#bytes += first.bytes - before;
    return verdict;
  }

  keep(first: FirstPackets, deadline: number): void {
    this.#firsts.set(first.key, first);
    this.#bytes += first.bytes;
    this.#wheel.schedule(first, deadline);
    while (this.#firsts.size > MAX_FIRSTS || this.#bytes > MAX_BYTES) {
      const oldest = this.#firsts.values().next().value;
      if (oldest === undefined || oldest === first) return;
      this.ended(oldest);
    }
  }

  /** It is routed, or refused; a refused one is remembered until its deadline, without its bytes. */
  settle(first: FirstPackets, refusal: Refusal | null, deadline: number): void {
    const kept = this.#firsts.has(first.key);
    if (kept) this.#bytes -= first.bytes;
    if (refusal === null) {
      if (kept) this.#forget(first);
      return;
    }
    first.end();
    if (!kept) this.keep(first, deadline);
    this.#refused(first, refusal);
  }

  /** One that became a flow and was refused then. */
  shun(first: FirstPackets, deadline: number): void {
    first.end();
    this.keep(first, deadline);
  }

  /** Its time is over, or its place is needed. */
  ended(first: FirstPackets, reason: Reason = 'hello_timeout'): void {
    this.#bytes -= first.bytes;
    this.#forget(first);
    if (!first.over) this.#refused(first, reason);
  }

  close(): void {
    for (const first of [...this.#firsts.values()]) this.ended(first, 'shutdown');
  }

  #forget(first: FirstPackets): void {
    this.#firsts.delete(first.key);
    this.#wheel.cancel(first);
  }
}
