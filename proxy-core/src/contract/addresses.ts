/** Addresses as text, without node's builtins: the console checks configs with the same code in a browser. */

export type HostPort = { host: string; port: number };

const V4_PART = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const V4 = new RegExp(`^${V4_PART}(?:[.]${V4_PART}){3}$`);

export const isIpv4 = (text: string): boolean => V4.test(text);

/** RFC 4291 text forms, with an optional IPv4 tail; no zone. */
export function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45 || !/^[0-9A-Fa-f:.]+$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [i, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [j, part] of parts.entries()) {
      const isTail = i === halves.length - 1 && j === parts.length - 1;
      if (isTail && part.includes('.') && isIpv4(part)) groups += 2;
      else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

export const isIp = (text: string): boolean => isIpv4(text) || isIpv6(text);

/** A whole number from 0 to 65535 without leading zeros, else null. */
export function parsePort(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}

/** "IP:port" or "[IPv6]:port". Port 0 lets the system choose. */
export function parseIpPort(text: string): HostPort | null {
  const parsed = splitHostPort(text);
  return parsed !== null && isIp(parsed.host) ? parsed : null;
}

/** "host:port", "IP:port" or "[IPv6]:port", where port is not 0. */
export function parseHostPort(text: string): HostPort | null {
  const parsed = splitHostPort(text);
  if (parsed === null || parsed.port === 0) return null;
  return isIp(parsed.host) || isHostName(parsed.host) ? parsed : null;
}

function splitHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):([0-9]+)$/.exec(text);
  if (!match) return null;
  const port = parsePort(match[3] ?? '');
  if (port === null) return null;
  if (match[1] !== undefined) return isIpv6(match[1]) ? { host: match[1].toLowerCase(), port } : null;
  return { host: (match[2] ?? '').toLowerCase(), port };
}

export const formatHostPort = ({ host, port }: HostPort): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** "10.0.0.0/8", "fd00::/8" or a single address. */
export function parseCidr(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIpv4(address) ? 'ipv4' : isIpv6(address) ? 'ipv6' : null;
  if (family === null || rest.length > 0) return null;
  const most = family === 'ipv4' ? 32 : 128;
  if (bits === undefined) return { address, prefix: most, family };
  return /^(?:0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= most ? { address, prefix: Number(bits), family } : null;
}

const MAX_NAME = 253;
/** A label ends at its dot alone, so matching takes time linear in the name. */
const NAME = /^(?:[A-Za-z0-9_-]{1,63}[.])*[A-Za-z0-9_-]{1,63}$/;
const NUMERIC_END = /(?:^|[.])[0-9]+$/;

/** A DNS name in its ASCII form, without trailing dot: letters, digits, "-" and "_" in labels of 1 to 63. An all-numeric last label is no name. */
export function isHostName(text: string): boolean {
  return text.length <= MAX_NAME && NAME.test(text) && !NUMERIC_END.test(text);
}
