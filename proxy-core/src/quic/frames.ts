import { readVarint } from './varint.ts';

export type CryptoFrame = { offset: number; data: Buffer };

const FRAME = { padding: 0, ping: 1, ack: 2, ackEcn: 3, crypto: 6, close: 0x1c } as const;
const MAX_FRAMES = 512;

/**
 * The CRYPTO frames of an Initial's payload. Null = a frame that is cut short or has no place in an Initial (RFC 9000 12.4), or more frames
 * than anybody sends. Padding may be anywhere.
 */
export function readCryptoFrames(payload: Buffer): CryptoFrame[] | null {
  const frames: CryptoFrame[] = [];
  let at = 0;
  for (let count = 0; at < payload.length; ) {
    const type = payload[at];
    at += 1;
    if (type === FRAME.padding) continue;
    count += 1;
    if (count > MAX_FRAMES) return null;
    if (type === FRAME.ping) continue;
    if (type === FRAME.crypto) {
      const offset = readVarint(payload, at);
      const length = offset === null ? null : readVarint(payload, offset.end);
      if (offset === null || length === null || length.value > payload.length - length.end) return null;
      at = length.end + length.value;
      frames.push({ offset: offset.value, data: payload.subarray(length.end, at) });
      continue;
    }
    const end = type === FRAME.ack || type === FRAME.ackEcn ? skipAck(payload, at, type === FRAME.ackEcn) : closeEnd(payload, at, type);
    if (end === null) return null;
    at = end;
  }
  return frames;
}

/** Largest, delay, how many ranges, the first range, then pairs, then three counts with ECN. */
function skipAck(payload: Buffer, from: number, hasEcn: boolean): number | null {
  let at = from;
  let left = 4;
  for (let i = 0; i < left; i += 1) {
    const field = readVarint(payload, at);
    if (field === null) return null;
    if (i === 2) {
      if (field.value > payload.length) return null;
      left += 2 * field.value + (hasEcn ? 3 : 0);
    }
    at = field.end;
  }
  return at;
}

/** CONNECTION_CLOSE of the transport: error, frame type, reason. */
function closeEnd(payload: Buffer, from: number, type: number | undefined): number | null {
  if (type !== FRAME.close) return null;
  const error = readVarint(payload, from);
  const frameType = error === null ? null : readVarint(payload, error.end);
  const size = frameType === null ? null : readVarint(payload, frameType.end);
  if (size === null || size.value > payload.length - size.end) return null;
  return size.end + size.value;
}
