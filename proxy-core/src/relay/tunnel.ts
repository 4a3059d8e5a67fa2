import type { Ending, Phase } from '../contract/words.ts';
import type { HostBytes } from '../observe/counters.ts';
import type { Live } from './core.ts';
import type { Wire, WireOwner } from './wire.ts';

/** What is silent for longer than its deadline and this is stale: deadlines are acted on a little late. */
const STALE_GRACE_MS = 1000;
/** A tunnel whose lease is kept by a drill ends when nothing moved for so long after its client finished. */
const KEPT_LEASE_QUIET_MS = 250;
/** How often a tunnel is looked at that lives long. */
const LOOK_MS = 30_000;
/** Quiet for so long, its wires rest. */
const REST_MS = 10_000;

export type TunnelOwner = {
  now(): number;
  /** to be asked for `onDeadline` at this time at the latest */
  wake(at: number): void;
  /** the tunnel is to be cut, and with it both wires; `reset`: the other side must not take it for a proper end */
  cut(reason: Ending, reset: boolean): void;
};

/** Faults that a drill injects; none without one. */
export type TunnelFaults = {
  /** the backend's socket outlives the tunnel, so no end of file is forwarded to it */
  keepsUpstream: boolean;
  /** end of file is not acted on, nor any deadline */
  swallowsEof: boolean;
};

/**
 * Bytes between two open wires, both ways. Back-pressure: a side is not read from while bytes of it wait for the other, so at most one read buffer
 * waits per direction. End of file is forwarded each way by itself; when both sides have finished and nothing waits, it is over.
 *
 * Deadlines in ms without a byte: idle, half_close once one side has finished, and stalled_write for a write that makes no progress.
 */
export class Tunnel implements WireOwner {
  /** bytes from the client, and to it */
  up = 0;
  down = 0;
  readonly #owner: TunnelOwner;
  readonly #client: Wire;
  readonly #upstream: Wire;
  readonly #timeouts: Live['timeouts'];
  readonly #host: HostBytes;
  #faults: TunnelFaults;
  /** times in ms of the owner's clock; 0 = not so */
  #movedAt: number;
  #clientFinAt = 0;
  #upstreamFinAt = 0;
  /** since when bytes wait for that side without any being taken, and how many */
  #clientBlockedAt = 0;
  #upstreamBlockedAt = 0;
  #clientWaits = 0;
  #upstreamWaits = 0;

  constructor(
    owner: TunnelOwner,
    wires: { client: Wire; upstream: Wire },
    options: { timeouts: Live['timeouts']; host: HostBytes; faults: TunnelFaults },
  ) {
    this.#owner = owner;
    this.#client = wires.client;
    this.#upstream = wires.upstream;
    this.#timeouts = options.timeouts;
    this.#host = options.host;
    this.#faults = options.faults;
    this.#movedAt = owner.now();
  }

  /** bytes wait for the backend */
  get upstreamWaits(): boolean {
    return this.#upstreamBlockedAt > 0;
  }

  /** Forwards what was read before there was a tunnel, `header` before it, and the client's end if that has come too. */
  start(header: Buffer | null, head: Buffer, clientFinished: boolean): void {
    this.#owner.wake(this.#movedAt + Math.min(this.#timeouts.idle, this.#timeouts.stalledWrite, LOOK_MS));
    this.up += head.length;
    this.#host.tx += head.length;
    this.#client.owner = this;
    this.#upstream.owner = this;
    this.#client.carry();
    this.#upstream.carry();
    this.#upstream.read();
    // One segment carries the header and what follows it.
    if (this.#upstream.write(header === null ? head : Buffer.concat([header, head]))) {
      if (!clientFinished) this.#client.read();
    } else this.#block(this.#upstream, this.#movedAt);
    if (clientFinished) this.wireEnded(this.#client);
  }

  wireConnected(): void {}

  wireData(from: Wire, bytes: Buffer): void {
    const now = this.#owner.now();
    this.#movedAt = now;
    let to = this.#upstream;
    if (from === this.#client) {
      this.up += bytes.length;
      this.#host.tx += bytes.length;
    } else {
      this.down += bytes.length;
      this.#host.rx += bytes.length;
      to = this.#client;
    }
    if (!to.write(bytes)) this.#block(to, now);
  }

  #block(to: Wire, now: number): void {
    if (to === this.#client) {
      this.#clientBlockedAt = now;
      this.#clientWaits = to.waiting;
      this.#upstream.pause();
    } else {
      this.#upstreamBlockedAt = now;
      this.#upstreamWaits = to.waiting;
      this.#client.pause();
    }
  }

