import { type HostPort, isIpv4, isIpv6, parsePort } from '../contract/addresses.ts';
import { crc32c } from './crc32c.ts';

/**
 * A PROXY protocol header, version 1 or 2. `source` is null when the header says nothing about the client (UNKNOWN, LOCAL, UNIX, UNSPEC):
 * then the socket's own addresses count. `length` bytes of the stream belong to it.
 */
export type ProxyHeader = { version: 1 | 2; length: number; source: HostPort | null; destination: HostPort | null };
export type ProxyResult = 'more' | 'no-match' | 'malformed' | ProxyHeader;

export const PROXY_V1_PREFIX = Buffer.from('PROXY ', 'latin1');
export const PROXY_V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** With its CRLF, as the specification bounds it. */
const MAX_V1 = 107;
const V2_HEAD = 16;
/** What follows the first 16 bytes of version 2; the specification allows 65,535, and nobody needs them. */
export const MAX_V2_BODY = 4096;
const [COMMAND_LOCAL, COMMAND_PROXY] = [0, 1];
/** Bytes of the address block by address family. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;
const [TCP4, TCP6] = [0x11, 0x21];
const TLV = { crc32c: 3 } as const;
const LF = 0x0a;

/** `raw` is everything that came so far. Nothing is kept between calls: the longest header is short, and it is read when it is whole. */
export function readProxyHeader(raw: Buffer): ProxyResult {
  if (beginsLike(raw, PROXY_V1_PREFIX)) return raw.length < PROXY_V1_PREFIX.length ? 'more' : readV1(raw);
  if (beginsLike(raw, PROXY_V2_SIGNATURE)) return readV2(raw);
  return 'no-match';
}

function beginsLike(raw: Buffer, prefix: Buffer): boolean {
  const length = Math.min(raw.length, prefix.length);
  return raw.compare(prefix, 0, length, 0, length) === 0;
}

function readV1(raw: Buffer): ProxyResult {
  const end = raw.subarray(0, MAX_V1).indexOf(LF);
  if (end < 0) return raw.length >= MAX_V1 ? 'malformed' : 'more';
  const line = raw.toString('latin1', 0, end);
  if (!line.endsWith('\r')) return 'malformed';
  const [, family, ...rest] = line.slice(0, -1).split(' ');
  if (/[\r\0]/.test(line.slice(0, -1))) return 'malformed';
  // "UNKNOWN" may be followed by anything, which is to be ignored.
  if (family === 'UNKNOWN') return { version: 1, length: end + 1, source: null, destination: null };
  const isAddress = family === 'TCP4' ? isIpv4 : family === 'TCP6' ? isIpv6 : null;
  const [from = '', to = '', fromPort = '', toPort = ''] = rest;
  const ports = [parsePort(fromPort), parsePort(toPort)];
  if (isAddress === null || rest.length !== 4 || !isAddress(from) || !isAddress(to)) return 'malformed';
  const [sourcePort, destinationPort] = ports;
  if (typeof sourcePort !== 'number' || typeof destinationPort !== 'number') return 'malformed';
  return { version: 1, length: end + 1, source: { host: from, port: sourcePort }, destination: { host: to, port: destinationPort } };
}

/** Each byte is judged as soon as it is there; addresses and TLVs when all are there. */
function readV2(raw: Buffer): ProxyResult {
  if (raw.length <= PROXY_V2_SIGNATURE.length) return 'more';
  const [command, version] = [raw.readUInt8(12) & 15, raw.readUInt8(12) >> 4];
  if (version !== 2 || command > COMMAND_PROXY) return 'malformed';
  if (raw.length < 14) return 'more';
  const [family, transport] = [raw.readUInt8(13) >> 4, raw.readUInt8(13) & 15];
  // Of LOCAL the family is ignored, whatever it says.
  const addressBytes = command === COMMAND_LOCAL ? 0 : ADDRESS_BYTES[family];
  if (addressBytes === undefined || (command === COMMAND_PROXY && transport > 2)) return 'malformed';
  if (raw.length < V2_HEAD) return 'more';
  const body = raw.readUInt16BE(14);
  if (body > MAX_V2_BODY || body < addressBytes) return 'malformed';
  const length = V2_HEAD + body;
  if (raw.length < length) return 'more';
  const silent: ProxyHeader = { version: 2, length, source: null, destination: null };
  if (command === COMMAND_LOCAL || family === 0) return silent;
  if (!tlvsAreGood(raw.subarray(0, length), V2_HEAD + addressBytes)) return 'malformed';
  const kind = raw.readUInt8(13);
  const [size, text] = kind === TCP4 ? [4, ipv4Text] : kind === TCP6 ? [16, ipv6Text] : [0, null];
  if (text === null) return silent;
  const ports = V2_HEAD + 2 * size;
  return {
    ...silent,
    source: { host: text(raw.subarray(V2_HEAD, V2_HEAD + size)), port: raw.readUInt16BE(ports) },
    destination: { host: text(raw.subarray(V2_HEAD + size, ports)), port: raw.readUInt16BE(ports + 2) },
  };
}

