import type dgram from 'node:dgram';
import { formatHostPort, type HostPort } from '../contract/addresses.ts';
import { QUIC_DROP_REASONS, QUIC_PHASES, type QuicDrop, type QuicPhase, type Reason, statusOf } from '../contract/words.ts';
import { clientKey, quicKey } from '../guard/concurrency.ts';
import { type ListenAt, listenError } from '../listen.ts';
import { MIN_DATAGRAM } from '../quic/initial-flow.ts';
import { LONG_FORM, type LongHeader, readLongHeader } from '../quic/invariants.ts';
import { quicVersionOf } from '../quic/versions.ts';
import type { Core } from '../relay/core.ts';
import { type Candidates, candidatesFor } from '../upstream/candidates.ts';
import { answerAddressWarning } from './answer-address.ts';
import { Backends } from './backends.ts';
import { decide } from './decide.ts';
import { FirstFlights, FirstPackets } from './first-flights.ts';
import { Flow, type FlowHost, type FlowStart } from './flow.ts';
import { FlowTable, MAX_PATHS_PER_ADDRESS } from './flow-table.ts';
import type { ClientAddress, Path } from './path.ts';
import { makeRoom } from './room.ts';
import { openListener } from './socket.ts';
import { offerStray } from './strays.ts';

const QUIC_PORT = 443;
/** A datagram whose connection is not known may belong to each of the flows of its address; it goes to so many at most. */
const MAX_COPIES = 4;
const NO_ALPN: readonly string[] = [];

type Refused = { who: string; clientKey: string | null; startedAt: number; name?: string | null | undefined };

/** What is counted of QUIC beside what is counted of every connection. */
export type QuicFigures = {
  phases: Record<QuicPhase, number>;
  datagrams: { tx: number; rx: number };
  drops: ReadonlyMap<QuicDrop, number>;
  moves: { id: number; guess: number };
};

/**
 * QUIC passthrough: listeners, and the way of each datagram to its flow. A connection is routed by the name in its first packets and then
 * carried by the ids that its server chose, so that it survives a change of its client's address.
 */
export class QuicFront {
  readonly flows = new Set<Flow>();
  readonly #core: Core;
  readonly #listeners: dgram.Socket[] = [];
  readonly #ports = new Set<number>();
  readonly #host: FlowHost;
  readonly #table = new FlowTable<Flow, Path<Flow>>();
  readonly #firsts: FirstFlights;
  readonly #drops = new Map<QuicDrop, number>(QUIC_DROP_REASONS.map((reason) => [reason, 0]));
  readonly #moves = { id: 0, guess: 0 };
  #draining = false;
  #onSettled: () => void = () => {};

