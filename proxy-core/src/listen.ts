import type net from 'node:net';
import { formatHostPort, type HostPort, parseIpPort } from './contract/addresses.ts';
import { codeOf, messageOf, StartError } from './errors.ts';

/** Connections that the kernel holds ready while the event loop is busy. */
const BACKLOG = 4096;

/** Where to listen: an address to bind, or the descriptor of a socket that is bound to it. */
export type ListenAt = HostPort & { fd?: number; ipv6Only?: boolean };

const BIND_WORDS: Record<string, string> = {
  EADDRINUSE: 'is in use by another process; stop it, or write another address',
  EACCES: 'may not be listened on by this user; grant CAP_NET_BIND_SERVICE, or write a port above 1023',
  EADDRNOTAVAIL: 'is no address of this machine; write one of its own, or 0.0.0.0 for all',
};

/** `net.Server.listen`, whose failure is a sentence that names `key`. */
export function listen(key: string, server: net.Server, { host, port, fd, ipv6Only = false }: ListenAt): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(key, { host, port }, error));
    server.once('error', fail);
    const listening = () => {
      server.off('error', fail);
      server.on('error', ignore); // accept errors: libuv has closed that client already
      resolve();
    };
    if (fd === undefined) server.listen({ host, port, backlog: BACKLOG, ipv6Only }, listening);
    else server.listen({ fd }, BACKLOG, listening); // of a descriptor Node reads no backlog in the options
  });
}

function ignore(): void {}

export function listenError(key: string, at: HostPort, error: unknown): StartError {
  const code = codeOf(error);
  return new StartError(
    `${key}: ${formatHostPort(at)} ${BIND_WORDS[code] ?? `cannot be listened on: ${messageOf(error)}`}${code ? ` (${code})` : ''}`,
  );
}

export function addressOf(server: net.Server): HostPort[] {
  const at = server.address();
  return at === null || typeof at === 'string' ? [] : [{ host: at.address, port: at.port }];
}

/** Addresses of a config's list. "[::]" takes IPv4 too, unless the list names an IPv4 address of that port by itself. */
export function addressesOf(key: string, list: readonly string[]): ListenAt[] {
  return list.map((text) => {
    const at = parseIpPort(text);
    if (at === null) throw new StartError(`${key}: ${text} is not "IP:port"`);
    return { ...at, ipv6Only: at.host.includes(':') && list.some((other) => !other.startsWith('[') && other.endsWith(`:${at.port}`)) };
  });
}
