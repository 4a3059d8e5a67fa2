import type { Config } from '../contract/config.ts';

/** What the pool needs of a wire; who owns one is told what happens to it. */
export type Poolable<O = unknown> = { owner: O; readonly closed: boolean; read(): void; close(reset: boolean): void };

/** A socket that the pool has lent out. Given back once: later calls do nothing. Whoever does not say "reuse" destroys it. */
export type Lease<W = unknown> = {
  readonly wire: W;
  readonly uses: number;
  /** Tells who had it before that it is lost: it was dead when it was used again, so its end was meant for them. */
  readonly before?: (() => void) | undefined;
  /** `lost`: told when the other side ends it while it is idle, and nobody else has had it since. */
  release(how?: 'reuse' | 'destroy', lost?: () => void): void;
};

type PoolConfig = Config['connection_pool'];
type Limits = { maxPerHost: number; ttlMs: number; idleMs: number; sweepMs: number };
/** A dialled socket, from the dial to its destruction. */
type Member<W> = {
  readonly key: string;
  readonly wire: W;
  readonly dialledAt: number;
  uses: number;
  idleSince: number;
  lost?: (() => void) | undefined;
};

/** A socket is used so often at most. */
const MAX_USES = 1000;
/** Idle sockets of all hosts together. */
const MAX_IDLE = 1024;
/** Idle sockets beyond the clients that could use them now. */
const SPARE = 1;
const LEAST_SWEEP_MS = 1000;

/**
 * ⚠️  WARNING: Connection pooling is NOT suitable for transparent proxies!
 *
 * In a transparent proxy, each connection is to a potentially different
 * backend (based on SNI/Host header). Pooling only makes sense if:
 * 1. Multiple requests to the SAME backend
 * 2. Connections are properly returned to pool after use
 *
 * For SNIProxy (transparent proxy), set `enabled: false`
 *
 * What is lent: backend sockets of plaintext HTTP/1.1 whose messages are understood, for one exchange of request and response. A socket is
 * given back once; it becomes idle only when its lease says so and every limit allows it, and is destroyed otherwise. There are never more
 * idle ones than clients that could use them, and one: a crowd that has left leaves no descriptors behind. Sockets of tunnels carry their
 * client's state: they are lent for the books alone, and destroyed. An idle socket that says or ends anything is destroyed at once.
 *
 * Gauges are sizes of the live sets, and at any time created = idle + leased + destroyed.
 */
export class ConnectionPool<O = unknown, W extends Poolable<O> = Poolable<O>> {
  readonly #leased = new Set<Lease<unknown>>();
  /** idle ones, the longest idle first */
  readonly #idle = new Set<Member<W>>();
  readonly #byKey = new Map<string, Member<W>[]>();
  readonly #whileIdle: O;
  readonly #now: () => number;
  #limits: Limits;
  #sweeper: NodeJS.Timeout | null = null;
  #enabled: boolean;
  #clients = 0;
  #created = 0;
  #destroyed = 0;
  hits = 0;
  misses = 0;
  evictions = 0;
  /** given back to be reused, and destroyed because of age, use, or number */
  rejections = 0;

