import type { Phase, Protocol, Reason } from '../contract/words.ts';
import type { Asked } from '../parse/first-flight.ts';

/** A connection as status, metrics and the drain see it. */
export type OpenConnection = {
  /** where it stands among the open ones, -1 = nowhere */
  place: number;
  readonly who: string;
  readonly protocol: Protocol;
  readonly asked: Asked | null;
  readonly backend: string | null;
  readonly startedAt: number;
  readonly generation: number;
  readonly up: number;
  readonly down: number;
  phase(now: number): Phase;
  /** it holds the client's socket alone: no backend is dialled, connected or borrowed */
  readonly isAlone: boolean;
  /** Nothing is under way: the client was answered, and may ask again. Known of pooled HTTP alone. */
  readonly resting?: boolean;
  /** Ends it at once. `reset`: its peers must not take that for a proper end. */
  cut(reason: Reason, reset: boolean): void;
};

/**
 * The connections of now, in no order. Not a Set: that makes a new table every few connections, an old table leads to the next, and one that
 * the garbage collector took for old keeps all that came after it, with the connections in them, until the next full collection.
 */
export class OpenConnections {
  readonly #all: OpenConnection[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(connection: OpenConnection): void {
    connection.place = this.#all.length;
    this.#all.push(connection);
  }

  /** False when it is not here (any more). */
  delete(connection: OpenConnection): boolean {
    const { place } = connection;
    if (place < 0) return false;
    connection.place = -1;
    const last = this.#all.pop();
    if (last !== undefined && last !== connection) {
      this.#all[place] = last;
      last.place = place;
    }
    return true;
  }

  /** What is added or deleted meanwhile may be missed. */
  [Symbol.iterator](): Iterator<OpenConnection> {
    return this.#all[Symbol.iterator]();
  }
}
