import type { Ending, Phase, Refusal } from '../contract/words.ts';
import type { Asked } from '../parse/first-flight.ts';
import { HttpBody, type HttpRequest, HttpRequestReader } from '../parse/http-message.ts';
import type { Core, Live } from '../relay/core.ts';
import { Tunnel } from '../relay/tunnel.ts';
import type { Wire, WireOwner } from '../relay/wire.ts';
import type { Route } from '../route/table.ts';
import { candidatesFor } from '../upstream/candidates.ts';
import { Borrower } from './borrower.ts';
import { authenticatesConnection, BAD_GATEWAY, BAD_REQUEST, type Exchange, hasBody, isRepeatable } from './exchange.ts';
import { ResponseRelay } from './response.ts';
import { requestHead } from './rewrite.ts';

/** Read ahead of the request that is being answered; then the client waits. */
const MAX_PENDING = 65_536;
/**
 * A client that has been told that nothing follows gets so long, and so many bytes, to leave: a close over unread bytes would be a reset.
 */
const LINGER_MS = 1000;
const LINGER_BYTES = 65_536;
/** What is silent for longer than its deadline and this is stale: deadlines are acted on a little late. */
const STALE_GRACE_MS = 1000;
const NOTHING = Buffer.alloc(0);
const NO_ALPN: readonly string[] = [];
/** The connection that a session is part of. */
export type SessionOwner = {
  now(): number;
  /** to be asked for `onDeadline` at this time at the latest */
  wake(at: number): void;
  /** Judges what a request asks for, and counts it under its name: where it goes, or why it does not. */
  admit(asked: Asked): Route | Refusal;
  dialling(backend: string): void;
  /** the PROXY header that backends of the route are to get first */
  announcement(): Buffer | null;
  /** tells the client why, and ends */
  refuse(reason: Refusal): void;
  cut(reason: Ending, reset: boolean): void;
};

/**
 * A client connection of plaintext HTTP/1.1 that is taken apart into its messages: each request is routed by itself and sent over a socket
 * that is borrowed from the pool for that one exchange. Bodies pass unchanged. Requests are answered in their order, one at a time.
 *
 * A socket goes back to be used again only when both messages are whole, the request had no body and both sides keep alive; everything else
 * destroys it. A request that must not be sent twice never gets a used socket, since that may turn out to be dead. Clients that authenticate their connection keep
 * theirs.
 */
export class HttpSession implements WireOwner {
  #up = 0;
  #down = 0;
  requests = 0;
  readonly #owner: SessionOwner;
  readonly #core: Core;
  readonly #live: Live;
  readonly #client: Wire;
  readonly #borrower: Borrower;
  #reader = new HttpRequestReader();
  /** what came from the client and belongs to no request yet, or to the body of the current one */
  #pending: Buffer = NOTHING;
  #exchange: Exchange | null = null;
  #tunnel: Tunnel | null = null;
  /** nothing but the client's end is waited for */
  #leaving: { until: number; reason: Ending } | null = null;
  #lingered = 0;
  #stopped = false;
  #clientFinished = false;
  /** times in ms of the owner's clock; 0 = not so */
  #movedAt: number;
  #headSince = 0;
  #clientBlockedAt = 0;
  #upstreamBlockedAt = 0;

