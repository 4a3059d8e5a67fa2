import dns from 'node:dns/promises';
import { isIp } from '../contract/addresses.ts';

export type Family = 'any' | 'ipv4' | 'ipv6';
const FAMILY = { any: 0, ipv4: 4, ipv6: 6 } as const;
/** More addresses than this are not tried. */
const MAX_ADDRESSES = 8;

/** Addresses of a host in the order to try them; empty when it has none. The caller bounds the time: a lookup cannot be cancelled. */
export async function resolve(host: string, family: Family): Promise<string[]> {
  if (isIp(host)) return [host];
  try {
    const found = await dns.lookup(host, { all: true, family: FAMILY[family], order: 'verbatim' });
    return found.slice(0, MAX_ADDRESSES).map(({ address }) => address);
  } catch {
    return [];
  }
}
