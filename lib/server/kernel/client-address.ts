import { BlockList, isIP } from 'node:net';

/** Hops that are read of a header that anybody may write. */
const MOST_HOPS = 32;

/** Addresses and networks of the proxies in front of the console; null when a word is none. */
export function parseTrusted(words: readonly string[]): BlockList | null {
  const list = new BlockList();
  for (const word of words) {
    const [address = '', bits, ...more] = word.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const most = family === 'ipv6' ? 128 : 32;
    if (isIP(address) === 0 || more.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) return null;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * Where a request comes from. `X-Forwarded-For` counts only as far as trusted proxies wrote it: it is read from the right, and the first address
 * that is no proxy of ours is the client's.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  let client = plain(peer);
  const hops = (forwardedFor ?? '').split(',').slice(-MOST_HOPS).reverse();
  for (const hop of hops) {
    const next = plain(hop.trim());
    if (!isTrusted(client) || isIP(next) === 0) return client;
    client = next;
  }
  return client;
}

/** An IPv4 address that came in over an IPv6 socket, or with a port, is that IPv4 address. */
const plain = (address: string): string =>
  address
    .replace(/^::ffff:(?=\d+\.)/i, '')
    .replace(/^\[([0-9a-f:]+)\](:\d+)?$/i, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');

/** Whose address it is, for limits: of IPv6 the first 64 bits, because whoever has one address has all of those. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = [], tail] = (address.split('%')[0] ?? '').split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? [])];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
