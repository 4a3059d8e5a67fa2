import {
  DRILL_NAMES,
  type Drill,
  ERROR_REASONS,
  PROTOCOLS,
  type Protocol,
  REASONS,
  type Reason,
  STATUSES,
  type Status,
  statusOf,
} from '../contract/words.ts';

/** Names that have bytes counted of their own, beside those of the config. */
const MAX_HOSTS = 100;

export type HostBytes = { tx: number; rx: number };

const zeros = <K extends string>(keys: readonly K[]): Map<K, number> => new Map(keys.map((key) => [key, 0]));
const add = <K>(map: Map<K, number>, key: K): void => void map.set(key, (map.get(key) ?? 0) + 1);
/** One key for a pair of labels; neither holds a space. */
const pair = (a: string, b: string): string => `${a} ${b}`;
const pairs = (a: readonly string[], b: readonly string[]): string[] => a.flatMap((left) => b.map((right) => pair(left, right)));

/** Plain numbers that the hot path adds to; the exposition reads them. Each connection calls `ended` once. */
export class Counters {
  accepted = 0;
  readonly reasons = zeros<Reason>(REASONS);
  readonly protocols = zeros<Protocol>(PROTOCOLS);
  /** keys "protocol status" */
  readonly connections = zeros(pairs(PROTOCOLS, STATUSES));
  /** keys "error_type protocol" */
  readonly errors = zeros(pairs(ERROR_REASONS, PROTOCOLS));
  readonly hosts = new Map<string, HostBytes>();
  readonly other: HostBytes = { tx: 0, rx: 0 };
  readonly drills = zeros<Drill>(DRILL_NAMES);
  #configured: ReadonlySet<string> = new Set();
  #learned = 0;

  sniffed(protocol: Protocol): void {
    add(this.protocols, protocol);
  }

  ended(protocol: Protocol, reason: Reason): Status {
    const status = statusOf(reason);
    add(this.reasons, reason);
    add(this.connections, pair(protocol, status));
    if (status === 'error') add(this.errors, pair(reason, protocol));
    return status;
  }

  setConfiguredHosts(names: readonly string[]): void {
    this.#configured = new Set(names);
  }

  /** Where a name's bytes are counted; called when its backend is connected, so that made-up names make no series. */
  hostOf(name: string | null): HostBytes {
    if (name === null) return this.other;
    const known = this.hosts.get(name);
    if (known) return known;
    if (!this.#configured.has(name)) {
      if (this.#learned >= MAX_HOSTS) return this.other;
      this.#learned += 1;
    }
    const bytes = { tx: 0, rx: 0 };
    this.hosts.set(name, bytes);
    return bytes;
  }
}
