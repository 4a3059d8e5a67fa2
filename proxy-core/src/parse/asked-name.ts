import { isHostName, isIp } from '../contract/addresses.ts';

const MAX_NAME_BYTES = 254;

/**
 * A name that a client asks for, as bytes of SNI or Host: lower case, one trailing dot stripped for matching (the bytes are forwarded untouched).
 * Null when it is not a DNS name in ASCII: empty labels, labels over 63, 254 and more characters, and anything but letters, digits, "-", "_", ".".
 */
export function parseAskedName(text: string): string | null {
  if (text.length === 0 || text.length > MAX_NAME_BYTES) return null;
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  return isHostName(name) ? name : null;
}

/** "a.example", "a.example:8080", "a.example:", "10.0.0.1:80", "[::1]:80": RFC 3986 authority without user. Null when it is anything else. */
export function parseAuthority(text: string): { host: string; port: number | null } | null {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,254}))(?::([0-9]{0,5}))?$/.exec(text);
  if (!match) return null;
  const port = match[3] === undefined || match[3] === '' ? null : Number(match[3]);
  if (port !== null && (port === 0 || port > 65_535)) return null;
  const literal = match[1] ?? match[2] ?? '';
  if (match[1] !== undefined) return isIp(literal) && literal.includes(':') ? { host: literal.toLowerCase(), port } : null;
  if (isIp(literal)) return { host: literal, port };
  const host = parseAskedName(literal);
  return host === null ? null : { host, port };
}