  wireDrained(to: Wire): void {
    this.#movedAt = this.#owner.now();
    if (to === this.#client) this.#clientBlockedAt = 0;
    else this.#upstreamBlockedAt = 0;
    if (this.#isOver) this.#owner.cut('closed', false);
    else if (to === this.#client) {
      if (this.#upstreamFinAt === 0) this.#upstream.read();
    } else if (this.#clientFinAt === 0) this.#client.read();
  }

  wireEnded(from: Wire): void {
    const now = this.#owner.now();
    this.#movedAt = now;
    if (from === this.#client) this.#clientFinAt = now;
    else this.#upstreamFinAt = now;
    if (this.#faults.swallowsEof) return;
    // A close finishes too, so the second end costs no shutdown.
    if (this.#isOver) {
      this.#owner.cut('closed', false);
      return;
    }
    if (from !== this.#client) this.#client.finish();
    else if (!this.#faults.keepsUpstream) this.#upstream.finish();
    this.#owner.wake(now + this.#quietLimit);
  }

  /** A drill is over: what was held up by it ends, the rest goes on with its deadlines. */
  forgive(): void {
    this.#faults = { keepsUpstream: false, swallowsEof: false };
    if (this.#hasFin) this.#owner.cut('closed', false);
    else this.#owner.wake(this.#owner.now() + Math.min(this.#quietLimit, LOOK_MS));
  }

  wireFailed(wire: Wire): void {
    this.#owner.cut(wire === this.#client ? 'client_reset' : 'upstream_reset', true);
  }

  /** Activity only notes its time; the deadline moves on when it comes. Tells the next one, 0 for none. */
  onDeadline(now: number): number {
    if (this.#faults.swallowsEof) return 0;
    this.#noteProgress(now);
    const { stalledWrite } = this.#timeouts;
    const blockedAt = Math.min(this.#clientBlockedAt || Number.POSITIVE_INFINITY, this.#upstreamBlockedAt || Number.POSITIVE_INFINITY);
    const stalledAt = blockedAt + stalledWrite;
    const quietAt = this.#movedAt + this.#quietLimit;
    if (now < Math.min(stalledAt, quietAt)) {
      if (now - this.#movedAt >= REST_MS) this.#rest();
      return Math.min(stalledAt, quietAt, now + stalledWrite, now + LOOK_MS);
    }
    if (now >= stalledAt) this.#owner.cut('write_stalled', true);
    else if (this.#faults.keepsUpstream && this.#clientFinAt > 0) this.#owner.cut('closed', false);
    else this.#owner.cut(this.#hasFin ? 'half_close_timeout' : 'idle_timeout', false);
    return 0;
  }

  #rest(): void {
    if (this.#upstreamBlockedAt === 0) this.#client.rest();
    if (this.#clientBlockedAt === 0) this.#upstream.rest();
  }

  /** A side that takes a part of what waits for it is slow, not stalled. */
  #noteProgress(now: number): void {
    if (this.#clientBlockedAt > 0 && this.#client.waiting < this.#clientWaits) {
      this.#clientWaits = this.#client.waiting;
      this.#clientBlockedAt = now;
      this.#movedAt = now;
    }
    if (this.#upstreamBlockedAt > 0 && this.#upstream.waiting < this.#upstreamWaits) {
      this.#upstreamWaits = this.#upstream.waiting;
      this.#upstreamBlockedAt = now;
      this.#movedAt = now;
    }
  }

  phase(now: number): Phase {
    if (now - this.#movedAt > this.#quietLimit + STALE_GRACE_MS) return 'stale';
    return this.#hasFin ? 'half_closed' : 'tunnel';
  }

  get #isOver(): boolean {
    return this.#clientFinAt > 0 && this.#upstreamFinAt > 0 && this.#clientBlockedAt === 0 && this.#upstreamBlockedAt === 0;
  }

  get #hasFin(): boolean {
    return this.#clientFinAt > 0 || this.#upstreamFinAt > 0;
  }

  get #quietLimit(): number {
    if (this.#faults.keepsUpstream && this.#clientFinAt > 0) return KEPT_LEASE_QUIET_MS;
    return this.#hasFin ? this.#timeouts.halfClose : this.#timeouts.idle;
  }
}
