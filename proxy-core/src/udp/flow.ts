import { formatHostPort } from '../contract/addresses.ts';
import { type QuicDrop, type QuicPhase, REFUSALS, type Reason, type Refusal } from '../contract/words.ts';
import { codeOf } from '../errors.ts';
import type { HostBytes } from '../observe/counters.ts';
import type { Asked } from '../parse/first-flight.ts';
import { LONG_FORM } from '../quic/invariants.ts';
import type { Core, Live } from '../relay/core.ts';
import type { Timed } from '../relay/wheel.ts';
import type { Route } from '../route/table.ts';
import type { Candidate } from '../upstream/candidates.ts';
import type { Backends } from './backends.ts';
import type { FlowTable } from './flow-table.ts';
import { FlowIds } from './ids.ts';
import { type ClientAddress, Path } from './path.ts';

/** What all flows of a process share. */
export type FlowHost = {
  readonly core: Core;
  readonly table: FlowTable<Flow, Path<Flow>>;
  readonly flows: Set<Flow>;
  /** those whose client has not shown yet that it receives at its address, the oldest first */
  readonly unproven: Set<Flow>;
  /** flows of a backend that has not shown that it knows them */
  readonly guesses: Set<Flow>;
  readonly backends: Backends;
  /** datagrams relayed: from clients, and to them */
  readonly datagrams: { tx: number; rx: number };
  dropped(reason: QuicDrop): void;
  settled(): void;
};

export type FlowStart = {
  client: ClientAddress;
  live: Live;
  asked: Asked;
  route: Route | null;
  /** the id that the client made up for its first packets, null for a flow that is not known from its beginning */
  firstId: string | null;
  /** of the client's first packet; 0 = not known */
  version: number;
  /** the client's own max_idle_timeout in ms, null = none or not known */
  idleTimeout: number | null;
  clientKey: string | null;
  nameKey: string | null;
  startedAt: number;
  /** another flow has shown that the client receives at its address */
  proven: boolean;
  /** what the client has sent so far, which its backend is to get first */
  held: Buffer[];
};

/** A backend that has not answered for so long is left for the next one, if there is one. A QUIC client sends again after about a second. */
const NO_ANSWER_MS = 3000;
/** What is kept of a client's datagrams for another backend, until one answers. */
export const MAX_HELD_BYTES = 98_304;
export const MAX_HELD = 64;
const MAX_PATHS = 4;
/** An address that nothing came from or went to for so long, while the client speaks from another one, is given up. */
const PATH_IDLE_MS = 30_000;
/** A client that has spoken from a new address alone for so long has moved there. */
const MOVED_MS = 300;
/** A client's idle timeout is three times its probe timeout if that is more (RFC 9000 10.1), and its last packet may still be under way. */
const IDLE_SLACK_MS = 10_000;
/** A datagram that checks an address (RFC 9000 8.2.1) or begins a connection has 1,200 bytes, a stateless reset hardly 50. */
const MIN_KNOWING_ANSWER = 1000;

/** resolve → dial → tunnel → ended. Until a backend answers what the client sends is kept for the next one. */
type Stage = 'resolve' | 'dial' | 'tunnel' | 'ended';

/** One QUIC connection, from its hello until both sides are silent. Its end is encrypted, so silence is all that tells of it. */
export class Flow implements Timed {
  timedNext: Timed | null = null;
  timedPrevious: Timed | null = null;
  timedSlot = -1;
  timedDue = 0;

  readonly protocol = 'quic';
  readonly who: string;
  readonly asked: Asked;
  readonly startedAt: number;
  readonly version: number;
  backend: string | null = null;
  up = 0;
  down = 0;

  readonly #host: FlowHost;
  readonly #start: FlowStart;
  readonly #paths: Path<Flow>[] = [];
  readonly #ids: FlowIds<Flow>;
  #stage: Stage = 'resolve';
  #candidates: readonly Candidate[] = [];
  #next = 0;
  #candidate: Candidate | null = null;
  #dialAt: number;
  #heldBytes = 0;
  #lastAt: number;
  /** since when the backend refuses datagrams, 0 = it does not */
  #refusedAt = 0;
  #bytes: HostBytes | null = null;
  /** counted in the fd budget for a socket that is not open yet */
  #promised = true;
  #moves = 0;

