import { createHash, randomBytes } from 'node:crypto';

const PING = 0x9;
const PONG = 0xa;
/** RFC 6455 §1.3 */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export const acceptKey = (key: string) =>
  createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
export const newKey = () => randomBytes(16).toString('base64');

/** A ping as a client sends it: final, masked, 4 bytes of payload. */
export function pingFrame(): Buffer {
  const mask = randomBytes(4);
  const payload = randomBytes(4);
  return Buffer.concat([Buffer.from([0x80 | PING, 0x80 | payload.length]), mask, payload.map((byte, i) => byte ^ (mask[i] ?? 0))]);
}

/** Answers pings with pongs; everything else is read and dropped. Frames are short (≤ 125 bytes) on both sides of the demo. */
export function createPonger(send: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const [first = 0, second = 0] = rest;
      const length = second & 0x7f;
      const head = second & 0x80 ? 6 : 2;
      if (rest.length < 2 || rest.length < head + length) return;
      const mask = rest.subarray(2, head);
      const payload = rest.subarray(head, head + length).map((byte, i) => (mask.length === 4 ? byte ^ (mask[i % 4] ?? 0) : byte));
      rest = rest.subarray(head + length);
      if ((first & 0xf) === PING) send(Buffer.concat([Buffer.from([0x80 | PONG, length]), payload]));
    }
  };
}
