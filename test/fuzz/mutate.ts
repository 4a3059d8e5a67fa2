import type { Random } from './random.ts';

/** Inputs larger than this say nothing new: every cap of the parsers lies below. */
const MAX_INPUT = 140_000;
const USUAL_INPUT = 4096;
const EDGES = [
  0, 1, 2, 3, 4, 5, 0x0a, 0x0d, 0x10, 0x14, 0x15, 0x16, 0x17, 0x20, 0x2e, 0x3a, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff,
] as const;
const WORDS = [
  'Host: ', 'host', '\r\n', '\r\n\r\n', ' HTTP/1.1', ' HTTP/1.0', 'GET ', 'CONNECT ', 'http://', ':443', '[::1]', '%00', '@', ':authority', 'SSH-2.0-',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PROXY ', 'TCP4', 'TCP6', 'UNKNOWN', '127.0.0.1', '65536', '\0', '\r\n\r\n\0\r\nQUIT\n', 'a.example', '.', '*',
  '\x16\x03\x01', '\x15\x03\x03', '\x14\x03\x03\0\x01\x01', '\0\0', '\xff\xff', '\0\x10', '\xfe\x0d', '\x6b\x33\x43\xcf', '\x3f\xe1\x1f', '\x82\x86\x84',
] as const; // biome-ignore format: one list

/** One to eight small changes. `other` is spliced in now and then. */
export function mutate(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let left = 1 + random.below(random.below(4) === 0 ? 8 : 2); left > 0; left -= 1) bytes = change(bytes, other, random);
  return bytes.length > MAX_INPUT ? bytes.subarray(0, MAX_INPUT) : bytes;
}

function change(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(10)) {
    case 0: // one bit
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1: // one byte
      if (at < bytes.length) bytes[at] = random.pick(EDGES);
      return bytes;
    case 2: // a length up or down
      if (at < bytes.length) bytes[at] = ((bytes[at] ?? 0) + random.pick([-16, -2, -1, 1, 2, 16])) & 255;
      return bytes;
    case 3: // two bytes
      if (at + 2 <= bytes.length) bytes.writeUInt16BE(random.pick([0, 1, 0xff, 0x100, 0x4000, 0x4001, 0x7fff, 0xffff]), at);
      return bytes;
    case 4: {
      // a piece gone
      const size = 1 + random.below(random.pick([1, 4, 16, 64]));
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    }
    case 5: // the end gone
      return bytes.subarray(0, at);
    case 6: // a word put in
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(WORDS), 'latin1'), bytes.subarray(at)]);
    case 7: {
      // a piece twice, or many times
      const size = 1 + random.below(random.pick([1, 4, 16, 64]));
      const piece = bytes.subarray(at, at + size);
      const times = bytes.length > USUAL_INPUT ? 1 : random.below(500) === 0 ? 1 + random.below(2000) : 1;
      return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(times).fill(piece), bytes.subarray(at)]);
    }
    case 8: {
      // a piece of another input
      const from = random.below(other.length + 1);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + 1 + random.below(64)), bytes.subarray(at)]);
    }
    default: // the head of this, the tail of the other
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
  }
}
