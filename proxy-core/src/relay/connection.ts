import type net from 'node:net';
import { formatHostPort, type HostPort } from '../contract/addresses.ts';
import { type Phase, type Protocol, REFUSALS, type Reason, type Refusal } from '../contract/words.ts';
import { codeOf } from '../errors.ts';
import { clientKey } from '../guard/concurrency.ts';
import { type Asked, FirstFlight } from '../parse/first-flight.ts';
import { formatProxyHeader, readProxyHeader } from '../parse/proxy-header.ts';
import type { Route } from '../route/table.ts';
import { type Candidate, type Candidates, candidatesFor } from '../upstream/candidates.ts';
import type { Lease } from '../upstream/pool.ts';
import type { Core, Live } from './core.ts';
import { answerTo } from './refusal.ts';
import { Tunnel, type TunnelOwner } from './tunnel.ts';
import type { Timed } from './wheel.ts';
import { dialUpstream, giveAway, type SocketOwner, wireClient } from './wire.ts';

/** Read from a client while its backend is dialled; then it waits. */
const MAX_HEAD_WHILE_DIALLING = 65_536;
/** After an answer to a refused client, its input is thrown away for so long: a close over unread bytes is a reset and loses the answer. */
const LINGER_MS = 1000;
const LINGER_BYTES = 65_536;
const NOTHING = Buffer.alloc(0);

/**
 * sniff → dial → tunnel → ended, or → refused (answer, linger) → ended. `ended` waits for both sockets' close, so that what the gauges call
 * open is open. Every way out sets `reason` once.
 */
type Stage = 'sniff' | 'dial' | 'tunnel' | 'refused' | 'ended';

/** One client, from accept to the close of its last socket. */
export class Connection implements SocketOwner, TunnelOwner, Timed {
  timedNext: Timed | null = null;
  timedPrevious: Timed | null = null;
  timedSlot = -1;
  timedDue = 0;

  readonly startedAt: number;
  readonly client: net.Socket;
  who: string;
  protocol: Protocol = 'unknown';
  asked: Asked | null = null;
  route: Route | null = null;
  backend: string | null = null;

  readonly #core: Core;
  readonly #live: Live;
  #stage: Stage = 'sniff';
  #reason: Reason | null = null;
  /** under what it counts in limits.per_client and limits.per_name, when there are such limits */
  #clientKey: string | null;
  #nameKey: string | null = null;
  /** a PROXY header is to come first */
  #awaitsProxy: boolean;
  /** the client and where it connected to, when a PROXY header says so */
  #proxied: { source: HostPort; destination: HostPort } | null = null;
  /** the peer, when it speaks for a client */
  #peer: string | null = null;
  /** of a hello that did not become whole in time */
  #helloProgress: { have: number; need: number } | null = null;
  #head: FirstFlight | null = new FirstFlight();
  #candidates: readonly Candidate[] = [];
  #next = 0;
  #dialAt = 0;
  #upstream: net.Socket | null = null;
  #lease: Lease | null = null;
  #tunnel: Tunnel | null = null;
  #clientOpen = true;
  #clientFinished = false;
  #upstreamOpen = false;
  /** counted in the fd budget for a backend socket that is not open yet */
  #promised = true;
  #lingered = 0;
  /** the phase that a refused or ended connection was in, for as long as it holds a descriptor */
  #lastPhase: Phase = 'sniff';

