/** 8 or 32 hex digits as /proc/net prints them: 32-bit words in the node's own byte order. */
export function formatHost(hex: string, littleEndian: boolean): string | null {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return null;
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = (word.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    return littleEndian ? four.reverse() : four;
  });
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) return bytes.slice(12).join('.');
  return formatIpv6(bytes);
}

/** `host:port`, an IPv6 host in brackets; a bare host, or a bare port as `:443`; null for what is no address. */
export function formatAddress(hex: string, littleEndian: boolean): string | null {
  if (/^[0-9A-F]{4}$/.test(hex)) return `:${Number.parseInt(hex, 16)}`;
  const [hostHex = '', portHex] = hex.split(':');
  const host = formatHost(hostHex, littleEndian);
  if (host === null || portHex === undefined) return host;
  if (!/^[0-9A-F]{4}$/.test(portHex)) return null;
  const port = Number.parseInt(portHex, 16);
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** RFC 5952: the longest run of two or more zero groups is `::`. */
function formatIpv6(bytes: number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16));
  let [best, length] = [-1, 1];
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === '0') to++;
    if (to - from > length) [best, length] = [from, to - from];
  }
  if (best < 0) return groups.join(':');
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`;
}