/** TLVs fill the rest of the header exactly, and a CRC32C among them is right. Unknown types and NOOP are skipped. */
function tlvsAreGood(header: Buffer, from: number): boolean {
  for (let at = from; at < header.length; ) {
    if (at + 3 > header.length) return false;
    const [type, size] = [header.readUInt8(at), header.readUInt16BE(at + 1)];
    const value = at + 3;
    at = value + size;
    if (at > header.length) return false;
    if (type !== TLV.crc32c) continue;
    if (size !== 4) return false;
    const zeroed = Buffer.from(header);
    zeroed.fill(0, value, at);
    if (crc32c(zeroed) !== header.readUInt32BE(value)) return false;
  }
  return true;
}

/** What is sent to a backend in front of the client's bytes. Two families are made one by writing IPv4 as ::ffff:a.b.c.d. */
export function formatProxyHeader(version: 'v1' | 'v2', source: HostPort, destination: HostPort): Buffer {
  const [from, to] = sameFamily(source, destination);
  const isV4 = isIpv4(from.host);
  if (version === 'v1') return Buffer.from(`PROXY ${isV4 ? 'TCP4' : 'TCP6'} ${from.host} ${to.host} ${from.port} ${to.port}\r\n`, 'latin1');
  const size = isV4 ? 4 : 16;
  const header = Buffer.alloc(V2_HEAD + 2 * size + 4);
  PROXY_V2_SIGNATURE.copy(header);
  header.writeUInt8(0x21, 12);
  header.writeUInt8(isV4 ? TCP4 : TCP6, 13);
  header.writeUInt16BE(2 * size + 4, 14);
  header.set(addressBytesOf(from.host), V2_HEAD);
  header.set(addressBytesOf(to.host), V2_HEAD + size);
  header.writeUInt16BE(from.port, V2_HEAD + 2 * size);
  header.writeUInt16BE(to.port, V2_HEAD + 2 * size + 2);
  return header;
}

function sameFamily(source: HostPort, destination: HostPort): [HostPort, HostPort] {
  const [from, to] = [plain(source), plain(destination)];
  if (isIpv4(from.host) === isIpv4(to.host)) return [from, to];
  const widened = (at: HostPort) => (isIpv4(at.host) ? { ...at, host: `::ffff:${at.host}` } : at);
  return [widened(from), widened(to)];
}

/** Without a zone, and the IPv4 address inside a mapped one. */
function plain({ host, port }: HostPort): HostPort {
  const address = host.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:([0-9.]+)$/.exec(address)?.[1];
  return { host: mapped !== undefined && isIpv4(mapped) ? mapped : address, port };
}

const ipv4Text = (bytes: Buffer): string => bytes.join('.');

/** The shortest text (RFC 5952), with an IPv4 tail when it is a mapped address. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') return `::ffff:${ipv4Text(bytes.subarray(12))}`;
  let [start, length] = [0, 1];
  for (let i = 0; i < 8; i += 1) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run += 1;
    if (run > length) [start, length] = [i, run];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** The 4 or 16 bytes of an address that is one. */
function addressBytesOf(host: string): Buffer {
  if (isIpv4(host)) return Buffer.from(host.split('.').map(Number));
  const tail = /^(.*:)([0-9.]+)$/.exec(host);
  const v4 = tail?.[2] !== undefined && isIpv4(tail[2]) ? Buffer.from(tail[2].split('.').map(Number)) : null;
  const text = v4 === null ? host : `${tail?.[1]}${v4.readUInt16BE(0).toString(16)}:${v4.readUInt16BE(2).toString(16)}`;
  const [left = '', right] = text.split('::');
  const head = left === '' ? [] : left.split(':');
  const end = right === undefined || right === '' ? [] : right.split(':');
  const bytes = Buffer.alloc(16);
  for (const [i, group] of head.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i);
  for (const [i, group] of end.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (end.length - i));
  return bytes;
}
