import { createHmac } from 'node:crypto';
import type { QuicVersion } from './versions.ts';

/** Of AEAD_AES_128_GCM, which protects every Initial. */
export type InitialKeys = { key: Buffer; iv: Buffer; hp: Buffer };

const [KEY_BYTES, IV_BYTES, SECRET_BYTES] = [16, 12, 32];

/** What a side's Initial packets are protected with: it follows from the connection id that the client first sent to (RFC 9001 5.2). */
export function initialKeys(version: QuicVersion, dcid: Uint8Array, side: 'client' | 'server'): InitialKeys {
  const initial = createHmac('sha256', version.salt).update(dcid).digest();
  const secret = expandLabel(initial, side === 'client' ? 'client in' : 'server in', SECRET_BYTES);
  const { key, iv, hp } = version.labels;
  return { key: expandLabel(secret, key, KEY_BYTES), iv: expandLabel(secret, iv, IV_BYTES), hp: expandLabel(secret, hp, KEY_BYTES) };
}

/** HKDF-Expand-Label of RFC 8446 7.1 with an empty context; one block of SHA-256 is enough for all that is asked of it. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`, 'latin1');
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}
