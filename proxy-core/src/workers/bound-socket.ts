import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { HostPort } from '../contract/addresses.ts';
import { StartError } from '../errors.ts';
import { type ListenAt, listenError } from '../listen.ts';

/** A TCP socket that is bound and that this process does not accept from: its queue lives as long as anybody holds it. */
export type BoundSocket = { address: HostPort; fd: number; close(): void };

type Handle = { fd: number; close(): void; getsockname(out: { address?: string; port?: number }): number };
type CreateHandle = (address: string, port: number, family: 4 | 6, fd: number, flags: number) => Handle | number;

/** UV_TCP_IPV6ONLY */
const IPV6_ONLY = 1;

/**
 * Node's own `cluster` makes its shared listeners with this function of `net`, which is not documented. `net.Server.listen` would not do:
 * it accepts from then on. Null on a Node that does not have it any more.
 */
function createHandle(): CreateHandle | null {
  const found: unknown = Reflect.get(net, '_createServerHandle');
  return typeof found === 'function' ? (found as CreateHandle) : null;
}

export function bindSocket(key: string, { host, port, ipv6Only = false }: ListenAt): BoundSocket {
  const create = createHandle();
  if (create === null)
    throw new StartError(`workers cannot share listeners on Node ${process.version}: write workers: 1, or start with socket activation`);
  const handle = create(host, port, host.includes(':') ? 6 : 4, -1, ipv6Only ? IPV6_ONLY : 0);
  if (typeof handle === 'number') throw listenError(key, { host, port }, systemError(handle));
  const at: { address?: string; port?: number } = {};
  // libuv keeps EADDRINUSE for itself until the first listen(2); a socket that is bound has its port.
  if (handle.getsockname(at) !== 0 || at.port === undefined || at.port === 0 || (port !== 0 && at.port !== port)) {
    handle.close();
    throw listenError(key, { host, port }, Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
  }
  return { address: { host: at.address ?? host, port: at.port }, fd: handle.fd, close: () => handle.close() };
}

const systemError = (errno: number): Error => {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(code), { code });
};
