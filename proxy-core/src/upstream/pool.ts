import type net from 'node:net';

/** A socket that the pool has lent out. */
export type Lease = { readonly socket: net.Socket; readonly release: () => void };

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
 * Backend sockets of plaintext HTTP tunnels are leased here while the pool is enabled; TLS and SSH never are. A tunnel's socket carries its
 * client's state and is never reusable, so release destroys it: nothing becomes idle. Gauges are sizes of the live sets, and at any time
 * created = idle + leased + destroyed.
 */
export class ConnectionPool {
  readonly #leased = new Set<Lease>();
  #created = 0;
  #destroyed = 0;
  enabled: boolean;
  hits = 0;
  misses = 0;
  evictions = 0;

  constructor(enabled: boolean) {
    this.enabled = enabled;
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
    return 0;
  }

  /** Takes a newly dialled socket into the books. Null when pooling is off: it is drained by lending nothing more. */
  lend(socket: net.Socket): Lease | null {
    if (!this.enabled) return null;
    this.#created += 1;
    this.misses += 1;
    const lease: Lease = {
      socket,
      release: () => {
        if (!this.#leased.delete(lease)) return;
        this.#destroyed += 1;
        socket.destroy();
      },
    };
    this.#leased.add(lease);
    return lease;
  }

  destroyAll(): void {
    for (const lease of this.#leased) lease.release();
  }
}
