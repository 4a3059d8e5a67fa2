import os from 'node:os';
import { isIpv4 } from '../contract/addresses.ts';
import type { ListenAt } from '../listen.ts';

/**
 * The warning that answers may leave with another address than their client sent to: of several addresses of this machine the system
 * chooses one, and Node cannot tell it which (IP_PKTINFO). Null = there is one address only, or one is named.
 */
export function answerAddressWarning({ host }: ListenAt): string | null {
  if (host !== '0.0.0.0' && host !== '::') return null;
  const all = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(
    ({ address, internal, family }) => !internal && !address.startsWith('fe80') && isIpv4(host) === (family === 'IPv4'),
  );
  if (own.length < 2) return null;
  const names = own.slice(0, 4).map(({ address }) => (address.includes(':') ? `[${address}]` : address));
  return (
    `udp_listen_addrs: ${host} stands for ${own.length} addresses of this machine, and QUIC answers may leave with another one than their client ` +
    `sent to, which it ignores; write them one by one: ${names.join(', ')}${own.length > names.length ? ', …' : ''}`
  );
}
