import {
  DRILL_NAMES,
  type Drill,
  ERROR_REASONS,
  PROTOCOLS,
  type Protocol,
  REASONS,
  type Reason,
  STATUSES,
  statusOf,
} from '../contract/words.ts';

/** Names that have bytes counted of their own, beside those of the config. */
const MAX_HOSTS = 100;

export type HostBytes = { tx: number; rx: number };

const zeros = <K extends string>(keys: readonly K[]): Map<K, number> => new Map(keys.map((key) => [key, 0]));
const add = <K>(map: Map<K, number>, key: K, count = 1): void => void map.set(key, (map.get(key) ?? 0) + count);
/** One key for a pair of labels; neither holds a space. */
const pair = (a: string, b: string): string => `${a} ${b}`;
const pairs = (a: readonly string[], b: readonly string[]): string[] => a.flatMap((left) => b.map((right) => pair(left, right)));

/** Plain numbers that the hot path adds to; the exposition reads them. Each connection calls `ended` once. */
export class Counters {
  accepted = 0;
  readonly protocols = zeros<Protocol>(PROTOCOLS);
  readonly hosts = new Map<string, HostBytes>();
  readonly other: HostBytes = { tx: 0, rx: 0 };
  readonly drills = zeros<Drill>(DRILL_NAMES);
  readonly #ended = new Map(PROTOCOLS.map((protocol) => [protocol, zeros<Reason>(REASONS)] as const));
  #configured: ReadonlySet<string> = new Set();
  #learned = 0;

  sniffed(protocol: Protocol): void {
    add(this.protocols, protocol);
  }

  ended(protocol: Protocol, reason: Reason): void {
    const ended = this.#ended.get(protocol);
    if (ended) add(ended, reason);
  }

  get reasons(): ReadonlyMap<Reason, number> {
    const sums = zeros<Reason>(REASONS);
    for (const ended of this.#ended.values()) for (const [reason, count] of ended) add(sums, reason, count);
    return sums;
  }

  /** keys "protocol status" */
  get connections(): ReadonlyMap<string, number> {
    const sums = zeros(pairs(PROTOCOLS, STATUSES));
    for (const [protocol, ended] of this.#ended) for (const [reason, count] of ended) add(sums, pair(protocol, statusOf(reason)), count);
    return sums;
  }

  /** keys "error_type protocol" */
  get errors(): ReadonlyMap<string, number> {
    const sums = zeros(pairs(ERROR_REASONS, PROTOCOLS));
    for (const [protocol, ended] of this.#ended)
      for (const reason of ERROR_REASONS) add(sums, pair(reason, protocol), ended.get(reason) ?? 0);
    return sums;
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
