import type net from 'node:net';
import type { Phase, Protocol, Reason, Refusal } from '../contract/words.ts';
import { clientKey } from '../guard/concurrency.ts';
import type { HostBytes } from '../observe/counters.ts';
import { type Asked, FirstFlight } from '../parse/first-flight.ts';
import type { Route } from '../route/table.ts';
import { type Candidate, type Candidates, candidatesFor } from '../upstream/candidates.ts';
import type { Lease } from '../upstream/pool.ts';
import { logConnection } from './access-line.ts';
import type { Core, Live } from './core.ts';
import { answerTo } from './refusal.ts';
import type { Timed } from './wheel.ts';
import { dialUpstream, giveAway, type SocketOwner, wireClient } from './wire.ts';

/** Read from a client while its backend is dialled; then it waits. */
const MAX_HEAD_WHILE_DIALLING = 65_536;
/** After an answer to a refused client, its input is thrown away for so long: a close over unread bytes is a reset and loses the answer. */
const LINGER_MS = 1000;
const LINGER_BYTES = 65_536;
/** Deadlines are acted on within this; what is silent for longer than its deadline and this is stale. */
const STALE_GRACE_MS = 1000;
/** A tunnel whose lease is kept by a drill ends when nothing moved for so long after its client finished. */
const KEPT_LEASE_QUIET_MS = 250;

/**
 * sniff → dial → tunnel → ended, or → refused (answer, linger) → ended. `ended` waits for both sockets' close, so that what the gauges call
 * open is open. Every way out sets `reason` once.
 */
type Stage = 'sniff' | 'dial' | 'tunnel' | 'refused' | 'ended';

/** One client, from accept to the close of its last socket. */
export class Connection implements SocketOwner, Timed {
  timedNext: Timed | null = null;
  timedPrevious: Timed | null = null;
  timedSlot = -1;
  timedDue = 0;

  readonly startedAt: number;
  readonly client: net.Socket;
  readonly who: string;
  stage: Stage = 'sniff';
  reason: Reason | null = null;
  protocol: Protocol = 'unknown';
  asked: Asked | null = null;
  route: Route | null = null;
  backend: string | null = null;
  /** bytes relayed from the client, and to it */
  up = 0;
  down = 0;

  readonly #core: Core;
  readonly #live: Live;
  readonly #key: string | null;
  #nameKey: string | null = null;
  #head: FirstFlight | null = new FirstFlight();
  #candidates: readonly Candidate[] = [];
  #next = 0;
  #upstream: net.Socket | null = null;
  #lease: Lease | null = null;
  #host: HostBytes;
  #clientOpen = true;
  #upstreamOpen = false;
  #promised = true;
  /** times in ms of the wheel's clock; 0 = not yet */
  #dialAt = 0;
  #attemptDueAt = 0;
  #movedAt: number;
  #clientFinAt = 0;
  #upstreamFinAt = 0;
  #clientBlockedAt = 0;
  #upstreamBlockedAt = 0;
  #lingered = 0;
  /** the phase that a refused or ended connection was in, for as long as it holds a descriptor */
  #lastPhase: Phase = 'sniff';