  constructor(owner: SessionOwner, core: Core, live: Live, client: Wire) {
    this.#owner = owner;
    this.#core = core;
    this.#live = live;
    this.#client = client;
    this.#movedAt = owner.now();
    core.pool.join();
    this.#borrower = new Borrower(core, live, {
      now: () => owner.now(),
      wake: (at) => owner.wake(at),
      dialling: (backend) => owner.dialling(backend),
      borrowed: (wire, header) => this.#send(wire, header),
      failed: (reason) => owner.refuse(reason),
    });
  }

  /** Goes on with what was read before there was a session. */
  start(head: Buffer, clientFinished: boolean): void {
    this.#client.owner = this;
    this.#clientFinished = clientFinished;
    this.#pending = head;
    this.#headSince = this.#movedAt;
    this.#client.read();
    this.#next();
  }

  /** no backend socket is this client's now */
  get isAlone(): boolean {
    return this.#borrower.isAlone;
  }

  /** bytes from the client, and to it; those of the tunnel that it may have become, too */
  get up(): number {
    return this.#up + (this.#tunnel?.up ?? 0);
  }
  get down(): number {
    return this.#down + (this.#tunnel?.down ?? 0);
  }

  /** The connection is over: what is borrowed is destroyed. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#borrower.stop();
    this.#core.pool.leave();
    this.#exchange = null;
  }

  /** between two requests */
  get resting(): boolean {
    const isIdle = this.#exchange === null && this.#leaving === null && this.#tunnel === null && this.#clientBlockedAt === 0;
    return isIdle && this.#pending.length === 0 && this.requests > 0;
  }

  phase(now: number): Phase {
    if (this.#tunnel) return this.#tunnel.phase(now);
    if (this.#borrower.dials) return 'dial';
    if (now - this.#movedAt > this.#quietLimit + STALE_GRACE_MS) return 'stale';
    return this.#clientFinished ? 'half_closed' : 'tunnel';
  }

  onDeadline(now: number): number {
    if (this.#tunnel) return this.#tunnel.onDeadline(now);
    if (this.#leaving) {
      if (now < this.#leaving.until) return this.#leaving.until;
      this.#owner.cut(this.#leaving.reason, false);
      return 0;
    }
    if (this.#borrower.dials) {
      this.#borrower.onDeadline();
      return 0;
    }
    const at = this.#dueAt();
    if (now < at) return at;
    if (this.#headSince > 0 && this.#exchange === null) this.#owner.refuse('hello_timeout');
    else if (now >= this.#stalledAt) this.#owner.cut('write_stalled', true);
    else this.#owner.cut(this.#clientFinished ? 'half_close_timeout' : 'idle_timeout', false);
    return 0;
  }

  get #stalledAt(): number {
    const since = Math.min(this.#clientBlockedAt || Number.POSITIVE_INFINITY, this.#upstreamBlockedAt || Number.POSITIVE_INFINITY);
    return since + this.#live.timeouts.stalledWrite;
  }

  get #quietLimit(): number {
    return this.#clientFinished ? this.#live.timeouts.halfClose : this.#live.timeouts.idle;
  }

  /** A head has one deadline from its first byte on, everything else is judged by when something moved. */
  #dueAt(): number {
    if (this.#headSince > 0 && this.#exchange === null) return this.#headSince + this.#live.timeouts.clientHello;
    return Math.min(this.#movedAt + this.#quietLimit, this.#stalledAt);
  }

  // The client's requests.

  /** Begins with the next request when it is there, and when the client has taken the answers before: one that waits is one in memory. */
  #next(): void {
    while (this.#exchange === null && this.#leaving === null && !this.#stopped) {
      if (this.#clientBlockedAt > 0) {
        this.#headSince = 0;
        this.#holdBack();
        this.#owner.wake(this.#dueAt());
        return;
      }
      if (this.#pending.length === 0) {
        this.#headSince = 0;
        if (this.#clientFinished) this.#owner.cut('closed', false);
        else this.#owner.wake(this.#dueAt());
        return;
      }
      if (this.#headSince === 0) this.#headSince = this.#owner.now();
      const request = this.#reader.read(this.#pending);
      if (request === 'more') {
        if (this.#clientFinished) this.#owner.cut(this.requests > 0 ? 'closed' : 'client_gone', false);
        else this.#owner.wake(this.#dueAt());
        return;
      }
      if (typeof request === 'string') {
        this.#owner.refuse(request === 'connect' ? 'http_connect' : request === 'too-large' ? 'http_too_large' : 'http_malformed');
        return;
      }
      this.#pending = this.#pending.subarray(request.length);
      this.#reader = new HttpRequestReader();
      this.#headSince = 0;
      this.#movedAt = this.#owner.now();
      this.#begin(request);
    }
  }

  #begin(request: HttpRequest): void {
    const { name, version } = request;
    const protocol = version === '1.0' ? 'http1.0' : 'http1.1';
    const asked: Asked = { protocol, name, port: request.port, alpn: NO_ALPN, ech: false, ...(request.mismatch && { hostMismatch: true }) };
    const route = this.#owner.admit(asked);
    if (typeof route === 'string') {
      this.#owner.refuse(route);
      return;
    }
    this.requests += 1;
    const port = request.port ?? 80;
    // A reload may lead the same name elsewhere.
    const key = `${this.#live.generation} ${name ?? ''}:${port} ${route.label}`;
    const body = new HttpBody(request.body);
    const response = new ResponseRelay(request.method);
    this.#exchange = { request, host: null, head: requestHead(request), body, whole: body.done, early: false, finished: false, response };
    const { destinations, resolver } = this.#live;
    this.#borrower.borrow({
      key,
      repeatable: isRepeatable(request),
      isPrivate: authenticatesConnection(request),
      announcement: this.#owner.announcement(),
      candidates: () => candidatesFor(route.target, { name, port }, destinations, resolver),
    });
  }

  /** A socket is there: the head goes out, and what there is of the body. */
  #send(wire: Wire, header: Buffer | null): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    exchange.finished = false;
    exchange.host = this.#core.counters.hostOf(exchange.request.name);
    this.#upstreamBlockedAt = 0;
    wire.owner = this;
    wire.read();
    this.#movedAt = this.#owner.now();
    this.#write(wire, header === null ? exchange.head : Buffer.concat([header, exchange.head]));
    this.#sendBody();
    this.#owner.wake(this.#dueAt());
  }

  #sendBody(): void {
    const exchange = this.#exchange;
    const wire = this.#borrower.wire;
    if (exchange === null || wire === null) return;
    if (!exchange.whole && this.#pending.length > 0) {
      const taken = exchange.body.take(this.#pending);
      if (taken === null) {
        this.#fail('client_gone', BAD_REQUEST);
        return;
      }
      exchange.whole = exchange.body.done;
      const part = this.#pending.subarray(0, taken);
      this.#pending = this.#pending.subarray(taken);
      if (part.length > 0) this.#write(wire, part);
    }
    if (exchange.whole && exchange.response.done) {
      this.#finish();
      return;
    }
    if (!this.#clientFinished) this.#holdBack();
    else if (!exchange.whole) this.#owner.cut('client_gone', true);
    else if (this.#pending.length > 0 || exchange.finished) return;
    else if (this.#borrower.mayRetry && !exchange.response.began) {
      // A used socket may turn out to be dead, and a tunnel could not ask again.
      exchange.finished = true;
      wire.finish();
    } else {
      // It has asked for the last time, and there are backends that answer when they have seen the end: what is left is a tunnel.
      this.#switch(exchange.response.rest);
    }
  }

  #write(wire: Wire, bytes: Buffer): void {
    this.#up += bytes.length;
    if (this.#exchange?.host) this.#exchange.host.tx += bytes.length;
    if (!wire.write(bytes)) this.#upstreamBlockedAt = this.#owner.now();
  }

  /** The client is read from only as long as what it sends can go on, or is not too much to keep. */
  #holdBack(): void {
    if (this.#upstreamBlockedAt > 0 || this.#pending.length > MAX_PENDING) this.#client.pause();
    else if (!this.#clientFinished) this.#client.read();
  }

  // The wires.

  wireConnected(): void {}

  wireData(from: Wire, bytes: Buffer): void {
    this.#movedAt = this.#owner.now();
    if (from !== this.#client) this.#answered(bytes);
    else if (this.#leaving) {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.#owner.cut(this.#leaving.reason, false);
    } else {
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
      if (this.#exchange === null) this.#next();
      else if (this.#borrower.wire === null) this.#holdBack();
      else this.#sendBody();
    }
  }

  wireEnded(from: Wire): void {
    this.#movedAt = this.#owner.now();
    if (from !== this.#client) {
      this.#upstreamGone(false);
      return;
    }
    this.#clientFinished = true;
    if (this.#leaving) this.#leave(this.#leaving.reason);
    else if (this.#exchange === null) this.#next();
    else {
      this.#sendBody();
      if (!this.#borrower.dials && this.#tunnel === null && !this.#stopped) this.#owner.wake(this.#dueAt());
    }
  }

  wireDrained(to: Wire): void {
    this.#movedAt = this.#owner.now();
    if (to === this.#client) {
      this.#clientBlockedAt = 0;
      if (this.#leaving) this.#leave(this.#leaving.reason);
      else if (this.#exchange === null) {
        this.#holdBack();
        this.#next();
      } else this.#borrower.wire?.read();
    } else {
      this.#upstreamBlockedAt = 0;
      this.#sendBody();
    }
  }

  wireFailed(wire: Wire): void {
    if (wire === this.#client) this.#owner.cut(this.requests === 1 && this.#borrower.dials ? 'client_gone' : 'client_reset', true);
    else this.#upstreamGone(true);
  }

  // The backend's answers.

  #answered(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { response, request } = exchange;
    const closes = !request.keepsAlive;
    const out = response.take(bytes, closes);
    exchange.early ||= !exchange.whole && response.hasHead;
    if (response.isPrivate) this.#borrower.keepToOneself();
    this.#toClient(out);
    if (response.switched || response.broken) this.#switch(response.rest);
    // An answer may come before the whole request has; a backend that goes on gets the rest of it.
    else if (response.done && (exchange.whole || !response.mayReuse)) this.#finish();
  }

  #toClient(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#down += bytes.length;
    if (this.#exchange?.host) this.#exchange.host.rx += bytes.length;
    if (this.#client.write(bytes)) return;
    this.#clientBlockedAt = this.#owner.now();
    this.#borrower.wire?.pause();
  }

  /** The exchange is over: the socket goes back, and the next request begins, unless the client was told that none does. */
  #finish(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { request, response, whole, early, finished } = exchange;
    const turn = this.requests;
    this.#exchange = null;
    // A backend that answers early may take the rest of the request for the next one: its answer to that must not be somebody else's.
    // So may one that takes no body where it should: it answers, and reads the body as a request of whoever comes next ("CL.0" smuggling).
    const isClean = ((!early && !hasBody(request)) || this.#borrower.isPrivate) && !finished;
    const reuse = response.mayReuse && whole && isClean && this.#upstreamBlockedAt === 0 && !request.upgrades;
    this.#borrower.giveBack(reuse, () => this.#backendLeft(turn));
    this.#upstreamBlockedAt = 0;
    if (!request.keepsAlive || response.endsClient || !whole) this.#leave('closed');
    else {
      this.#holdBack();
      this.#next();
    }
  }

  /** Nothing more is said: the client hears the end, and its own is waited for a little. */
  #leave(reason: Ending): void {
    if (this.#clientFinished && this.#clientBlockedAt === 0) {
      this.#owner.cut(reason, false);
      return;
    }
    this.#pending = NOTHING;
    if (this.#leaving === null) this.#client.finish();
    this.#client.read();
    const now = this.#owner.now();
    this.#leaving = { until: now + (this.#clientBlockedAt > 0 ? this.#live.timeouts.stalledWrite : LINGER_MS), reason };
    this.#owner.wake(this.#leaving.until);
  }

  /** After its answer the backend has ended the connection: so it ends for the client, too, who would have seen that without a pool. */
  #backendLeft(turn: number): void {
    if (this.requests === turn && this.#exchange === null && this.#pending.length === 0 && this.#leaving === null && !this.#stopped)
      this.#leave('closed');
  }

  /** The backend has left in the middle of something, or before it began. */
  #upstreamGone(reset: boolean): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { response } = exchange;
    if (response.done || (response.endsWithConnection && !reset)) this.#finish();
    else if (!response.began && this.#borrower.retry()) return;
    else if (reset) this.#owner.cut('upstream_reset', true);
    else this.#fail('upstream_reset', BAD_GATEWAY);
  }

  /** `told` is what the client gets when it has heard nothing of an answer yet; else it sees a reset, and knows that it has only a part. */
  #fail(reason: Ending, told: Buffer): void {
    const began = this.#exchange?.response.toldClient ?? false;
    this.#borrower.giveBack(false);
    this.#exchange = null;
    if (began) {
      this.#owner.cut(reason, true);
      return;
    }
    this.#toClient(told);
    this.#leave(reason);
  }

  /**
   * The two speak something from here on that nobody takes apart: another protocol after a 101, no proper HTTP, or an end. The socket is
   * this client's until the end, so nobody else is told what it says.
   */
  #switch(rest: Buffer): void {
    const exchange = this.#exchange;
    const wire = this.#borrower.wire;
    if (exchange === null || wire === null) return;
    const pending = this.#pending;
    this.#pending = NOTHING;
    this.#toClient(rest);
    this.#tunnel = new Tunnel(
      this.#owner,
      { client: this.#client, upstream: wire },
      {
        timeouts: this.#live.timeouts,
        host: exchange.host ?? this.#core.counters.hostOf(exchange.request.name),
        faults: { keepsUpstream: false, swallowsEof: false },
      },
    );
    this.#tunnel.start(null, pending, this.#clientFinished);
  }
}
