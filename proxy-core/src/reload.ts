import fs from 'node:fs';
import { type HostPort, parseIpPort } from './contract/addresses.ts';
import type { Config } from './contract/config.ts';
import { messageOf, StartError } from './errors.ts';
import { Destinations } from './guard/destinations.ts';
import { connectionsWithin, limitFor } from './guard/fd-budget.ts';
import { createNetworks } from './guard/networks.ts';
import { type ConfigFile, type Finding, readConfig } from './parse/config-file.ts';
import type { Live } from './relay/core.ts';
import { Allowlist } from './route/allowlist.ts';
import { RouteTable } from './route/table.ts';
import { Resolver } from './upstream/resolve.ts';

/** Reads and judges a config file. One that cannot be read is an error of the whole file. */
export function loadConfig(file: string): ConfigFile {
  let bytes: Buffer;
  try {
    // reading a pipe or a device would never end, in the middle of a reload too
    const stat = fs.statSync(file);
    if (!stat.isFile()) throw new Error(`it is a ${stat.isDirectory() ? 'directory' : 'pipe or device'}; it must be a plain file`);
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new StartError(`${file}: the config file cannot be read: ${messageOf(error)}; name it with -c FILE`);
  }
  return readConfig(bytes);
}

export const showFinding = (file: string, { severity, line, column, message }: Finding): string =>
  `${file}:${line}:${column}: ${severity}: ${message}`;

export const DEFAULT_CONNECTIONS = 10_000;

/**
 * max_connections as the limit of open files allows it, and the warning that names both numbers when that is less than what is written. The
 * limit holds for each worker.
 */
export function clampConnections(config: Config, limit: number, baseline?: number): { connections: number; warning: string | null } {
  const workers = config.workers ?? 1;
  const carried = workers * connectionsWithin(limit, baseline);
  const wanted = config.max_connections;
  if (wanted === undefined || wanted <= carried) return { connections: Math.min(wanted ?? DEFAULT_CONNECTIONS, carried), warning: null };
  const warning =
    `max_connections is ${wanted}, but a limit of ${limit} open files carries ${carried} (2 per connection, and a reserve${workers > 1 ? `, in each of ${workers} workers` : ''}): ` +
    `${carried} are allowed; raise LimitNOFILE to ${limitFor(Math.ceil(wanted / workers), baseline)} or lower max_connections`;
  return { connections: carried, warning };
}

/** `listeners` and `datagrams`: where this proxy takes connections and datagrams, which a backend must not be. */
export function makeLive(
  config: Config,
  sha256: string,
  generation: number,
  listeners: () => readonly HostPort[],
  datagrams: () => readonly HostPort[] = listeners,
): Live {
  const { connect, client_hello, idle, half_close, stalled_write } = config.timeouts;
  const sshByPort = new Map<number, HostPort>();
  for (const route of config.ssh_routes ?? [])
    if (!sshByPort.has(route.listen_port)) sshByPort.set(route.listen_port, { host: route.destination_host, port: route.destination_port });
  return {
    config,
    sha256,
    generation,
    maxConnections: config.max_connections ?? DEFAULT_CONNECTIONS,
    routes: new RouteTable(config),
    allowlist: new Allowlist(config.allowlist),
    resolver: new Resolver(config.resolver),
    destinations: new Destinations(config, listeners),
    quicDestinations: new Destinations(config, datagrams),
    writtenBackends: writtenBackends(config),
    timeouts: {
      connect: connect * 1000,
      clientHello: client_hello * 1000,
      idle: idle * 1000,
      halfClose: half_close * 1000,
      stalledWrite: (stalled_write ?? idle) * 1000,
    },
    expectsProxy: createNetworks(config.proxy_protocol?.accept_from ?? []),
    tlsOnly: config.tls_only ? { ports: new Set(config.tls_only.ports), redirects: config.tls_only.http === 'redirect' } : null,
    sshByPort,
  };
}

function writtenBackends({ routes, default_backend }: Config): HostPort[] {
  const written = new Set([...(routes ?? []).flatMap(({ backends }) => backends ?? []), ...(default_backend ? [default_backend] : [])]);
  return [...written].map(parseIpPort).filter((at) => at !== null);
}

/** Keys that a running process cannot take over, and whether they differ. */
export function needsRestart(before: Config, after: Config): string[] {
  const changed: string[] = [];
  if (before.listen_addrs.join() !== after.listen_addrs.join()) changed.push('listen_addrs');
  if ((before.udp_listen_addrs ?? []).join() !== (after.udp_listen_addrs ?? []).join()) changed.push('udp_listen_addrs');
  if ((before.quic_config?.enabled ?? true) !== (after.quic_config?.enabled ?? true)) changed.push('quic_config.enabled');
  if ((before.workers ?? 1) !== (after.workers ?? 1)) changed.push('workers');
  if (before.metrics.enabled !== after.metrics.enabled || before.metrics.address !== after.metrics.address) changed.push('metrics');
  return changed;
}
