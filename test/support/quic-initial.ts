import { createCipheriv } from 'node:crypto';
import { initialKeys } from '../../proxy-core/src/quic/initial-keys.ts';
import { headerMask, nonceOf } from '../../proxy-core/src/quic/open-initial.ts';
import { QUIC_V1, type QuicVersion } from '../../proxy-core/src/quic/versions.ts';

/** RFC 9000 16: the shortest form, or four bytes at least `bytes`. */
export function varint(value: number, bytes = 1): Buffer {
  if (value < 64 && bytes === 1) return Buffer.from([value]);
  if (value < 16_384 && bytes <= 2) return Buffer.from([0x40 | (value >> 8), value & 255]);
  const long = Buffer.alloc(4);
  long.writeUInt32BE((0x8000_0000 | value) >>> 0);
  return long;
}

export const cryptoFrame = (offset: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([6]), varint(offset), varint(data.length), data]);

export type Sealed = {
  version?: QuicVersion;
  dcid?: Buffer;
  scid?: Buffer;
  token?: Buffer;
  packetNumber?: number;
  /** bytes that the packet number is sent in */
  numberBytes?: number;
  /** the payload is padded so that the packet has at least this many bytes */
  size?: number;
  /** ORed into the first byte before it is protected */
  firstBits?: number;
  /** from which the keys come, when not from `dcid` */
  keysFrom?: Buffer;
};

export const DCID = Buffer.from('8394c8f03e515708', 'hex');

/** A client's Initial packet around the given frames, protected as RFC 9001 5 says. */
export function sealInitial(frames: Buffer, options: Sealed = {}): Buffer {
  const {
    version = QUIC_V1,
    dcid = DCID,
    scid = Buffer.alloc(0),
    token = Buffer.alloc(0),
    packetNumber = 0,
    numberBytes = 4,
    size = 0,
  } = options;
  const first = 0xc0 | (version.types.initial << 4) | (numberBytes - 1) | (options.firstBits ?? 0);
  const id = Buffer.alloc(4);
  id.writeUInt32BE(version.id);
  const number = Buffer.alloc(numberBytes);
  number.writeUIntBE(packetNumber, 0, numberBytes);
  const ids = Buffer.concat([Buffer.from([dcid.length]), dcid, Buffer.from([scid.length]), scid, varint(token.length), token]);
  const front = 1 + id.length + ids.length + 2 + numberBytes;
  const payload = Buffer.concat([frames, Buffer.alloc(Math.max(0, size - front - frames.length - 16, 4 - frames.length))]);
  const header = Buffer.concat([Buffer.from([first]), id, ids, varint(numberBytes + payload.length + 16, 2), number]);
  const keys = initialKeys(version, options.keysFrom ?? dcid, 'client');
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonceOf(keys.iv, packetNumber), { authTagLength: 16 });
  cipher.setAAD(header);
  const sealed = Buffer.concat([header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const numberAt = header.length - numberBytes;
  const mask = headerMask(keys.hp, sealed.subarray(numberAt + 4, numberAt + 20));
  sealed[0] = (sealed[0] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  for (let i = 0; i < numberBytes; i += 1) sealed[numberAt + i] = (sealed[numberAt + i] ?? 0) ^ (mask[1 + i] ?? 0);
  return sealed;
}