  constructor(core: Core, client: net.Socket, from: { clientKey: string | null; behindProxy: boolean }) {
    this.#core = core;
    this.#live = core.live;
    this.#clientKey = from.clientKey;
    this.#awaitsProxy = from.behindProxy;
    this.client = client;
    this.who = `${client.remoteAddress ?? 'gone'}:${client.remotePort ?? 0}`;
    this.startedAt = core.wheel.now();
    core.budget.clients += 1;
    core.budget.promised += 1;
    core.connections.add(this);
    wireClient(client, this);
    this.wake(this.startedAt + this.#live.timeouts.clientHello);
  }

  get generation(): number {
    return this.#live.generation;
  }
  /** bytes relayed from the client, and to it */
  get up(): number {
    return this.#tunnel?.up ?? 0;
  }
  get down(): number {
    return this.#tunnel?.down ?? 0;
  }

  phase(now: number): Phase {
    if (this.#stage === 'sniff' || this.#stage === 'dial') return this.#stage;
    return this.#stage === 'tunnel' && this.#tunnel ? this.#tunnel.phase(now) : this.#lastPhase;
  }

  now(): number {
    return this.#core.wheel.now();
  }
  wake(at: number): void {
    this.#core.wheel.schedule(this, at);
  }

  onDeadline(now: number): number {
    if (this.#stage === 'tunnel') return this.#tunnel?.onDeadline(now) ?? 0;
    if (this.#stage === 'sniff') {
      this.#helloProgress = this.#head?.helloProgress ?? null;
      this.#refuse('hello_timeout');
    } else if (this.#stage === 'dial') this.#attemptFailed('connect_timeout');
    else if (this.#stage === 'refused') this.client.destroy();
    return 0;
  }

  // The client's socket.

  clientData(chunk: Buffer): void {
    if (this.#stage === 'tunnel') this.#tunnel?.clientData(chunk);
    else if (this.#stage === 'sniff') {
      this.#head?.append(chunk);
      this.#sniff();
    } else if (this.#stage === 'dial') {
      this.#head?.append(chunk);
      if ((this.#head?.bytes.length ?? 0) > MAX_HEAD_WHILE_DIALLING) this.client.pause();
    } else if (this.#stage === 'refused') {
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES) this.client.destroy();
    }
  }

  clientEnd(): void {
    this.#clientFinished = true;
    if (this.#stage === 'tunnel') this.#tunnel?.clientEnd();
    else if (this.#stage === 'sniff') this.cut('client_gone', false);
  }

  clientDrain(): void {
    if (this.#stage === 'tunnel') this.#tunnel?.clientDrain();
  }

  clientError(): void {
    this.cut(this.#stage === 'tunnel' ? 'client_reset' : 'client_gone', true);
  }

  clientClose(): void {
    this.#clientOpen = false;
    this.#core.budget.clients -= 1;
    if (this.#keepsLease && this.#stage === 'tunnel') this.cut('closed', false);
    this.#settle();
  }

  // First flight and decision.

  #sniff(): void {
    if (this.#awaitsProxy && !this.#readProxyHeader()) return;
    const verdict = this.#head?.read();
    if (!verdict || verdict.kind === 'more') return;
    this.protocol = verdict.kind === 'asked' ? verdict.asked.protocol : verdict.protocol;
    this.#core.counters.sniffed(this.protocol);
    if (verdict.kind === 'refused') this.#refuse(verdict.reason);
    else this.#decide(verdict.asked);
  }

  /** True once it is read: what follows it is the client's own. Whom it names counts in the limits. */
  #readProxyHeader(): boolean {
    const raw = this.#head?.bytes ?? NOTHING;
    const header = readProxyHeader(raw);
    if (header === 'more') return false;
    if (header === 'no-match' || header === 'malformed') {
      this.#refuse(header === 'malformed' ? 'proxy_malformed' : 'proxy_missing');
      return false;
    }
    this.#awaitsProxy = false;
    this.#peer = this.who;
    if (header.source !== null && header.destination !== null) {
      this.#proxied = { source: header.source, destination: header.destination };
      this.who = formatHostPort(header.source);
    }
    this.#head = new FirstFlight();
    if (raw.length > header.length) this.#head.append(raw.subarray(header.length));
    const limit = this.#live.config.limits?.per_client;
    if (limit === undefined) return true;
    const key = clientKey(header.source?.host ?? this.client.remoteAddress ?? '::');
    if (!this.#core.clients.enter(key, limit)) {
      this.#refuse('client_limit');
      return false;
    }
    this.#clientKey = key;
    return true;
  }

  #decide(asked: Asked): void {
    const { routes, allowlist, sshByPort, config, destinations, timeouts } = this.#live;
    this.asked = asked;
    this.#core.histograms.helloBytes.observe(this.#head?.bytes.length ?? 0);
    if (asked.protocol === 'ssh') {
      const to = sshByPort.get(this.client.localPort ?? 0);
      this.route = to ? { label: 'ssh_routes', target: { kind: 'backends', backends: [to] } } : null;
    } else if (allowlist.allows(asked.name)) this.route = routes.find(asked.name);
    else {
      this.#refuse('allowlist');
      return;
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
    this.#stage = 'dial';
    this.#dialAt = this.now();
    this.wake(this.#dialAt + timeouts.connect);
    const port = asked.port ?? (asked.protocol === 'tls' ? 443 : 80);
    const found = candidatesFor(this.route.target, { name: asked.name, port }, destinations, config.resolver?.family ?? 'any');
    if ('then' in found) void found.then((later) => this.#dial(later));
    else this.#dial(found);
  }

  // Dial: candidates in turn within timeouts.connect; each gets an equal share of what is left of it.

  #dial(found: Candidates): void {
    if (this.#stage !== 'dial') return;
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
    const now = this.now();
    const left = this.#dialAt + this.#live.timeouts.connect - now;
    this.wake(now + left / (this.#candidates.length - this.#next));
    this.#next += 1;
    this.backend = candidate.backend;
    this.#keepPromise();
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
    if (this.#stage !== 'dial' || upstream === null) return;
    const { histograms, counters, pool, drills } = this.#core;
    const isHttp = this.protocol === 'http1.0' || this.protocol === 'http1.1';
    histograms.dialSeconds.observe((this.now() - this.#dialAt) / 1000);
    if (isHttp) this.#lease = pool.lend(upstream);
    this.#tunnel = new Tunnel(
      this,
      { client: this.client, upstream },
      {
        timeouts: this.#live.timeouts,
        host: counters.hostOf(this.asked?.name ?? null),
        faults: { keepsUpstream: this.#keepsLease, swallowsEof: isHttp && drills.swallowsEof },
      },
    );
    this.#stage = 'tunnel';
    const head = this.#head?.bytes ?? NOTHING;
    this.#head = null;
    // One segment carries the header and what follows it.
    upstream.cork();
    this.#announce(upstream);
    this.#tunnel.start(head, this.#clientFinished);
    upstream.uncork();
  }

  /** A PROXY header goes out before the client's first byte, to backends that are to get one. */
  #announce(upstream: net.Socket): void {
    const version = this.route?.sendProxy ?? this.#live.config.proxy_protocol?.send;
    if (version === undefined) return;
    const { remoteAddress = '::', remotePort = 0, localAddress = '::', localPort = 0 } = this.client;
    const { source, destination } = this.#proxied ?? {
      source: { host: remoteAddress, port: remotePort },
      destination: { host: localAddress, port: localPort },
    };
    upstream.write(formatProxyHeader(version, source, destination));
  }

  // The backend's socket.

  upstreamData(chunk: Buffer): void {
    if (this.#stage === 'tunnel') this.#tunnel?.upstreamData(chunk);
  }

  upstreamEnd(): void {
    if (this.#stage === 'tunnel') this.#tunnel?.upstreamEnd();
  }

  upstreamDrain(): void {
    if (this.#stage === 'tunnel') this.#tunnel?.upstreamDrain();
  }

  upstreamError(error: Error): void {
    const code = codeOf(error);
    if (this.#stage !== 'dial') this.cut('upstream_reset', true);
    else this.#attemptFailed(code === 'ECONNREFUSED' ? 'connect_refused' : code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_failed');
  }

  upstreamClose(socket: net.Socket): void {
    this.#core.budget.upstreams -= 1;
    this.#lease?.release();
    if (socket !== this.#upstream) return;
    this.#upstreamOpen = false;
    this.#settle();
  }

  // Ways out.

  get #keepsLease(): boolean {
    return this.#lease !== null && this.#core.drills.keepsLeases;
  }

  #refuse(reason: Refusal): void {
    const answer = answerTo(this.protocol, reason);
    if (answer === null || this.client.destroyed) {
      this.cut(reason, false);
      return;
    }
    this.#lastPhase = this.#stage === 'dial' ? 'dial' : 'sniff';
    this.#reason = reason;
    this.#stage = 'refused';
    this.#head = null;
    this.client.resume();
    this.client.end(answer);
    this.wake(this.now() + LINGER_MS);
  }

  /** Ends it at once, whatever it is doing. `reset`: the other side must not take the cut for a proper end. */
  cut(reason: Reason, reset: boolean): void {
    if (this.#stage === 'ended') return;
    const kept = this.#keepsLease && this.#upstream?.destroyed === false ? this.#upstream : null;
    this.#reason ??= reason;
    this.#lastPhase = this.phase(this.now());
    this.#stage = 'ended';
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
    this.#stage = 'ended';
    core.wheel.cancel(this);
    this.#keepPromise();
    if (this.#clientKey !== null) core.clients.leave(this.#clientKey);
    if (this.#nameKey !== null) core.names.leave(this.#nameKey);
    const reason = this.#reason ?? 'closed';
    const seconds = (core.wheel.now() - this.startedAt) / 1000;
    core.counters.ended(this.protocol, reason);
    core.histograms.duration.observe({ protocol: this.protocol }, seconds);
    if (this.#live.config.log.access) this.#log(reason, seconds);
    core.drills.connectionEnded();
    core.onSettled();
  }

  #keepPromise(): void {
    if (this.#promised) this.#core.budget.promised -= 1;
    this.#promised = false;
  }

  /** The one line that a connection leaves. */
  #log(reason: Reason, seconds: number): void {
    this.#core.log.info('connection', {
      client: this.who,
      protocol: this.protocol,
      name: this.asked?.name ?? null,
      route: this.route?.label ?? null,
      backend: this.backend,
      bytes_up: this.up,
      bytes_down: this.down,
      seconds: Math.round(seconds * 1000) / 1000,
      reason,
      ...(reason in REFUSALS && { refused: true }),
      ...(this.#peer !== null && { peer: this.#peer }),
      ...(this.asked?.ech && { ech: true }),
      ...(this.asked?.hostMismatch && { host_mismatch: true }),
      ...(this.#helloProgress !== null && { hello_have: this.#helloProgress.have, hello_need: this.#helloProgress.need }),
    });
  }
}

function destroy(socket: net.Socket | null, reset: boolean): void {
  if (socket === null || socket.destroyed) return;
  if (reset && !socket.connecting) socket.resetAndDestroy();
  else socket.destroy();
}