  /** `key`: under what it counts in limits.per_client, when there is such a limit. */
  constructor(core: Core, client: net.Socket, key: string | null) {
    this.#core = core;
    this.#live = core.live;
    this.#key = key;
    this.#host = core.counters.other;
    this.client = client;
    this.who = `${client.remoteAddress ?? 'gone'}:${client.remotePort ?? 0}`;
    this.startedAt = core.wheel.now();
    this.#movedAt = this.startedAt;
    core.budget.clients += 1;
    core.budget.promised += 1;
    core.connections.add(this);
    wireClient(client, this);
    core.wheel.schedule(this, this.startedAt + this.#live.timeouts.clientHello);
  }

  get generation(): number {
    return this.#live.generation;
  }

  phase(now: number): Phase {
    if (this.stage === 'sniff' || this.stage === 'dial') return this.stage;
    if (this.stage !== 'tunnel') return this.#lastPhase;
    const half = this.#finAt > 0;
    if (now - this.#movedAt > this.#quietLimit + STALE_GRACE_MS) return 'stale';
    return half ? 'half_closed' : 'tunnel';
  }

  /** Ends it at once, whatever it is doing. */
  kill(reason: Reason): void {
    this.#end(reason, false);
  }

  // Deadlines: one entry in the wheel; activity only notes its time, and the deadline moves on when it comes.

  onDeadline(now: number): number {
    switch (this.stage) {
      case 'sniff':
        this.#refuse('hello_timeout');
        return 0;
      case 'dial':
        this.#attemptFailed('connect_timeout');
        return 0;
      case 'tunnel':
        return this.#tunnelDeadline(now);
      case 'refused':
        this.client.destroy();
        return 0;
      case 'ended':
        return 0;
    }
  }

  #tunnelDeadline(now: number): number {
    if (this.#swallowsEof) return 0;
    const { stalledWrite } = this.#live.timeouts;
    const blockedAt = Math.min(this.#clientBlockedAt || Number.POSITIVE_INFINITY, this.#upstreamBlockedAt || Number.POSITIVE_INFINITY);
    const quietAt = this.#movedAt + this.#quietLimit;
    const stalledAt = blockedAt + stalledWrite;
    if (now >= stalledAt) this.#end('write_stalled', true);
    else if (now >= quietAt) {
      const kept = this.#keepsLease && this.#clientFinAt > 0;
      this.#end(kept ? 'closed' : this.#finAt > 0 ? 'half_close_timeout' : 'idle_timeout', false);
    } else return Math.min(quietAt, stalledAt, now + stalledWrite);
    return 0;
  }

  get #finAt(): number {
    return this.#clientFinAt || this.#upstreamFinAt;
  }

  /** How long nothing may move, in ms. */
  get #quietLimit(): number {
    if (this.#keepsLease && this.#clientFinAt > 0) return KEPT_LEASE_QUIET_MS;
    return this.#finAt > 0 ? this.#live.timeouts.halfClose : this.#live.timeouts.idle;
  }

  get #isHttp(): boolean {
    return this.protocol === 'http1.0' || this.protocol === 'http1.1';
  }
  get #keepsLease(): boolean {
    return this.#lease !== null && this.#core.drills.keepsLeases;
  }
  get #swallowsEof(): boolean {
    return this.#isHttp && this.#core.drills.swallowsEof;
  }

  // The client's socket.

  clientData(chunk: Buffer): void {
    switch (this.stage) {
      case 'tunnel':
        this.#movedAt = this.#core.wheel.now();
        this.up += chunk.length;
        this.#host.tx += chunk.length;
        if (this.#upstream?.write(chunk) === false) {
          this.client.pause();
          this.#upstreamBlockedAt = this.#movedAt;
        }
        return;
      case 'sniff':
        this.#head?.append(chunk);
        this.#sniff();
        return;
      case 'dial':
        this.#head?.append(chunk);
        if ((this.#head?.bytes.length ?? 0) > MAX_HEAD_WHILE_DIALLING) this.client.pause();
        return;
      case 'refused':
        this.#lingered += chunk.length;
        if (this.#lingered > LINGER_BYTES) this.client.destroy();
        return;
      case 'ended':
        return;
    }
  }

  clientEnd(): void {
    const now = this.#core.wheel.now();
    this.#clientFinAt = now;
    if (this.stage === 'sniff') this.#end('client_gone', false);
    else if (this.stage === 'tunnel') this.#clientFinished(now);
  }

  #clientFinished(now: number): void {
    this.#movedAt = now;
    if (this.#swallowsEof) return;
    if (!this.#keepsLease) this.#upstream?.end();
    this.#core.wheel.schedule(this, now + this.#quietLimit);
  }

  clientDrain(): void {
    this.#clientBlockedAt = 0;
    this.#movedAt = this.#core.wheel.now();
    if (this.stage === 'tunnel') this.#upstream?.resume();
  }

  clientError(): void {
    this.#end(this.stage === 'sniff' || this.stage === 'dial' ? 'client_gone' : 'client_reset', true);
  }

  clientClose(): void {
    this.#clientOpen = false;
    this.#core.budget.clients -= 1;
    if (this.#keepsLease && this.stage === 'tunnel') this.#end('closed', false);
    this.#settle();
  }

  // First flight and decision.

  #sniff(): void {
    const verdict = this.#head?.read();
    if (!verdict || verdict.kind === 'more') return;
    this.protocol = verdict.kind === 'asked' ? verdict.asked.protocol : verdict.protocol;
    this.#core.counters.sniffed(this.protocol);
    if (verdict.kind === 'refused') this.#refuse(verdict.reason);
    else this.#decide(verdict.asked);
  }

  #decide(asked: Asked): void {
    const { routes, allowlist, sshByPort, config, destinations } = this.#live;
    this.asked = asked;
    this.#core.histograms.helloBytes.observe(this.#head?.bytes.length ?? 0);
    if (asked.protocol === 'ssh') {
      const to = sshByPort.get(this.client.localPort ?? 0);
      this.route = to ? { label: 'ssh_routes', target: { kind: 'backends', backends: [to] } } : null;
    } else {
      if (!allowlist.allows(asked.name)) {
        this.#refuse('allowlist');
        return;
      }
      this.route = routes.find(asked.name);
    }
    if (this.route === null) {
      this.#refuse(asked.name !== null || asked.protocol === 'ssh' ? 'no_route' : asked.protocol === 'tls' ? 'no_sni' : 'no_host');
      return;
    }
    const perName = config.limits?.per_name;
    if (perName !== undefined && asked.name !== null) {
      if (!this.#core.names.enter(asked.name, perName)) {
        this.#refuse('name_limit');
        return;
      }
      this.#nameKey = asked.name;
    }
    this.stage = 'dial';
    this.#dialAt = this.#core.wheel.now();
    this.#core.wheel.schedule(this, this.#dialAt + this.#live.timeouts.connect);
    const port = asked.port ?? (asked.protocol === 'tls' ? 443 : 80);
    const found = candidatesFor(this.route.target, { name: asked.name, port }, destinations, config.resolver?.family ?? 'any');
    if ('then' in found) void found.then((later) => this.#dial(later));
    else this.#dial(found);
  }

  // Dial: candidates in turn within timeouts.connect; each gets an equal share of what is left of it.

  #dial(found: Candidates): void {
    if (this.stage !== 'dial') return;
    if ('refused' in found) {
      this.#refuse(found.refused);
      return;
    }
    this.#candidates = found.candidates;
    this.#attempt();
  }

  #attempt(): void {
    const candidate = this.#candidates[this.#next];
    if (!candidate) return;
    const now = this.#core.wheel.now();
    const left = this.#dialAt + this.#live.timeouts.connect - now;
    this.#attemptDueAt = now + left / (this.#candidates.length - this.#next);
    this.#next += 1;
    this.backend = candidate.backend;
    this.#core.wheel.schedule(this, this.#attemptDueAt);
    if (this.#promised) this.#core.budget.promised -= 1;
    this.#promised = false;
    this.#core.budget.upstreams += 1;
    this.#upstreamOpen = true;
    this.#upstream = dialUpstream(candidate.host, candidate.port, this);
  }

  #attemptFailed(reason: Refusal): void {
    const socket = this.#upstream;
    this.#upstream = null;
    this.#upstreamOpen = false;
    socket?.destroy();
    if (this.#next > 0 && this.#next < this.#candidates.length) this.#attempt();
    else this.#refuse(this.#next === 0 ? 'dns_failed' : reason);
  }

  upstreamConnect(): void {
    const upstream = this.#upstream;
    if (this.stage !== 'dial' || upstream === null) return;
    const now = this.#core.wheel.now();
    const head = this.#head?.bytes ?? Buffer.alloc(0);
    this.stage = 'tunnel';
    this.#head = null;
    this.#movedAt = now;
    this.#core.histograms.dialSeconds.observe((now - this.#dialAt) / 1000);
    this.#host = this.#core.counters.hostOf(this.asked?.name ?? null);
    this.#host.tx += head.length;
    this.up += head.length;
    if (this.#isHttp) this.#lease = this.#core.pool.lend(upstream);
    this.#core.wheel.schedule(this, now + this.#quietLimit);
    if (upstream.write(head)) this.client.resume();
    else {
      this.client.pause();
      this.#upstreamBlockedAt = now;
    }
    if (this.#clientFinAt > 0) this.#clientFinished(now);
  }

  // The backend's socket.

  upstreamData(chunk: Buffer): void {
    if (this.stage !== 'tunnel') return;
    this.#movedAt = this.#core.wheel.now();
    this.down += chunk.length;
    this.#host.rx += chunk.length;
    if (!this.client.write(chunk)) {
      this.#upstream?.pause();
      this.#clientBlockedAt = this.#movedAt;
    }
  }

  upstreamEnd(): void {
    if (this.stage !== 'tunnel') return;
    const now = this.#core.wheel.now();
    this.#upstreamFinAt = now;
    this.#movedAt = now;
    if (this.#swallowsEof) {
      if (this.#clientFinAt > 0) return;
      // The client's own end is left unread, or its socket would close by itself.
      this.client.end();
      this.client.pause();
      return;
    }
    this.client.end();
    this.#core.wheel.schedule(this, now + this.#quietLimit);
  }

  upstreamDrain(): void {
    this.#upstreamBlockedAt = 0;
    this.#movedAt = this.#core.wheel.now();
    if (this.stage === 'tunnel') this.client.resume();
  }

  upstreamError(error: Error): void {
    if (this.stage !== 'dial') {
      this.#end('upstream_reset', true);
      return;
    }
    const code = Reflect.get(error, 'code');
    this.#attemptFailed(code === 'ECONNREFUSED' ? 'connect_refused' : code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_failed');
  }

  upstreamClose(socket: net.Socket): void {
    this.#core.budget.upstreams -= 1;
    this.#lease?.release();
    if (socket !== this.#upstream) return;
    this.#upstreamOpen = false;
    this.#settle();
  }

  // Ways out.

  #refuse(reason: Refusal): void {
    this.#lastPhase = this.stage === 'dial' ? 'dial' : 'sniff';
    this.#candidates = [];
    const answer = answerTo(this.protocol, reason);
    if (answer === null || this.client.destroyed) {
      this.#end(reason, false);
      return;
    }
    this.reason = reason;
    this.stage = 'refused';
    this.#head = null;
    this.client.resume();
    this.client.end(answer);
    this.#core.wheel.schedule(this, this.#core.wheel.now() + LINGER_MS);
  }

  /** `reset`: the other side must not take the cut for a proper end. */
  #end(reason: Reason, reset: boolean): void {
    if (this.stage === 'ended') return;
    this.reason ??= reason;
    this.#lastPhase = this.phase(this.#core.wheel.now());
    const kept = this.#keepsLease && this.#upstream?.destroyed === false ? this.#upstream : null;
    this.stage = 'ended';
    this.#head = null;
    this.#core.wheel.cancel(this);
    if (kept) {
      giveAway(kept);
      this.#upstreamOpen = false;
    } else destroy(this.#upstream, reset);
    destroy(this.client, reset);
    this.#settle();
  }

  /** When the last descriptor is free: leaves the books, is counted once, writes its line. */
  #settle(): void {
    if (this.#clientOpen || this.#upstreamOpen || !this.#core.connections.delete(this)) return;
    const core = this.#core;
    this.stage = 'ended';
    this.reason ??= 'closed';
    core.wheel.cancel(this);
    if (this.#promised) core.budget.promised -= 1;
    this.#promised = false;
    if (this.#key !== null) core.clients.leave(this.#key);
    if (this.#nameKey !== null) core.names.leave(this.#nameKey);
    const seconds = (core.wheel.now() - this.startedAt) / 1000;
    core.counters.ended(this.protocol, this.reason);
    core.histograms.duration.observe({ protocol: this.protocol }, seconds);
    if (this.#live.config.log.access) logConnection(core.log, this, seconds);
    core.drills.connectionEnded();
    core.onSettled();
  }
}

function destroy(socket: net.Socket | null, reset: boolean): void {
  if (socket === null || socket.destroyed) return;
  if (reset && !socket.connecting) socket.resetAndDestroy();
  else socket.destroy();
}

export const keyOf = (socket: net.Socket): string => clientKey(socket.remoteAddress ?? '::');
