import { formatHostPort, type HostPort } from '../contract/addresses.ts';
import type { Phase, Protocol, Reason, Refusal } from '../contract/words.ts';
import type { Spoilt } from '../drill/drills.ts';
import { clientKey } from '../guard/concurrency.ts';
import { HttpSession, type SessionOwner } from '../http-pool/session.ts';
import { type Asked, FirstFlight } from '../parse/first-flight.ts';
import { formatProxyHeader, readProxyHeader } from '../parse/proxy-header.ts';
import type { Route } from '../route/table.ts';
import { candidatesFor } from '../upstream/candidates.ts';
import type { Lease } from '../upstream/pool.ts';
import { accessFields } from './access-line.ts';
import type { Core, Live } from './core.ts';
import { Dial, type DialOwner } from './dial.ts';
import { answerTo, redirectToTls } from './refusal.ts';
import { Tunnel, type TunnelOwner } from './tunnel.ts';
import type { Timed } from './wheel.ts';
import { NOBODY, type Wire, type WireOwner } from './wire.ts';

/** Read from a client while its backend is dialled; then it waits. */
const MAX_HEAD_WHILE_DIALLING = 65_536;
/** After an answer to a refused client, its input is thrown away for so long: a close over unread bytes is a reset and loses the answer. */
const LINGER_MS = 1000;
const LINGER_BYTES = 65_536;
/** An HTTP/2 client that has not asked after so long may be waiting for SETTINGS. */
const GREETING_MS = 50;
const NOTHING = Buffer.alloc(0);

/**
 * sniff → dial → tunnel → ended, or → refused (answer, linger) → ended. The client's wire belongs to the connection until there is a tunnel, the
 * backend's to the dial; then both belong to the tunnel. Every way out sets `reason` once and closes both wires, which frees their descriptors.
 */
type Stage = 'sniff' | 'dial' | 'tunnel' | 'refused' | 'ended';

/** One client, from accept to the close of its last descriptor. */
export class Connection implements WireOwner, DialOwner, TunnelOwner, SessionOwner, Timed, Spoilt {
  timedNext: Timed | null = null;
  timedPrevious: Timed | null = null;
  timedSlot = -1;
  timedDue = 0;

  place = -1;
  readonly startedAt: number;
  readonly client: Wire;
  protocol: Protocol = 'unknown';
  asked: Asked | null = null;
  route: Route | null = null;
  backend: string | null = null;
  /** the client and where it connected to, when a PROXY header says so */
  proxied: { source: HostPort; destination: HostPort } | null = null;
  /** the peer speaks for a client */
  behindProxy = false;
  /** of a hello that did not become whole in time */
  helloProgress: { have: number; need: number } | null = null;

  readonly #core: Core;
  readonly #live: Live;
  #stage: Stage = 'sniff';
  #reason: Reason | null = null;
  /** under what it counts in limits.per_client and limits.per_name, when there are such limits */
  #clientKey: string | null;
  #nameKey: string | null = null;
  /** a PROXY header is to come first */
  #awaitsProxy: boolean;
  #head: FirstFlight | null = new FirstFlight();
  #dial: Dial | null = null;
  #upstream: Wire | null = null;
  #lease: Lease | null = null;
  #tunnel: Tunnel | null = null;
  /** instead of a tunnel, when HTTP/1.1 is pooled */
  #session: HttpSession | null = null;
  #clientFinished = false;
  /** counted in the fd budget for a backend socket that is not open yet */
  #promised = true;
  #lingered = 0;
  /** the phase that a refused or ended connection was in */
  #lastPhase: Phase = 'sniff';

