import type { HostPort } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';
import type { Drills } from '../drill/drills.ts';
import type { Concurrency } from '../guard/concurrency.ts';
import type { Destinations } from '../guard/destinations.ts';
import type { FdBudget } from '../guard/fd-budget.ts';
import type { WirePool } from '../http-pool/wire-pool.ts';
import type { Log } from '../log.ts';
import type { Counters } from '../observe/counters.ts';
import type { Histograms } from '../observe/histograms.ts';
import type { Allowlist } from '../route/allowlist.ts';
import type { RouteTable } from '../route/table.ts';
import type { Resolver } from '../upstream/resolve.ts';
import type { OpenConnections } from './open-connections.ts';
import type { TimerWheel } from './wheel.ts';
import type { Wires } from './wire.ts';

/** What a config says, in the form that connections use. A reload makes a new one; a connection keeps the one it began with. */
export type Live = {
  readonly config: Config;
  readonly sha256: string;
  readonly generation: number;
  /** as configured; the fd budget may carry less */
  readonly maxConnections: number;
  readonly routes: RouteTable;
  readonly allowlist: Allowlist;
  readonly destinations: Destinations;
  readonly resolver: Resolver;
  /** of datagrams: the same, with the listeners that take those */
  readonly quicDestinations: Destinations;
  /** addresses of the config's backends, each once */
  readonly writtenBackends: readonly HostPort[];
  /** milliseconds */
  readonly timeouts: { connect: number; clientHello: number; idle: number; halfClose: number; stalledWrite: number };
  /** whether a PROXY header is expected from this address, and believed */
  readonly expectsProxy: (address: string) => boolean;
  /** listeners on which HTTP without TLS is refused, or sent to https; null when there are none */
  readonly tlsOnly: { readonly ports: ReadonlySet<number>; readonly redirects: boolean } | null;
  readonly sshByPort: ReadonlyMap<number, { host: string; port: number }>;
};

/** What all connections of a process share. */
export type Core = {
  live: Live;
  /** max_connections as it is in force */
  maxConnections: number;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly counters: Counters;
  readonly histograms: Histograms;
  readonly budget: FdBudget;
  readonly pool: WirePool;
  readonly drills: Drills;
  readonly clients: Concurrency;
  readonly names: Concurrency;
  /** how sockets are opened; settled at start */
  wires: Wires;
  readonly connections: OpenConnections;
  /** called when a connection is gone from `connections` */
  onSettled: () => void;
};