  /** `whileIdle` makes the owner of idle wires: it is to tell `lost` of anything that happens to one. */
  constructor(config: PoolConfig, whileIdle: (lost: (wire: W) => void) => O, now: () => number = () => performance.now()) {
    this.#enabled = config?.enabled ?? false;
    this.#limits = limitsOf(config);
    this.#now = now;
    this.#whileIdle = whileIdle((wire) => {
      for (const member of this.#idle) {
        if (member.wire !== wire) continue;
        const { lost } = member;
        this.#evict(member);
        lost?.();
      }
    });
  }

  get enabled(): boolean {
    return this.#enabled;
  }
  get created(): number {
    return this.#created;
  }
  get destroyed(): number {
    return this.#destroyed;
  }
  get leased(): number {
    return this.#leased.size;
  }
  get idle(): number {
    return this.#idle.size;
  }
  /** hosts that have idle sockets */
  get keys(): number {
    return this.#byKey.size;
  }

  /** A client that could use idle sockets has come. */
  join(): void {
    this.#clients += 1;
  }

  leave(): void {
    this.#clients -= 1;
    while (this.#idle.size > this.#mostIdle) this.evictOldest();
  }

  get #mostIdle(): number {
    return Math.min(MAX_IDLE, this.#clients + SPARE);
  }

  /**
   * Takes over other settings. Idle sockets were dialled by the old routes and rules, so they are destroyed. Switched off, the pool is
   * drained: it lends nothing more, and what is lent is destroyed when it comes back.
   */
  configure(config: PoolConfig): void {
    this.#enabled = config?.enabled ?? false;
    this.#limits = limitsOf(config);
    for (const member of this.#idle) this.#evict(member);
  }

  /** An idle socket of this host, the one used last; null when there is none that may be used. */
  take(key: string): Lease<W> | null {
    const now = this.#now();
    for (let member = this.#byKey.get(key)?.at(-1); member; member = this.#byKey.get(key)?.at(-1)) {
      if (!this.#enabled || member.wire.closed || this.#isOld(member, now)) {
        this.#evict(member);
        continue;
      }
      this.#forget(member);
      const before = member.lost;
      member.lost = undefined;
      this.hits += 1;
      member.uses += 1;
      return this.#lend(member, before);
    }
    return null;
  }

  /** A newly dialled socket of this host, lent to whoever dialled it. */
  admit(key: string, wire: W): Lease<W> {
    this.#created += 1;
    this.misses += 1;
    return this.#lend({ key, wire, dialledAt: this.#now(), uses: 1, idleSince: 0 });
  }

  /** The socket of a tunnel, for the books: destroyed when it comes back. Null when pooling is off. */
  lend<S extends { destroy(): unknown }>(socket: S): Lease<S> | null {
    if (!this.#enabled) return null;
    this.#created += 1;
    this.misses += 1;
    const lease: Lease<S> = { wire: socket, uses: 1, release: () => this.#back(lease) && this.#count(() => socket.destroy()) };
    this.#leased.add(lease);
    return lease;
  }

  /** Makes room: the socket that is idle longest goes. */
  evictOldest(): boolean {
    const [oldest] = this.#idle;
    if (oldest) this.#evict(oldest);
    return oldest !== undefined;
  }

  /** Destroys what is idle for too long or too old. */
  sweep(): void {
    const now = this.#now();
    for (const member of this.#idle) if (member.wire.closed || this.#isOld(member, now)) this.#evict(member);
  }

  destroyAll(): void {
    for (const member of this.#idle) this.#evict(member);
    for (const lease of this.#leased) lease.release('destroy');
  }

  #lend(member: Member<W>, before?: () => void): Lease<W> {
    const lease: Lease<W> = {
      wire: member.wire,
      uses: member.uses,
      before,
      release: (how = 'destroy', lost = undefined) => {
        if (!this.#back(lease)) return;
        if (how === 'reuse' && !member.wire.closed && this.#mayStay(member)) this.#park(member, lost);
        else this.#count(() => member.wire.close(false));
      },
    };
    this.#leased.add(lease);
    return lease;
  }

  /** False when it has been given back before. */
  #back(lease: Lease<unknown>): boolean {
    return this.#leased.delete(lease);
  }

  #count(destroy: () => unknown): void {
    this.#destroyed += 1;
    destroy();
  }

  #mayStay(member: Member<W>): boolean {
    if (!this.#enabled) return false;
    const { maxPerHost, ttlMs, idleMs } = this.#limits;
    const ofHost = this.#byKey.get(member.key)?.length ?? 0;
    const isYoung = this.#now() - member.dialledAt < ttlMs && idleMs > 0;
    if (isYoung && member.uses < MAX_USES && ofHost < maxPerHost) return true;
    this.rejections += 1;
    return false;
  }

  #park(member: Member<W>, lost: (() => void) | undefined): void {
    if (this.#idle.size >= this.#mostIdle) this.evictOldest();
    member.lost = lost;
    member.idleSince = this.#now();
    this.#idle.add(member);
    const ofHost = this.#byKey.get(member.key);
    if (ofHost) ofHost.push(member);
    else this.#byKey.set(member.key, [member]);
    member.wire.owner = this.#whileIdle;
    member.wire.read();
    this.#sweeper ??= setInterval(() => this.sweep(), this.#limits.sweepMs).unref();
  }

  #isOld({ dialledAt, idleSince }: Member<W>, now: number): boolean {
    return now - dialledAt >= this.#limits.ttlMs || now - idleSince >= this.#limits.idleMs;
  }

  #evict(member: Member<W>): void {
    this.#forget(member);
    this.evictions += 1;
    this.#count(() => member.wire.close(false));
  }

  #forget(member: Member<W>): void {
    this.#idle.delete(member);
    const ofHost = this.#byKey.get(member.key) ?? [];
    const at = ofHost.indexOf(member);
    if (at >= 0) ofHost.splice(at, 1);
    if (ofHost.length === 0) this.#byKey.delete(member.key);
    if (this.#idle.size > 0 || this.#sweeper === null) return;
    clearInterval(this.#sweeper);
    this.#sweeper = null;
  }
}

function limitsOf(config: PoolConfig): Limits {
  return {
    maxPerHost: config?.max_per_host ?? 100,
    ttlMs: (config?.connection_ttl ?? 60) * 1000,
    idleMs: (config?.idle_timeout ?? 30) * 1000,
    sweepMs: Math.max(LEAST_SWEEP_MS, (config?.cleanup_interval ?? 10) * 1000),
  };
}
