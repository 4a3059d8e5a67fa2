import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { InitialKeys } from './initial-keys.ts';
import { type QuicPacket, SAMPLE_BYTES, SAMPLE_OFFSET } from './packet.ts';

export type OpenedInitial = { packetNumber: number; payload: Buffer };

const TAG_BYTES = 16;
const RESERVED_BITS = 0x0c;

/**
 * Takes header and packet protection off an Initial (RFC 9001 5). The datagram is left as it is. 'undecryptable' = it was not protected with
 * these keys, or was damaged: such packets are to be discarded. 'malformed' = its sender broke RFC 9000 17.2 (reserved bits, no frames).
 */
export function openInitial(
  datagram: Buffer,
  packet: Extract<QuicPacket, { kind: 'initial' }>,
  keys: InitialKeys,
): OpenedInitial | 'undecryptable' | 'malformed' {
  const sampleAt = packet.numberAt + SAMPLE_OFFSET;
  const mask = headerMask(keys.hp, datagram.subarray(sampleAt, sampleAt + SAMPLE_BYTES));
  const first = (datagram[packet.start] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  const numberBytes = (first & 3) + 1;
  const header = Buffer.from(datagram.subarray(packet.start, packet.numberAt + numberBytes));
  header[0] = first;
  const numberAt = packet.numberAt - packet.start;
  for (let i = 0; i < numberBytes; i += 1) header[numberAt + i] = (header[numberAt + i] ?? 0) ^ (mask[1 + i] ?? 0);
  // A client's first packets have small numbers, so what is sent of the number is the whole of it.
  const packetNumber = header.readUIntBE(numberAt, numberBytes);
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonceOf(keys.iv, packetNumber), { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(datagram.subarray(packet.end - TAG_BYTES, packet.end));
  const payload = decipher.update(datagram.subarray(packet.numberAt + numberBytes, packet.end - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return 'undecryptable';
  }
  return (first & RESERVED_BITS) !== 0 || payload.length === 0 ? 'malformed' : { packetNumber, payload };
}

/** RFC 9001 5.4.3 */
export const headerMask = (hp: Buffer, sample: Uint8Array): Buffer =>
  createCipheriv('aes-128-ecb', hp, null).setAutoPadding(false).update(sample);

/** RFC 9001 5.3 */
export function nonceOf(iv: Buffer, packetNumber: number): Buffer {
  const nonce = Buffer.from(iv);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ packetNumber) >>> 0, 8);
  return nonce;
}