  constructor(core: Core) {
    this.#core = core;
    this.#host = {
      core,
      table: this.#table,
      flows: this.flows,
      unproven: new Set(),
      guesses: new Set(),
      backends: new Backends(),
      datagrams: { tx: 0, rx: 0 },
      dropped: (reason) => this.#drop(reason),
      settled: () => this.#onSettled(),
    };
    this.#firsts = new FirstFlights(core.wheel, (first, reason) => this.#refused(first, reason));
  }

  get addresses(): HostPort[] {
    return this.#listeners.map((listener) => {
      const { address, port } = listener.address();
      return { host: address, port };
    });
  }
  /** descriptors of its listeners */
  get listeners(): number {
    return this.#listeners.length;
  }

  /** descriptors of its flows: one for each address that a client has */
  get held(): number {
    let held = 0;
    for (const flow of this.flows) held += flow.descriptors;
    return held;
  }

  get figures(): QuicFigures {
    const phases = Object.fromEntries(QUIC_PHASES.map((phase) => [phase, 0])) as Record<QuicPhase, number>;
    phases.hello = this.#firsts.waiting;
    const now = this.#core.wheel.now();
    for (const flow of this.flows) phases[flow.phase(now)] += 1;
    return { phases, datagrams: this.#host.datagrams, drops: this.#drops, moves: this.#moves };
  }
  /** what is held, all 0 when every flow has ended */
  get sizes(): Record<string, number> {
    const { firsts, bytes } = this.#firsts.sizes;
    return { ...this.#table.sizes, hellos: firsts, helloBytes: bytes, flows: this.flows.size, unproven: this.#host.unproven.size };
  }

  /** Throws StartError. */
  async start(addresses: readonly ListenAt[]): Promise<void> {
    for (const at of addresses) {
      const warning = answerAddressWarning(at);
      if (warning !== null) this.#core.log.warn(warning);
      const listener = await openListener(at).catch((error: unknown) => Promise.reject(listenError('udp_listen_addrs', at, error)));
      const number = this.#listeners.push(listener);
      const { address: host, port } = listener.address();
      this.#ports.add(port);
      this.#core.log.info('listening for QUIC', { address: formatHostPort({ host, port }) });
      // ICMP errors of what went to clients: a client that is gone falls silent, and that ends its flow.
      listener.on('error', () => {});
      listener.on('message', (datagram, { address, port }) => this.#received(listener, number, datagram, address, port));
    }
  }

  /** No new flows; those that are open go on, for so long at most, and are cut then. */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    this.#firsts.close();
    if (this.flows.size > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#onSettled = () => {
          if (this.flows.size > 0) return;
          clearTimeout(timer);
          resolve();
        };
      });
    this.force();
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  force(): void {
    for (const flow of [...this.flows]) flow.cut('shutdown');
  }

  #drop(reason: QuicDrop): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }

  // A client's datagram.

  #received(listener: dgram.Socket, number: number, datagram: Buffer, host: string, port: number): void {
    const tuple = `${number} ${host} ${port}`;
    const paths = this.#table.pathsOf(tuple);
    const only = paths?.length === 1 ? paths[0] : undefined;
    if (only?.flow.knows(datagram)) {
      only.flow.heard(only, datagram);
      return;
    }
    // Port 0 is nobody's, and cannot be answered; a raw socket can write it.
    if (datagram.length === 0 || port === 0) this.#drop('malformed');
    else if ((datagram[0] ?? 0) >= LONG_FORM) this.#long({ listener, host, port, tuple }, datagram, paths ?? []);
    else this.#short({ listener, host, port, tuple }, datagram, paths ?? []);
  }

  #short(client: ClientAddress, datagram: Buffer, paths: readonly Path<Flow>[]): void {
    const own = paths.find((path) => path.flow.uses(datagram, null));
    const flow = own === undefined ? this.#table.byShortHeader(datagram) : undefined;
    if (own !== undefined) own.flow.heard(own, datagram);
    else if (flow !== undefined) this.#toFlow(flow, client, datagram);
    else if (paths.length > 0) for (const path of paths.slice(0, MAX_COPIES)) path.flow.heard(path, datagram);
    else this.#stray(client, datagram);
  }

  #toFlow(flow: Flow, client: ClientAddress, datagram: Buffer): void {
    let path = this.#table.pathOf(client.tuple, flow) ?? null;
    if (path === null) {
      path = flow.heardFrom(client);
      if (path !== null) this.#moves.id += 1;
    }
    if (path === null) this.#drop('unknown_connection');
    else flow.heard(path, datagram);
  }

  #long(client: ClientAddress, datagram: Buffer, paths: readonly Path<Flow>[]): void {
    const header = readLongHeader(datagram);
    if (header === null || header.version === 0) {
      this.#drop('malformed');
      return;
    }
    // A flow of a version that could not be read goes to whoever answers it; another version of the same client is read.
    const first = this.#table.byFirst(client.tuple, header.dcid);
    const own = paths.find((path) => path.flow.uses(datagram, header.dcid))?.flow;
    const flow = first !== undefined && isOf(first, header) ? first : (own ?? this.#table.byId(header.dcid));
    if (flow !== undefined) this.#toFlow(flow, client, datagram);
    else if (header.dcid === '' && paths[0] !== undefined) paths[0].flow.heard(paths[0], datagram);
    else this.#first(client, datagram, header);
  }

  // First packets.

  #first(client: ClientAddress, datagram: Buffer, header: LongHeader): void {
    const known = this.#firsts.find(client.tuple, header.dcid);
    if (known?.over) return;
    const first = known ?? this.#newFirst(client, datagram, header);
    if (first === null) return;
    const verdict = this.#firsts.push(first, datagram);
    const deadline = first.startedAt + this.#core.live.timeouts.clientHello;
    if (verdict.kind === 'no-match') {
      // Nobody's Initial: what was taken for it is given back.
      if (known === undefined && first.clientKey !== null) this.#core.clients.leave(first.clientKey);
      this.#drop('malformed');
      return;
    }
    if (known === undefined) {
      this.#core.counters.accepted += 1;
      this.#core.counters.sniffed('quic');
    }
    if (verdict.kind === 'more') {
      if (known === undefined) this.#firsts.keep(first, deadline);
    } else if (verdict.kind === 'asked') {
      const { name, alpn, ech } = verdict.hello;
      this.#core.histograms.helloBytes.observe(first.held.reduce((sum, { length }) => sum + length, 0));
      this.#open(client, first, header, { name, alpn, ech, idleTimeout: verdict.idleTimeout }, deadline);
    } else if (verdict.reason === 'unknown_version') {
      first.held.push(datagram);
      this.#open(client, first, header, { name: null, alpn: NO_ALPN, ech: false, idleTimeout: null }, deadline);
    } else this.#firsts.settle(first, verdict.reason, deadline);
  }

  /** Null when there is no room: each of its packets is refused and counted, until there is. */
  #newFirst(client: ClientAddress, datagram: Buffer, { dcid }: LongHeader): FirstPackets | null {
    const { live, clients, wheel } = this.#core;
    if (datagram.length < MIN_DATAGRAM || this.#draining || this.#isOwn(client)) {
      this.#drop('unknown_connection');
      return null;
    }
    const refusal = makeRoom(this.#host);
    const limit = live.config.limits?.per_client;
    const key = limit === undefined ? null : quicKey(clientKey(client.host));
    const isFull = (this.#table.pathsOf(client.tuple)?.length ?? 0) >= MAX_PATHS_PER_ADDRESS;
    if (refusal !== null || isFull || (key !== null && limit !== undefined && !clients.enter(key, limit))) {
      this.#core.counters.accepted += 1;
      this.#refused({ who: formatHostPort(client), clientKey: null, startedAt: wheel.now() }, refusal ?? 'client_limit');
      return null;
    }
    const from = { who: formatHostPort(client), clientKey: key, startedAt: wheel.now() };
    return new FirstPackets(this.#firsts, `${client.tuple}\0${dcid}`, from);
  }

  #open(
    client: ClientAddress,
    first: FirstPackets,
    header: LongHeader,
    hello: { name: string | null; alpn: readonly string[]; ech: boolean; idleTimeout: number | null },
    deadline: number,
  ): void {
    const { live, names } = this.#core;
    first.name = hello.name;
    const decided = decide(live, hello.name, hello.alpn);
    const perName = live.config.limits?.per_name;
    const unknown = quicVersionOf(header.version) === null;
    const nameKey = perName === undefined || hello.name === null ? null : quicKey(hello.name);
    const refused =
      'refused' in decided
        ? unknown
          ? 'unknown_version'
          : decided.refused
        : nameKey !== null && perName !== undefined && !names.enter(nameKey, perName)
          ? 'name_limit'
          : null;
    if (refused !== null || 'refused' in decided) {
      this.#firsts.settle(first, refused ?? 'no_route', deadline);
      return;
    }
    const held = first.held;
    this.#firsts.settle(first, null, deadline);
    const { name, alpn, ech, idleTimeout } = hello;
    const { clientKey: key, startedAt } = first;
    const start: FlowStart = {
      ...{ client, live, held, startedAt, nameKey, idleTimeout, clientKey: key, route: decided.route, firstId: header.dcid },
      asked: { protocol: 'quic', name, port: null, alpn, ech },
      version: header.version,
      proven: false,
    };
    this.#dial(start, first, deadline);
  }

  #dial(start: FlowStart, first: FirstPackets, deadline: number): void {
    const { live, route, asked } = start;
    const flow = new Flow(this.#host, start);
    if (route === null) return;
    const found = candidatesFor(route.target, { name: asked.name, port: QUIC_PORT }, live.quicDestinations, live.resolver);
    const go = (later: Candidates) => {
      if ('candidates' in later) flow.dial(later.candidates);
      else {
        flow.cut(later.refused);
        // A backend that fails may be there when the client tries again; what was decided stays.
        if (statusOf(later.refused) === 'refused') this.#firsts.shun(first, deadline);
      }
    };
    if ('then' in found) void found.then(go);
    else go(found);
  }

  // Connections that are not known.

  #stray(client: ClientAddress, datagram: Buffer): void {
    const offered = this.#draining || this.#isOwn(client) || makeRoom(this.#host) !== null ? 0 : offerStray(this.#host, client, datagram);
    this.#moves.guess += offered;
    if (offered === 0) this.#drop('unknown_connection');
  }

  /** Whether a datagram names one of the listeners as its sender: what is answered to that would come in again. */
  #isOwn(client: ClientAddress): boolean {
    return this.#ports.has(client.port) && this.#core.live.quicDestinations.judge(client, true) === 'loop';
  }

  /** One that never became a flow: it is counted and has its line all the same. */
  #refused({ who, clientKey: key, startedAt, name }: Refused, reason: Reason): void {
    const { counters, clients, live, log, wheel } = this.#core;
    if (key !== null) clients.leave(key);
    counters.ended('quic', reason);
    if (!live.config.log.access) return;
    const seconds = Math.round(wheel.now() - startedAt) / 1000;
    const named = name === undefined ? {} : { name };
    log.info('connection', { client: who, protocol: 'quic', ...named, seconds, reason, ...(reason !== 'shutdown' && { refused: true }) });
  }
}

/** Packets of one client's connection have one version, but for those of a server's choice, which has given its id by then. */
const isOf = (flow: Flow, { version }: LongHeader): boolean => flow.version === version || quicVersionOf(flow.version) !== null;
