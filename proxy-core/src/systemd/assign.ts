import { formatHostPort, type HostPort } from '../contract/addresses.ts';
import type { ListenAt } from '../listen.ts';
import type { PassedSocket } from './passed-sockets.ts';

/** A socket with this FileDescriptorName= is the metrics listener, whatever metrics.address says. */
const METRICS = 'metrics';

export type Assigned = { clients: ListenAt[]; metrics: ListenAt | null; datagrams: ListenAt[]; warnings: string[] };

/**
 * Gives the passed sockets to the addresses of a config. An address without a socket is bound by this process. A socket that no address
 * of the config names is served all the same: who connects to it would hang otherwise.
 */
export function assignSockets(
  wanted: { clients: readonly ListenAt[]; metrics: ListenAt | null; datagrams: readonly ListenAt[] },
  passed: readonly PassedSocket[],
): Assigned {
  const left = new Set(passed);
  const used = new Set<PassedSocket>();
  const warnings: string[] = [];
  const named = passed.find(({ name, kind }) => name === METRICS && kind === 'stream');
  const find = (at: ListenAt, kind: PassedSocket['kind']) =>
    passed.find(
      (socket) => socket.kind === kind && socket !== named && socket.address.port === at.port && socket.address.host === at.host,
    ) ?? passed.find((socket) => socket.kind === kind && socket !== named && takesIn(socket.address, at));
  const give = (list: readonly ListenAt[], kind: PassedSocket['kind']): ListenAt[] =>
    list.flatMap((at) => {
      const socket = find(at, kind);
      if (socket === undefined) return [at];
      left.delete(socket);
      if (used.has(socket)) return []; // "0.0.0.0:443" and "[::]:443" of a config are one socket of the unit
      used.add(socket);
      return [{ ...socket.address, fd: socket.fd }];
    });
  let metrics = wanted.metrics;
  const ofMetrics = named ?? (metrics === null ? undefined : find(metrics, 'stream'));
  if (ofMetrics) {
    left.delete(ofMetrics);
    used.add(ofMetrics);
    if (metrics === null) warnings.push('the service manager passes a socket for metrics, and metrics.enabled is false: it is not served');
    else metrics = { ...ofMetrics.address, fd: ofMetrics.fd };
  }
  const clients = give(wanted.clients, 'stream');
  const datagrams = give(wanted.datagrams, 'datagram');
  for (const socket of left) {
    const key = socket.kind === 'stream' ? 'listen_addrs' : 'udp_listen_addrs';
    warnings.push(
      `the service manager passes ${formatHostPort(socket.address)}, which ${key} does not name: it is served; write it in both, or in neither`,
    );
    (socket.kind === 'stream' ? clients : datagrams).push({ ...socket.address, fd: socket.fd });
  }
  return { clients, metrics, datagrams, warnings };
}

/** systemd makes "[::]:443" of ListenStream=443, and that takes IPv4 in. */
const takesIn = (socket: HostPort, wanted: HostPort): boolean =>
  socket.port === wanted.port && socket.host === '::' && wanted.host === '0.0.0.0';
