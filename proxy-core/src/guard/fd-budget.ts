import { countOpenFds, readFdLimit } from '../observe/fds.ts';

/** A connection is the client's socket and the backend's. */
export const FDS_PER_CONNECTION = 2;
/** What a process without connections holds, until it can be counted. */
const ASSUMED_BASELINE = 24;
const ASSUMED_LIMIT = 1024;

/** Kept free for /metrics, DNS, reading the config and the log: a sixteenth of the limit, 16 at least and 256 at most. */
export const reserveOf = (limit: number): number => Math.min(256, Math.max(16, Math.floor(limit / 16)));

/** How many connections a limit carries beside `baseline` descriptors. */
export const connectionsWithin = (limit: number, baseline = ASSUMED_BASELINE): number =>
  Math.max(0, Math.floor((limit - reserveOf(limit) - baseline) / FDS_PER_CONNECTION));

/** The limit of open files that `connections` need. */
export function limitFor(connections: number, baseline = ASSUMED_BASELINE): number {
  let limit = connections * FDS_PER_CONNECTION + baseline + 16;
  while (connectionsWithin(limit, baseline) < connections) limit += 16;
  return limit;
}

/**
 * Descriptors that connections may hold together. Node cannot be asked: at EMFILE libuv accepts and closes clients unseen, so the proxy
 * refuses before that. A connection counts for two from accept on, whether its backend socket is open yet or not.
 *
 *   limit = baseline + reserve + budget
 */
export class FdBudget {
  /** open client sockets */
  clients = 0;
  /** open backend sockets, those lent by the pool included */
  upstreams = 0;
  /** connections that have no backend socket yet and may open one */
  promised = 0;
  limit = readFdLimit() ?? ASSUMED_LIMIT;
  /** idle sockets of the pool, and a way to give one up */
  #pool: { readonly idle: number; evictOldest(): boolean } = { idle: 0, evictOldest: () => false };
  /** descriptors without any connection */
  baseline = ASSUMED_BASELINE;
  #untracked = 0;
  /** false only in the drill that runs out of descriptors */
  enforced = true;

  /** Reads the limit again, and what is open beside tracked sockets. */
  measure(otherTracked: number): void {
    this.limit = readFdLimit() ?? this.limit;
    const open = countOpenFds();
    if (open !== null) this.#untracked = Math.max(0, open - this.clients - this.upstreams - otherTracked);
  }

  /** To be called when listeners are open and nothing leaks yet. */
  setBaseline(otherTracked: number): void {
    this.measure(otherTracked);
    if (this.#untracked > 0) this.baseline = this.#untracked;
  }

  get reserve(): number {
    return reserveOf(this.limit);
  }

  get total(): number {
    return Math.max(0, this.limit - this.reserve - Math.max(this.baseline, this.#untracked));
  }

  /** Idle sockets of the pool count too, and make room for connections. */
  shareWith(pool: { readonly idle: number; evictOldest(): boolean }): void {
    this.#pool = pool;
  }

  get hasRoom(): boolean {
    if (!this.enforced) return true;
    const wanted = this.clients + this.upstreams + this.promised + FDS_PER_CONNECTION;
    while (wanted + this.#pool.idle > this.total) if (!this.#pool.evictOldest()) return false;
    return true;
  }
}
