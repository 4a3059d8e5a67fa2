import { readVarint } from './varint.ts';
import { type QuicVersion, quicVersionOf } from './versions.ts';

/**
 * One packet of a datagram as its unprotected header bits show it. Offsets count from the start of the datagram; `end` is where the next
 * coalesced packet begins. Connection ids are views of the datagram.
 */
export type QuicPacket =
  | { kind: 'short' }
  | { kind: 'version-negotiation'; dcid: Buffer; scid: Buffer; versions: readonly number[] }
  | { kind: 'unknown-version'; version: number; dcid: Buffer; scid: Buffer }
  | { kind: 'retry'; version: QuicVersion; dcid: Buffer; scid: Buffer; token: Buffer }
  | (Long & { kind: 'initial'; token: Buffer })
  | (Long & { kind: 'zero-rtt' | 'handshake' });
type Long = { version: QuicVersion; dcid: Buffer; scid: Buffer; start: number; numberAt: number; end: number };

/** RFC 9000 17.2: of the versions that are known. RFC 8999 allows 255 in others. */
const MAX_ID = 20;
const RETRY_TAG = 16;
/** A packet number of up to 4 bytes and the sample that header protection takes behind it. */
export const SAMPLE_OFFSET = 4;
export const SAMPLE_BYTES = 16;

/** Null = malformed: a length that does not fit, a connection id that is too long, the fixed bit unset. */
export function readPacket(datagram: Buffer, start: number): QuicPacket | null {
  const first = datagram[start];
  if (first === undefined) return null;
  if (first < 0x80) return first < 0x40 ? null : { kind: 'short' };
  if (datagram.length - start < 7) return null;
  const id = datagram.readUInt32BE(start + 1);
  const dcid = readId(datagram, start + 5);
  const scid = dcid === null ? null : readId(datagram, dcid.end);
  if (dcid === null || scid === null) return null;
  const ids = { dcid: dcid.bytes, scid: scid.bytes };
  if (id === 0) {
    const list = datagram.subarray(scid.end);
    if (list.length === 0 || list.length % 4 !== 0) return null;
    return { kind: 'version-negotiation', ...ids, versions: Array.from({ length: list.length / 4 }, (_, i) => list.readUInt32BE(4 * i)) };
  }
  const version = quicVersionOf(id);
  if (version === null) return { kind: 'unknown-version', version: id, ...ids };
  if (first < 0xc0 || ids.dcid.length > MAX_ID || ids.scid.length > MAX_ID) return null;
  return readLong(datagram, start, scid.end, (first >> 4) & 3, version, ids);
}

function readLong(
  datagram: Buffer,
  start: number,
  from: number,
  type: number,
  version: QuicVersion,
  ids: { dcid: Buffer; scid: Buffer },
): QuicPacket | null {
  const { types } = version;
  if (type === types.retry) {
    // The token takes what is left before the integrity tag.
    if (datagram.length - from <= RETRY_TAG) return null;
    return { kind: 'retry', version, ...ids, token: datagram.subarray(from, datagram.length - RETRY_TAG) };
  }
  let at = from;
  let token = datagram.subarray(0, 0);
  if (type === types.initial) {
    const size = readVarint(datagram, at);
    if (size === null || size.value > datagram.length - size.end) return null;
    token = datagram.subarray(size.end, size.end + size.value);
    at = size.end + size.value;
  }
  const length = readVarint(datagram, at);
  if (length === null || length.value > datagram.length - length.end) return null;
  if (length.value < SAMPLE_OFFSET + SAMPLE_BYTES) return null;
  const long = { version, ...ids, start, numberAt: length.end, end: length.end + length.value };
  if (type === types.initial) return { kind: 'initial', ...long, token };
  return { kind: type === types.handshake ? 'handshake' : 'zero-rtt', ...long };
}

function readId(datagram: Buffer, at: number): { bytes: Buffer; end: number } | null {
  const size = datagram[at];
  if (size === undefined || at + 1 + size > datagram.length) return null;
  return { bytes: datagram.subarray(at + 1, at + 1 + size), end: at + 1 + size };
}
