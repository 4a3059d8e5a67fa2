import type { OpenConnection } from './core.ts';

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