  constructor(core: Core, client: Wire, from: { clientKey: string | null; behindProxy: boolean }) {
    this.#core = core;
    this.#live = core.live;
    this.#clientKey = from.clientKey;
    this.#awaitsProxy = from.behindProxy;
    this.client = client;
    // A client that is gone cannot be asked any more.
    if (this.#live.config.log.access) client.remote();
    this.startedAt = core.wheel.now();
    core.budget.clients += 1;
    core.budget.promised += 1;
    core.connections.add(this);
    client.owner = this;
    client.read();
    this.wake(this.startedAt + this.#live.timeouts.clientHello);
  }

  get generation(): number {
    return this.#live.generation;
  }
  /** "address:port" of the client */
  get who(): string {
    return this.proxied ? formatHostPort(this.proxied.source) : this.peer;
  }
  get peer(): string {
    const at = this.client.remote();
    return at === null ? 'gone:0' : `${at.host}:${at.port}`;
  }
  /** bytes relayed from the client, and to it */
  get up(): number {
    return (this.#tunnel ?? this.#session)?.up ?? 0;
  }
  get down(): number {
    return (this.#tunnel ?? this.#session)?.down ?? 0;
  }

  phase(now: number): Phase {
    if (this.#stage === 'sniff' || this.#stage === 'dial') return this.#stage;
    const bytes = this.#tunnel ?? this.#session;
    return this.#stage === 'tunnel' && bytes ? bytes.phase(now) : this.#lastPhase;
  }

  get isAlone(): boolean {
    return this.#stage === 'refused' || (this.#session?.isAlone ?? this.#promised);
  }

  get requests(): number {
    return this.#session?.requests ?? 0;
  }
  get resting(): boolean {
    return this.#stage === 'tunnel' && (this.#session?.resting ?? false);
  }

  now(): number {
    return this.#core.wheel.now();
  }
  wake(at: number): void {
    this.#core.wheel.schedule(this, at);
  }

  onDeadline(now: number): number {
    if (this.#stage === 'tunnel') return (this.#tunnel ?? this.#session)?.onDeadline(now) ?? 0;
    if (this.#stage === 'dial') this.#dial?.onDeadline();
    else if (this.#stage === 'refused') this.#end(false);
    else if (this.#stage === 'sniff') {
      const until = this.startedAt + this.#live.timeouts.clientHello;
      if (now < until) {
        if (this.#head?.awaitsSettings) this.client.write(this.#head.greet());
        return until;
      }
      this.helloProgress = this.#head?.helloProgress ?? null;
      this.refuse('hello_timeout');
    }
    return 0;
  }

  // The client's wire, until there is a tunnel.

  wireData(_client: Wire, bytes: Buffer): void {
    if (this.#stage === 'refused') {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.#end(false);
      return;
    }
    this.#head?.append(bytes);
    if (this.#stage === 'sniff') this.#sniff();
    else if ((this.#head?.bytes.length ?? 0) > MAX_HEAD_WHILE_DIALLING) this.client.pause();
  }

  wireEnded(): void {
    this.#clientFinished = true;
    if (this.#stage === 'sniff') this.cut('client_gone', false);
    else if (this.#stage === 'refused' && this.client.waiting === 0) this.#end(false);
  }

  wireFailed(): void {
    this.cut('client_gone', true);
  }

  /** The answer to a refused client is out. */
  wireDrained(): void {
    if (this.#stage === 'refused' && this.#clientFinished) this.#end(false);
  }

  wireConnected(): void {}

  // First flight and decision.

  #sniff(): void {
    if (this.#awaitsProxy && !this.#readProxyHeader()) return;
    const verdict = this.#head?.read();
    if (!verdict) return;
    if (verdict.kind === 'more') {
      if (this.#head?.awaitsSettings) this.wake(Math.min(this.now() + GREETING_MS, this.startedAt + this.#live.timeouts.clientHello));
      return;
    }
    this.protocol = verdict.kind === 'asked' ? verdict.asked.protocol : verdict.protocol;
    this.#core.counters.sniffed(this.protocol);
    if (
      this.#live.tlsOnly !== null &&
      this.protocol.startsWith('http') &&
      this.#refusePlain(verdict.kind === 'asked' ? verdict.asked : null)
    )
      return;
    if (verdict.kind === 'refused') this.refuse(verdict.reason);
    else this.#decide(verdict.asked);
  }

  /** HTTP without TLS on a port that is for TLS: told so, or where to come instead. */
  #refusePlain(asked: Asked | null): boolean {
    const { tlsOnly } = this.#live;
    const port = this.client.local()?.port ?? 0;
    if (tlsOnly === null || !tlsOnly.ports.has(port)) return false;
    this.asked = asked;
    const redirects = tlsOnly.redirects && asked !== null && asked.protocol !== 'http2';
    this.refuse('plain_http_on_tls', redirects ? redirectToTls(asked.name, this.#head?.bytes ?? NOTHING, port) : null);
    return true;
  }

  /** True once it is read: what follows it is the client's own. Whom it names counts in the limits. */
  #readProxyHeader(): boolean {
    const raw = this.#head?.bytes ?? NOTHING;
    const header = readProxyHeader(raw);
    if (header === 'more') return false;
    if (header === 'no-match' || header === 'malformed') {
      this.refuse(header === 'malformed' ? 'proxy_malformed' : 'proxy_missing');
      return false;
    }
    this.#awaitsProxy = false;
    this.behindProxy = true;
    if (header.source !== null && header.destination !== null) this.proxied = { source: header.source, destination: header.destination };
    this.#head = new FirstFlight();
    if (raw.length > header.length) this.#head.append(raw.subarray(header.length));
    const limit = this.#live.config.limits?.per_client;
    if (limit === undefined) return true;
    const key = clientKey(header.source?.host ?? this.client.remote()?.host ?? '::');
    if (!this.#core.clients.enter(key, limit)) {
      this.refuse('client_limit');
      return false;
    }
    this.#clientKey = key;
    return true;
  }

  /** Judges what is asked for, and counts it under its name: where it goes, or why it does not. */
  admit(asked: Asked): Route | Refusal {
    const { routes, allowlist, sshByPort, config } = this.#live;
    this.asked = asked;
    this.route = null;
    if (asked.protocol === 'ssh') {
      const to = sshByPort.get(this.client.local()?.port ?? 0);
      this.route = to ? { label: 'ssh_routes', target: { kind: 'backends', backends: [to] } } : null;
    } else if (allowlist.allows(asked.name)) this.route = routes.find(asked.name, asked.alpn);
    else return 'allowlist';
    if (this.route === null)
      return asked.name !== null || asked.protocol === 'ssh' ? 'no_route' : asked.protocol === 'tls' ? 'no_sni' : 'no_host';
    const perName = config.limits?.per_name;
    if (perName === undefined || asked.name === this.#nameKey) return this.route;
    if (this.#nameKey !== null) this.#core.names.leave(this.#nameKey);
    this.#nameKey = null;
    if (asked.name === null) return this.route;
    if (!this.#core.names.enter(asked.name, perName)) return 'name_limit';
    this.#nameKey = asked.name;
    return this.route;
  }

  #decide(asked: Asked): void {
    const { destinations, resolver, timeouts } = this.#live;
    this.#core.histograms.helloBytes.observe(this.#head?.bytes.length ?? 0);
    const route = this.admit(asked);
    if (typeof route === 'string') {
      this.refuse(route);
      return;
    }
    if (this.#poolsHttp()) {
      this.#stage = 'tunnel';
      this.#session = new HttpSession(this, this.#core, this.#live, this.client);
      const head = this.#head?.bytes ?? NOTHING;
      this.#head = null;
      this.#session.start(head, this.#clientFinished);
      return;
    }
    this.#stage = 'dial';
    const dial = new Dial(this, this.#core, { connectMs: timeouts.connect, happyEyeballs: resolver.happyEyeballs });
    this.#dial = dial;
    const port = asked.port ?? (asked.protocol === 'tls' ? 443 : 80);
    const found = candidatesFor(route.target, { name: asked.name, port }, destinations, resolver);
    if ('then' in found) void found.then((later) => dial.start(later));
    else dial.start(found);
  }

  /** Pooled are requests that are understood, to backends that are not told whose they are. A drill is about tunnels. */
  #poolsHttp(): boolean {
    const { pool, drills } = this.#core;
    return pool.enabled && this.protocol === 'http1.1' && !drills.keepsLeases && !drills.swallowsEof && this.announcement() === null;
  }

  // The dial.

  dialling(backend: string): void {
    this.backend = backend;
    // What a session borrows keeps and renews the promise by itself.
    if (this.#session === null) this.#keepPromise();
  }

  dialFailed(reason: Refusal): void {
    this.refuse(reason);
  }

  dialled(upstream: Wire): void {
    const { histograms, counters, pool, drills } = this.#core;
    const isHttp = this.protocol === 'http1.0' || this.protocol === 'http1.1';
    this.#upstream = upstream;
    histograms.dialSeconds.observe((this.now() - (this.#dial?.startedAt ?? 0)) / 1000);
    this.#dial = null;
    if (isHttp) this.#lease = pool.lend({ destroy: () => this.#closeUpstream(false) });
    const faults = { keepsUpstream: this.#keepsLease, swallowsEof: isHttp && drills.swallowsEof };
    if (faults.keepsUpstream || faults.swallowsEof) drills.spoils(this);
    this.#tunnel = new Tunnel(
      this,
      { client: this.client, upstream },
      {
        timeouts: this.#live.timeouts,
        host: counters.hostOf(this.asked?.name ?? null),
        faults,
      },
    );
    this.#stage = 'tunnel';
    const head = this.#head?.forBackend ?? NOTHING;
    this.#head = null;
    this.#tunnel.start(this.announcement(), head, this.#clientFinished);
  }

  /** The PROXY header that goes out before the client's first byte, to backends that are to get one. */
  announcement(): Buffer | null {
    const version = this.route?.sendProxy ?? this.#live.config.proxy_protocol?.send;
    if (version === undefined) return null;
    const nobody = { host: '::', port: 0 };
    const { source, destination } = this.proxied ?? {
      source: this.client.remote() ?? nobody,
      destination: this.client.local() ?? nobody,
    };
    return formatProxyHeader(version, source, destination);
  }

  // Ways out.

  get #keepsLease(): boolean {
    return this.#lease !== null && this.#core.drills.keepsLeases;
  }

  drillEnded(): void {
    if (this.#stage === 'tunnel') this.#tunnel?.forgive();
  }

  /** Tells the client why, in words of its `own` reason if there are any, and ends. */
  refuse(reason: Refusal, own: Buffer | null = null): void {
    const answer = own ?? answerTo(this.protocol, reason);
    this.#reason = reason;
    if (answer === null) {
      this.#end(false);
      return;
    }
    this.#lastPhase = this.#stage === 'dial' ? 'dial' : 'sniff';
    this.#stage = 'refused';
    this.#head = null;
    this.#session?.stop();
    this.client.owner = this;
    const taken = this.client.write(answer);
    if (taken && this.#clientFinished) {
      this.#end(false);
      return;
    }
    this.client.finish();
    this.client.read();
    this.wake(this.now() + LINGER_MS);
  }

  /** Ends it at once, whatever it is doing. `reset`: the other side must not take the cut for a proper end. */
  cut(reason: Reason, reset: boolean): void {
    this.#reason ??= reason;
    this.#end(reset);
  }

  /** Closes both wires, leaves the books, is counted once, writes its line. */
  #end(reset: boolean): void {
    const core = this.#core;
    if (!core.connections.delete(this)) return;
    this.#lastPhase = this.phase(this.now());
    this.#stage = 'ended';
    this.#head = null;
    core.wheel.cancel(this);
    this.#dial?.abort();
    this.#session?.stop();
    if (this.#keepsLease && this.#tunnel?.upstreamWaits === false) this.#giveAway();
    else this.#closeUpstream(reset);
    this.client.close(reset);
    core.budget.clients -= 1;
    this.#keepPromise();
    if (this.#clientKey !== null) core.clients.leave(this.#clientKey);
    if (this.#nameKey !== null) core.names.leave(this.#nameKey);
    const reason = this.#reason ?? 'closed';
    const seconds = (core.wheel.now() - this.startedAt) / 1000;
    core.counters.ended(this.protocol, reason);
    core.histograms.duration.observe({ protocol: this.protocol }, seconds);
    if (this.#live.config.log.access) core.log.info('connection', accessFields(this, reason, seconds));
    core.drills.isOver(this);
    core.drills.connectionEnded();
    core.onSettled();
  }

  #closeUpstream(reset: boolean): void {
    const upstream = this.#upstream;
    if (upstream === null || upstream.closed) return;
    upstream.close(reset);
    this.#core.budget.upstreams -= 1;
    this.#lease?.release();
  }

  /** By a drill: nobody closes it but its own failure and the pool's end. */
  #giveAway(): void {
    if (this.#upstream) this.#upstream.owner = { ...NOBODY, wireFailed: () => this.#closeUpstream(false) };
    this.#core.drills.takes(() => this.#closeUpstream(false));
  }

  #keepPromise(): void {
    if (this.#promised) this.#core.budget.promised -= 1;
    this.#promised = false;
  }
}
