import { readVarint } from './varint.ts';

const [VERSION_BYTES, RANDOM_BYTES] = [2, 32];
const QUIC_TRANSPORT_PARAMETERS = 0x39;
const MAX_IDLE_TIMEOUT = 1;

/**
 * The max_idle_timeout that a client announces (RFC 9000 18.2), in ms: after so long without a packet it has forgotten the connection
 * (10.1). Null = it announces none. `start` and `end` are those of a ClientHello's body that parseClientHello has accepted.
 */
export function clientIdleTimeout(bytes: Buffer, start: number, end: number): number | null {
  const parameters = extension(bytes.subarray(start, end), QUIC_TRANSPORT_PARAMETERS);
  for (let at = 0; parameters !== null && at < parameters.length; ) {
    const id = readVarint(parameters, at);
    const length = id === null ? null : readVarint(parameters, id.end);
    if (id === null || length === null) return null;
    if (id.value === MAX_IDLE_TIMEOUT) return readVarint(parameters, length.end)?.value || null;
    at = length.end + length.value;
  }
  return null;
}

function extension(hello: Buffer, wanted: number): Buffer | null {
  let at = VERSION_BYTES + RANDOM_BYTES;
  at += 1 + (hello[at] ?? 0);
  at += 2 + (at + 2 <= hello.length ? hello.readUInt16BE(at) : 0);
  at += 1 + (hello[at] ?? 0);
  at += 2;
  while (at + 4 <= hello.length) {
    const length = hello.readUInt16BE(at + 2);
    if (hello.readUInt16BE(at) === wanted) return hello.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return null;
}
