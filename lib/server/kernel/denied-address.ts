import net from 'node:net';

/**
 * Nothing that the console should ask is there, but on many clouds the credentials of this machine are: link-local addresses (169.254.169.254, fe80::) and the IPv6
 * addresses of metadata services. Nor is anything at "any", at a group or at everybody. (RFC 6890; RFC 3927.)
 */
const DENIED = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
  ['100.100.100.200', 32],
] as const)
  DENIED.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
] as const)
  DENIED.addSubnet(address, bits, 'ipv6');

export function isDenied(address: string): boolean {
  const plain = address.split('%')[0] ?? '';
  if (net.isIPv4(plain)) return DENIED.check(plain, 'ipv4');
  // an IPv4 address in IPv6 clothes (::ffff:a.b.c.d, 64:ff9b::a.b.c.d) is judged as what it leads to
  const inner = embeddedIpv4(plain);
  return DENIED.check(plain, 'ipv6') || (inner !== null && DENIED.check(inner, 'ipv4'));
}

/** Addresses as the system gives them: the last 32 bits in either notation. */
export function embeddedIpv4(address: string): string | null {
  const [, dotted, high, low] = /^(?:::ffff:|64:ff9b::)(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return null;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
