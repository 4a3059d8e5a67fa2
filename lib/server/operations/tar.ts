import { createReadStream } from 'node:fs';

// POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format"): blocks of 512 bytes, a header and the padded content for each file.
const BLOCK = 512;
const OCTAL_MOST = 0o77777777777;

export type TarSource = { name: string; size: number; file: string } | { name: string; bytes: Buffer };

/** An archive of regular files, as chunks. A file that has not its size any more ends it with an error. */
export async function* tarOf(sources: readonly TarSource[], mtimeSeconds: number): AsyncGenerator<Buffer, void, undefined> {
  for (const source of sources) {
    const size = 'bytes' in source ? source.bytes.length : source.size;
    yield header(source.name, size, mtimeSeconds);
    let written = 0;
    const content = 'bytes' in source ? [source.bytes] : createReadStream(source.file);
    for await (const chunk of content) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== size) throw new Error(`${source.name} had ${size} bytes and now has ${written}: it changed while it was read`);
    yield Buffer.alloc(padding(size));
  }
  yield Buffer.alloc(2 * BLOCK);
}

export type TarEntry = {
  name: string;
  size: number /** to be read to its end before the next entry is asked for */;
  content: AsyncIterable<Buffer>;
};

/** The regular files of an archive, in its order. Throws on anything else in it: links, devices, folders, damage. */
export async function* tarEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = byteReader(chunks);
  for (;;) {
    const head = await bytes.exactly(BLOCK);
    if (head.every((byte) => byte === 0)) return;
    const { name, size } = parseHeader(head);
    let left = size;
    async function* content(): AsyncGenerator<Buffer, void, undefined> {
      while (left > 0) {
        const chunk = await bytes.upTo(left);
        left -= chunk.length;
        yield chunk;
      }
    }
    yield { name, size, content: content() };
    if (left > 0) throw new Error(`the archive's ${JSON.stringify(name)} was not read to its end`);
    await bytes.exactly(padding(size));
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

function header(name: string, size: number, mtimeSeconds: number): Buffer {
  const head = Buffer.alloc(BLOCK);
  const cut = name.length <= 100 ? -1 : name.lastIndexOf('/', 155);
  if (name.length > 100 && (cut < 1 || name.length - cut - 1 > 100)) throw new Error(`the name ${name} is too long for an archive`);
  head.write(cut < 0 ? name : name.slice(cut + 1), 0, 100, 'utf8');
  head.write('0000600\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  if (size <= OCTAL_MOST) head.write(`${octal(size, 11)}\0`, 124);
  else {
    // GNU: larger than 8 GiB in base 256, marked by the first bit
    head.writeUInt8(0x80, 124);
    head.writeBigUInt64BE(BigInt(size), 128);
  }
  head.write(`${octal(mtimeSeconds, 11)}\0`, 136);
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\x0000', 257, 'latin1');
  if (cut >= 0) head.write(name.slice(0, cut), 345, 155, 'utf8');
  head.write(`${octal(checksum(head), 6)}\0 `, 148);
  return head;
}

function parseHeader(head: Buffer): { name: string; size: number } {
  if (head.toString('latin1', 257, 262) !== 'ustar' || Number.parseInt(text(head, 148, 8), 8) !== checksum(head))
    throw new Error('the archive is damaged: a header in it is none');
  const type = head.toString('latin1', 156, 157);
  const prefix = text(head, 345, 155);
  const name = prefix === '' ? text(head, 0, 100) : `${prefix}/${text(head, 0, 100)}`;
  if (type !== '0' && type !== '\0') throw new Error(`the archive's ${JSON.stringify(name)} is no regular file`);
  const size = head.readUInt8(124) === 0x80 ? Number(head.readBigUInt64BE(128)) : Number.parseInt(text(head, 124, 12), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new Error(`the archive does not say how large ${JSON.stringify(name)} is`);
  return { name, size };
}

const octal = (value: number, digits: number): string => Math.floor(value).toString(8).padStart(digits, '0');
const text = (head: Buffer, from: number, length: number): string => {
  const field = head.toString('utf8', from, from + length);
  return field.slice(0, field.indexOf('\0') < 0 ? length : field.indexOf('\0'));
};
/** Of all bytes, with the field of the sum itself as spaces. */
const checksum = (head: Buffer): number => head.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);

/** Chunks as bytes that can be asked for; throws when there are fewer. */
function byteReader(chunks: AsyncIterable<Buffer>) {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const fill = async () => {
    while (rest.length === 0) {
      const next = await source.next();
      if (next.done) throw new Error('the archive is cut off');
      rest = next.value;
    }
  };
  const upTo = async (most: number): Promise<Buffer> => {
    await fill();
    const taken = rest.subarray(0, most);
    rest = rest.subarray(taken.length);
    return taken;
  };
  return {
    upTo,
    async exactly(length: number): Promise<Buffer> {
      const parts: Buffer[] = [];
      for (let left = length; left > 0; ) {
        const part = await upTo(left);
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    },
  };
}
