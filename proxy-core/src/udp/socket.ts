import dgram from 'node:dgram';
import type { LookupFunction } from 'node:net';
import type { HostPort } from '../contract/addresses.ts';
import type { ListenAt } from '../listen.ts';

/**
 * Asked of the system for what waits in a socket's queue; it gives what net.core.rmem_max allows. A window of a client's download comes
 * from its backend at once, and what does not fit is lost and sent again.
 */
const RECEIVE_BYTES = 4 * 1024 * 1024;
const SEND_BYTES = 1024 * 1024;
/** Datagrams that the system does not take wait in this process; so many bytes of them at most. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** Addresses are numbers already: Node's own way to look them up costs a turn of the event loop for each datagram. */
const numeric: LookupFunction = (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4);

const options = (host: string, ipv6Only: boolean): dgram.SocketOptions => ({
  type: host.includes(':') ? 'udp6' : 'udp4',
  lookup: numeric as NonNullable<dgram.SocketOptions['lookup']>,
  ipv6Only,
  recvBufferSize: RECEIVE_BYTES,
  sendBufferSize: SEND_BYTES,
});

export const createUpstream = ({ host }: HostPort): dgram.Socket => dgram.createSocket(options(host, false));

/** From here on only `to` can speak to it, and it hears of `to`'s ICMP errors. False = it cannot be opened; its 'error' event says why. */
export function connectUpstream(socket: dgram.Socket, { host, port }: HostPort): boolean {
  socket.connect(port, host);
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}

export async function openListener({ host, port, fd, ipv6Only = false }: ListenAt): Promise<dgram.Socket> {
  const socket = dgram.createSocket(options(host, ipv6Only));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    // exclusive: it is this process's alone, in a cluster too
    socket.bind(fd === undefined ? { address: host, port, exclusive: true } : { fd, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return socket;
}

export const isCongested = (socket: dgram.Socket): boolean => socket.getSendQueueSize() > MAX_QUEUED_BYTES;