  constructor(host: FlowHost, start: FlowStart) {
    this.#host = host;
    this.#start = start;
    this.asked = start.asked;
    this.version = start.version;
    this.startedAt = start.startedAt;
    this.who = formatHostPort(start.client);
    this.#ids = new FlowIds(host.table, this);
    const now = host.core.wheel.now();
    this.#dialAt = now;
    this.#lastAt = now;
    host.core.budget.promised += 1;
    host.flows.add(this);
    if (!start.proven) host.unproven.add(this);
    if (this.#isAdopted) host.guesses.add(this);
    if (start.firstId !== null) host.table.addFirst(start.client.tuple, start.firstId, this);
    const path = new Path(this, start.client, now, this.#isAdopted);
    path.proven = start.proven;
    for (const datagram of start.held) {
      path.fromClient += datagram.length;
      this.#heldBytes += datagram.length;
    }
    this.#addPath(path);
    host.core.wheel.schedule(this, now + start.live.timeouts.connect);
  }

  get generation(): number {
    return this.#start.live.generation;
  }
  get live(): Live {
    return this.#start.live;
  }
  get route(): Route | null {
    return this.#start.route;
  }
  /** where its datagrams go, once a backend has answered */
  get upstream(): Candidate | null {
    return this.#stage === 'tunnel' ? this.#candidate : null;
  }
  get isOver(): boolean {
    return this.#stage === 'ended';
  }

  /** one socket to the backend for each address of the client */
  get descriptors(): number {
    return this.#paths.length;
  }

  phase(now: number): QuicPhase {
    if (this.#stage !== 'tunnel') return 'dial';
    return now - this.#lastAt > this.#idle.ms ? 'stale' : 'tunnel';
  }

  // Dial: candidates in turn within timeouts.connect.

  dial(candidates: readonly Candidate[]): void {
    if (this.#stage !== 'resolve') return;
    this.#candidates = this.#host.backends.ordered(candidates, this.#host.core.wheel.now());
    this.#stage = 'dial';
    this.#attempt();
  }

  #attempt(): void {
    const candidate = this.#candidates[this.#next];
    if (candidate === undefined) return;
    const { wheel } = this.#host.core;
    const now = wheel.now();
    const others = this.#candidates.length - this.#next - 1;
    const share = (this.#dialAt + this.#start.live.timeouts.connect - now) / (others + 1);
    wheel.schedule(this, now + (others > 0 ? Math.min(share, NO_ANSWER_MS) : share));
    this.#next += 1;
    this.#candidate = candidate;
    this.backend = candidate.backend;
    for (const path of this.#paths) {
      path.close();
      path.open(candidate);
      for (const datagram of this.#start.held) this.#forward(path, datagram);
    }
  }

  #attemptFailed(reason: Refusal): void {
    const { backends, core } = this.#host;
    if (this.#candidate !== null && !this.#isAdopted) backends.failed(this.#candidate, core.wheel.now());
    if (this.#stage === 'dial' && this.#next < this.#candidates.length) this.#attempt();
    else this.cut(this.#isAdopted ? 'quic_unknown' : this.#stage === 'resolve' ? 'dns_failed' : reason);
  }

  /** ICMP: nobody listens there, or the way is closed. After an answer it may be a restart, or a lie: nothing ends at once. */
  failed(error: Error): void {
    const code = codeOf(error);
    if (code === 'EMSGSIZE' || this.#stage === 'ended') return;
    if (this.#stage === 'dial') this.#attemptFailed(code === 'ECONNREFUSED' ? 'connect_refused' : 'connect_failed');
    else if (this.#refusedAt === 0) this.#refusedAt = this.#host.core.wheel.now();
  }

  #established(datagram: Buffer): void {
    if (this.#isAdopted && datagram.length < MIN_KNOWING_ANSWER) return;
    const { core, backends, guesses } = this.#host;
    this.#stage = 'tunnel';
    guesses.delete(this);
    this.#bytes = core.counters.hostOf(this.asked.name);
    this.#bytes.tx += this.up;
    this.#start.held.length = 0;
    core.histograms.dialSeconds.observe((core.wheel.now() - this.#dialAt) / 1000);
    if (this.#candidate !== null) backends.answered(this.#candidate);
    core.wheel.schedule(this, Math.min(this.#idleAt, this.#proofAt));
  }

  // The client's datagrams.

  /** From an address that is this flow's already. */
  heard(path: Path<Flow>, datagram: Buffer): void {
    const now = this.#host.core.wheel.now();
    this.#lastAt = now;
    path.hear(datagram, now);
    if (this.#ids.provedBy(datagram, path.proven) && !path.moved) path.proven = true;
    if (path.proven) this.#host.unproven.delete(this);
    if (this.#stage !== 'tunnel' && this.#heldBytes + datagram.length <= MAX_HELD_BYTES && this.#start.held.length < MAX_HELD) {
      this.#start.held.push(datagram);
      this.#heldBytes += datagram.length;
    }
    if (this.#stage === 'resolve') return;
    if (this.#refusedAt > 0 && now - this.#refusedAt > this.#start.live.timeouts.connect) this.cut('upstream_reset');
    else this.#forward(path, datagram);
  }

  /** From an address that it did not know: the client has moved, or a NAT before it. Null = it may have no further address now. */
  heardFrom(client: ClientAddress): Path<Flow> | null {
    const { core, table } = this.#host;
    if (this.#stage !== 'tunnel' || this.#candidate === null) return null;
    if (this.#paths.length >= MAX_PATHS) {
      const given = this.#paths.filter((path) => !path.proven).sort((a, b) => a.heardAt - b.heardAt)[0] ?? this.#quietest();
      if (given === undefined) return null;
      this.#removePath(given);
    }
    if (!core.budget.hasRoom || table.pathOf(client.tuple, this) !== undefined) return null;
    const path = new Path(this, client, core.wheel.now(), true);
    // Who receives at an address receives at its other ports too: a NAT before a client changes those.
    path.proven = this.#paths.some(({ proven, client: { host } }) => proven && host === client.host);
    if (!this.#addPath(path)) return null;
    this.#moves += 1;
    path.open(this.#candidate);
    return path;
  }

  #quietest(): Path<Flow> | undefined {
    const now = this.#host.core.wheel.now();
    return this.#paths.filter((path) => now - path.heardAt > MOVED_MS).sort((a, b) => a.heardAt - b.heardAt)[0];
  }

  /** Whether a short header has the id that the last one had, and so is this flow's. */
  knows(datagram: Buffer): boolean {
    return this.#ids.isLast(datagram);
  }

  /** Whether a datagram has an id of this flow's: a short header's, or that of a long header. */
  uses(datagram: Buffer, longId: string | null): boolean {
    return longId === null ? this.#ids.hasShort(datagram) : this.#ids.has(longId);
  }

  #forward(path: Path<Flow>, datagram: Buffer): void {
    const attempt = this.#next;
    const failed =
      this.#stage === 'dial' ? (error: Error | null) => void (error && attempt === this.#next && this.failed(error)) : undefined;
    if (!path.toBackend(datagram, failed)) {
      this.#host.dropped('queue_full');
      return;
    }
    this.up += datagram.length;
    this.#host.datagrams.tx += 1;
    if (this.#bytes !== null) this.#bytes.tx += datagram.length;
  }

  // The backend's datagrams.

  answered(path: Path<Flow>, datagram: Buffer): void {
    if (this.#stage === 'ended') return;
    const now = this.#host.core.wheel.now();
    this.#lastAt = now;
    this.#refusedAt = 0;
    path.answers += 1;
    path.answeredAt = now;
    if (this.#stage === 'dial') this.#established(datagram);
    if ((datagram[0] ?? 0) >= LONG_FORM) this.#ids.learnFromServer(datagram);
    const to = this.#paths.length > 1 ? this.#addressFor(path, datagram.length) : path;
    if (!to.mayReceive(datagram.length)) {
      this.#host.dropped('unproven_address');
      return;
    }
    if (!to.toClientAddress(datagram, to === path)) {
      this.#host.dropped('queue_full');
      return;
    }
    this.down += datagram.length;
    this.#host.datagrams.rx += 1;
    if (this.#bytes !== null) this.#bytes.rx += datagram.length;
  }

  /**
   * A backend that moves with its client answers on the socket of the new address. One that does not (RFC 9000 9 leaves it that) answers on
   * the old one, to nobody: what it sends there follows the client, once the client has spoken from the new address alone for a while,
   * and as far as an address may receive that nobody has proved.
   */
  #addressFor(path: Path<Flow>, bytes: number): Path<Flow> {
    let latest = path;
    for (const other of this.#paths) if (other.heardAt > latest.heardAt) latest = other;
    const hasMoved = latest !== path && latest.answers === 0 && latest.heardAt - path.heardAt > MOVED_MS;
    return hasMoved && latest.mayReceive(bytes) ? latest : path;
  }

  // Deadlines and ways out.

  get #idle(): Idle {
    return idleOf(this.#start.live, this.#start.idleTimeout);
  }
  get #idleAt(): number {
    return this.#lastAt + this.#idle.ms;
  }
  /** When a client must have shown that it is where it says it is. */
  get #proofAt(): number {
    return this.#host.unproven.has(this) ? this.startedAt + this.#start.live.timeouts.clientHello : Number.POSITIVE_INFINITY;
  }
  get #isAdopted(): boolean {
    return this.#start.firstId === null;
  }

  onDeadline(now: number): number {
    if (this.#stage === 'resolve' || this.#stage === 'dial') {
      this.#attemptFailed('connect_timeout');
      return 0;
    }
    if (now >= this.#idleAt) this.cut(this.#idle.reason);
    else if (now >= this.#proofAt) this.cut('client_gone');
    if (this.#stage !== 'tunnel') return 0;
    for (const path of [...this.#paths])
      if (this.#paths.length > 1 && now - Math.max(path.heardAt, path.answeredAt) > PATH_IDLE_MS) this.#removePath(path);
    return Math.min(this.#idleAt, this.#proofAt, this.#paths.length > 1 ? now + PATH_IDLE_MS : Number.POSITIVE_INFINITY);
  }

  socketOpened(): void {
    this.#keepPromise();
    this.#host.core.budget.upstreams += 1;
  }
  #keepPromise(): void {
    if (this.#promised) this.#host.core.budget.promised -= 1;
    this.#promised = false;
  }
  socketClosed(): void {
    this.#host.core.budget.upstreams -= 1;
  }

  #addPath(path: Path<Flow>): boolean {
    if (!this.#host.table.addPath(path.client.tuple, path.client.host, path)) return false;
    this.#paths.push(path);
    return true;
  }

  #removePath(path: Path<Flow>): void {
    path.close();
    this.#host.table.removePath(path.client.tuple, path.client.host, path);
    const at = this.#paths.indexOf(path);
    if (at >= 0) this.#paths.splice(at, 1);
  }

  /** Ends it at once. Its sides are told nothing: what could be said to them is theirs alone to encrypt. */
  cut(reason: Reason): void {
    if (this.#stage === 'ended') return;
    this.#stage = 'ended';
    const { core, table, flows, unproven, guesses } = this.#host;
    core.wheel.cancel(this);
    flows.delete(this);
    unproven.delete(this);
    guesses.delete(this);
    const { client, firstId, clientKey, nameKey, live } = this.#start;
    for (const path of [...this.#paths]) this.#removePath(path);
    this.#ids.clear();
    this.#keepPromise();
    if (firstId !== null) table.removeFirst(client.tuple, firstId);
    if (clientKey !== null) core.clients.leave(clientKey);
    if (nameKey !== null) core.names.leave(nameKey);
    this.#start.held.length = 0;
    const seconds = (core.wheel.now() - this.startedAt) / 1000;
    core.counters.ended('quic', reason);
    core.histograms.duration.observe({ protocol: 'quic' }, seconds);
    if (live.config.log.access) this.#log(reason, seconds);
    this.#host.settled();
  }

  #log(reason: Reason, seconds: number): void {
    this.#host.core.log.info('connection', {
      client: this.who,
      protocol: 'quic',
      name: this.asked.name,
      route: this.route?.label ?? null,
      backend: this.backend,
      bytes_up: this.up,
      bytes_down: this.down,
      seconds: Math.round(seconds * 1000) / 1000,
      reason,
      ...(reason in REFUSALS && { refused: true }),
      ...(this.asked.ech && { ech: true }),
      ...(this.#moves > 0 && { moves: this.#moves }),
    });
  }
}

type Idle = { ms: number; reason: Reason };

/** Silence after which a flow is over: `closed` when its client has forgotten it by then. */
function idleOf({ timeouts, config }: Live, clientsOwn: number | null): Idle {
  const configured = config.quic_config?.max_idle_timeout ?? 0;
  const ours = configured > 0 ? Math.min(timeouts.idle, configured * 1000) : timeouts.idle;
  const theirs = clientsOwn === null ? Number.POSITIVE_INFINITY : clientsOwn + IDLE_SLACK_MS;
  return theirs <= ours ? { ms: theirs, reason: 'closed' } : { ms: ours, reason: 'idle_timeout' };
}
