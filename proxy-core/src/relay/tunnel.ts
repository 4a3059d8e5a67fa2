import type net from 'node:net';
import type { Ending, Phase } from '../contract/words.ts';
import type { HostBytes } from '../observe/counters.ts';
import type { Live } from './core.ts';

/** What is silent for longer than its deadline and this is stale: deadlines are acted on a little late. */
const STALE_GRACE_MS = 1000;
/** A tunnel whose lease is kept by a drill ends when nothing moved for so long after its client finished. */
const KEPT_LEASE_QUIET_MS = 250;

export type TunnelOwner = {
  now(): number;
  /** to be asked for `onDeadline` at this time at the latest */
  wake(at: number): void;
  /** the tunnel is to be cut; `reset`: the other side must not take it for a proper end */
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
 * Bytes between two open sockets, both ways. Back-pressure: a side whose peer does not take bytes is paused, so at most one stream buffer
 * waits per direction. End of file is forwarded each way by itself; when both sides have finished, their sockets close by themselves.
 *
 * Deadlines in ms without a byte: idle, half_close once one side has finished, and stalled_write for a write that makes no progress.
 */
export class Tunnel {
  /** bytes from the client, and to it */
  up = 0;
  down = 0;
  readonly #owner: TunnelOwner;
  readonly #client: net.Socket;
  readonly #upstream: net.Socket;
  readonly #timeouts: Live['timeouts'];
  readonly #host: HostBytes;
  readonly #faults: TunnelFaults;
  /** times in ms of the owner's clock; 0 = not so */
  #movedAt: number;
  #clientFinAt = 0;
  #upstreamFinAt = 0;
  #clientBlockedAt = 0;
  #upstreamBlockedAt = 0;

  constructor(
    owner: TunnelOwner,
    sockets: { client: net.Socket; upstream: net.Socket },
    options: { timeouts: Live['timeouts']; host: HostBytes; faults: TunnelFaults },
  ) {
    this.#owner = owner;
    this.#client = sockets.client;
    this.#upstream = sockets.upstream;
    this.#timeouts = options.timeouts;
    this.#host = options.host;
    this.#faults = options.faults;
    this.#movedAt = owner.now();
  }

  /** Forwards what was read before there was a tunnel, and the client's end if that has come too. */
  start(head: Buffer, clientFinished: boolean): void {
    this.#owner.wake(this.#movedAt + Math.min(this.#timeouts.idle, this.#timeouts.stalledWrite));
    this.clientData(head);
    if (this.#upstreamBlockedAt === 0) this.#client.resume();
    if (clientFinished) this.clientEnd();
  }

  clientData(chunk: Buffer): void {
    this.#movedAt = this.#owner.now();
    this.up += chunk.length;
    this.#host.tx += chunk.length;
    if (this.#upstream.write(chunk)) return;
    this.#client.pause();
    this.#upstreamBlockedAt = this.#movedAt;
  }

  upstreamData(chunk: Buffer): void {
    this.#movedAt = this.#owner.now();
    this.down += chunk.length;
    this.#host.rx += chunk.length;
    if (this.#client.write(chunk)) return;
    this.#upstream.pause();
    this.#clientBlockedAt = this.#movedAt;
  }

  clientDrain(): void {
    this.#clientBlockedAt = 0;
    this.#movedAt = this.#owner.now();
    this.#upstream.resume();
  }

  upstreamDrain(): void {
    this.#upstreamBlockedAt = 0;
    this.#movedAt = this.#owner.now();
    this.#client.resume();
  }

  clientEnd(): void {
    const now = this.#owner.now();
    this.#clientFinAt = now;
    this.#movedAt = now;
    if (this.#faults.swallowsEof) return;
    if (!this.#faults.keepsUpstream) this.#upstream.end();
    this.#owner.wake(now + this.#quietLimit);
  }

  upstreamEnd(): void {
    const now = this.#owner.now();
    this.#upstreamFinAt = now;
    this.#movedAt = now;
    if (this.#faults.swallowsEof) return;
    this.#client.end();
    this.#owner.wake(now + this.#quietLimit);
  }

  /** Activity only notes its time; the deadline moves on when it comes. Tells the next one, 0 for none. */
  onDeadline(now: number): number {
    if (this.#faults.swallowsEof) return 0;
    const { stalledWrite } = this.#timeouts;
    const blockedAt = Math.min(this.#clientBlockedAt || Number.POSITIVE_INFINITY, this.#upstreamBlockedAt || Number.POSITIVE_INFINITY);
    const stalledAt = blockedAt + stalledWrite;
    const quietAt = this.#movedAt + this.#quietLimit;
    if (now < Math.min(stalledAt, quietAt)) return Math.min(stalledAt, quietAt, now + stalledWrite);
    if (now >= stalledAt) this.#owner.cut('write_stalled', true);
    else if (this.#faults.keepsUpstream && this.#clientFinAt > 0) this.#owner.cut('closed', false);
    else this.#owner.cut(this.#hasFin ? 'half_close_timeout' : 'idle_timeout', false);
    return 0;
  }

  phase(now: number): Phase {
    if (now - this.#movedAt > this.#quietLimit + STALE_GRACE_MS) return 'stale';
    return this.#hasFin ? 'half_closed' : 'tunnel';
  }

  get #hasFin(): boolean {
    return this.#clientFinAt > 0 || this.#upstreamFinAt > 0;
  }

  get #quietLimit(): number {
    if (this.#faults.keepsUpstream && this.#clientFinAt > 0) return KEPT_LEASE_QUIET_MS;
    return this.#hasFin ? this.#timeouts.halfClose : this.#timeouts.idle;
  }
}
