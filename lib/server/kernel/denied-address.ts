import net from 'node:net';

/**
 * Nothing that the console should ask is there, but on many clouds the credentials of this machine are: link-local addresses (169.254.169.254, fe80::) and the
 * addresses of metadata services elsewhere (Alibaba, Azure's WireServer, Oracle; by IPv6 AWS, Google). Nor is anything at "any", at a group or at everybody. (RFC 6890; RFC 3927.)
 */
const DENIED = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
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
  // an IPv4 address in IPv6 clothes is judged as what it leads to
  const inner = embeddedIpv4(plain);
  return DENIED.check(plain, 'ipv6') || (inner !== null && DENIED.check(inner, 'ipv4'));
}

/**
 * Prefixes behind which an IPv4 address stands, and the 16-bit group where it begins: mapped and compatible (RFC 4291 section 2.5.5), translated (RFC 2765),
 * NAT64 (RFC 6052; RFC 8215 for a network's own), 6to4 (RFC 3056).
 */
const EMBEDDING: readonly (readonly [prefix: string, bits: number, group: number])[] = [
  ['::ffff:0:0', 96, 6],
  ['::', 96, 6],
  ['::ffff:0:0:0', 96, 6],
  ['64:ff9b::', 96, 6],
  ['64:ff9b:1::', 48, 6],
  ['2002::', 16, 1],
];
const EMBEDDED = EMBEDDING.map(([prefix, bits, group]) => ({ groups: groupsOf(prefix), bits, group }));

/** The IPv4 address that an IPv6 one leads to, however it is written: a name server, a person and the system each write it their way. */
export function embeddedIpv4(address: string): string | null {
  if (!net.isIPv6(address)) return null;
  const groups = groupsOf(address.split('%')[0] ?? '');
  const found = EMBEDDED.find((one) => one.groups.slice(0, one.bits / 16).every((value, i) => value === groups[i]));
  if (found === undefined) return null;
  const [high = 0, low = 0] = groups.slice(found.group, found.group + 2);
  // "any" and this machine, `::` and `::1`, are addresses of their own
  if (found.bits === 96 && groups.slice(0, 7).every((group) => group === 0)) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number);
    return [256 * (a ?? 0) + (b ?? 0), 256 * (c ?? 0) + (d ?? 0)].map((group) => group.toString(16)).join(':');
  });
  const [head = [], tail] = hex.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
}
