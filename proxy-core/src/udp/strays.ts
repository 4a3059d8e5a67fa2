import { formatHostPort } from '../contract/addresses.ts';
import { clientKey, quicKey } from '../guard/concurrency.ts';
import type { Live } from '../relay/core.ts';
import type { Candidate } from '../upstream/candidates.ts';
import { Flow, type FlowHost } from './flow.ts';
import type { ClientAddress } from './path.ts';

/** A datagram that nothing is known of goes to so many backends at most, to see which of them knows it. */
const MAX_GUESSES = 2;
/** So many guesses may be waiting for their answer at a time: anybody can send what looks like one. */
const MAX_WAITING = 64;
/** RFC 9000 10.3: the smallest that a stateless reset is sent for, and so the smallest that a connection sends. */
const MIN_SHORT = 21;

type Guess = {
  backend: Candidate;
  /** a flow that it is taken to be the rest of */
  like: Flow | null;
  /** the client has shown before that it receives at its address */
  proven: boolean;
};

/** Begins a flow with each backend that may know a datagram of which nothing is known here. Tells how many those are. */
export function offerStray(host: FlowHost, client: ClientAddress, datagram: Buffer): number {
  const { live, clients, counters, wheel } = host.core;
  const limit = live.config.limits?.per_client;
  const key = limit === undefined ? null : quicKey(clientKey(client.host));
  let offered = 0;
  for (const { backend, like, proven } of guesses(host, live, client, datagram)) {
    if (key !== null && limit !== undefined && !clients.enter(key, limit)) break;
    counters.accepted += 1;
    counters.sniffed('quic');
    const flow = new Flow(host, {
      ...{ client, live, clientKey: key, nameKey: null, firstId: null, version: 0, idleTimeout: null, proven },
      ...{ startedAt: wheel.now(), held: [datagram], route: like?.route ?? null },
      asked: like?.asked ?? { protocol: 'quic', name: null, port: null, alpn: [], ech: false },
    });
    flow.dial([backend]);
    offered += 1;
  }
  return offered;
}

/**
 * Where a datagram may belong whose client and connection id are both unknown: the client has moved and uses an id that its server gave it
 * in secret (RFC 9000 9.5 asks for that), or this process is younger than the connection. Those backends are asked that the client's own
 * address has flows to, else all, when there are few. The one that knows the id checks the address (RFC 9000 8.2) and answers.
 */
function guesses(host: FlowHost, live: Live, client: ClientAddress, datagram: Buffer): Guess[] {
  if (datagram.length < MIN_SHORT || host.guesses.size >= MAX_WAITING) return [];
  const found = new Map<string, Guess>();
  for (const { flow, proven } of host.table.pathsFrom(client.host)) {
    const backend = flow.upstream;
    if (backend === null) continue;
    const key = formatHostPort(backend);
    const before = found.get(key);
    // Whose of several flows it is cannot be told; a name is told when it is the same for all.
    if (before === undefined) found.set(key, { backend, like: flow, proven });
    else {
      before.proven ||= proven;
      if (before.like?.asked.name !== flow.asked.name) before.like = null;
    }
  }
  if (found.size === 0) for (const backend of fewBackends(host, live)) found.set(backend.backend, { backend, like: null, proven: false });
  return found.size > MAX_GUESSES ? [] : [...found.values()];
}

/** All backends that the config names by address, or that have answered in QUIC; none when they are many. */
function fewBackends({ backends }: FlowHost, { writtenBackends, quicDestinations }: Live): Candidate[] {
  const few = [writtenBackends, backends.answering].find((list) => list.length > 0 && list.length <= MAX_GUESSES) ?? [];
  return few
    .filter((backend) => quicDestinations.judge(backend, true) === null)
    .map((backend) => ({ ...backend, backend: formatHostPort(backend) }));
}
