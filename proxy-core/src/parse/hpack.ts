import { decodeHuffman } from './huffman.ts';

export type Field = readonly [name: string, value: string];

/** Before it has seen our SETTINGS a client may use no larger dynamic table than this (RFC 9113 6.5.2). */
const DEFAULT_TABLE = 4096;
/** RFC 7541 4.1: what an entry costs beside its text. */
const ENTRY_OVERHEAD = 32;
/** An integer of more continuation bytes is refused: it would be larger than anything that is allowed. */
const MAX_INTEGER_BYTES = 4;

const STATIC: readonly Field[] = [
  ...[[':authority', ''] as const, [':method', 'GET'] as const, [':method', 'POST'] as const, [':path', '/'] as const],
  ...[[':path', '/index.html'] as const, [':scheme', 'http'] as const, [':scheme', 'https'] as const],
  ...['200', '204', '206', '304', '400', '404', '500'].map((status) => [':status', status] as const),
  ...[['accept-charset', ''] as const, ['accept-encoding', 'gzip, deflate'] as const],
  ...(
    'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition ' +
    'content-encoding content-language content-length content-location content-range content-type cookie date etag expect expires from ' +
    'host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards ' +
    'proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security ' +
    'transfer-encoding user-agent vary via www-authenticate'
  )
    .split(' ')
    .map((name) => [name, ''] as const),
];

/**
 * Decodes header blocks (RFC 7541), which share one dynamic table. A block that is wrong in any way gives null, and the decoder is then of no
 * further use. What comes out of one block is bounded by `maxBytes`, counted as RFC 7541 counts entries: a block of a few hundred bytes may
 * otherwise name a large entry thousands of times.
 */
export class HpackDecoder {
  readonly #maxBytes: number;
  readonly #limit: number;
  #tableLimit: number;
  #tableBytes = 0;
  /** newest first */
  readonly #table: Field[] = [];

  constructor({ maxBytes, tableBytes = DEFAULT_TABLE }: { maxBytes: number; tableBytes?: number }) {
    this.#maxBytes = maxBytes;
    this.#limit = tableBytes;
    this.#tableLimit = tableBytes;
  }

  get table(): { bytes: number; entries: readonly Field[] } {
    return { bytes: this.#tableBytes, entries: this.#table };
  }

  decode(block: Buffer): Field[] | null {
    const reader = new BlockReader(block);
    const fields: Field[] = [];
    let bytes = 0;
    while (reader.left > 0) {
      const first = reader.peek();
      if (first >= 0x20 && first < 0x40) {
        // RFC 7541 4.2: a change of the table's size comes before the fields of a block.
        const size = reader.integer(5);
        if (fields.length > 0 || size === null || size > this.#limit) return null;
        this.#tableLimit = size;
        this.#evict();
        continue;
      }
      const field = this.#field(reader, first);
      if (field === null) return null;
      bytes += cost(field);
      if (bytes > this.#maxBytes) return null;
      fields.push(field);
    }
    return fields;
  }

  #field(reader: BlockReader, first: number): Field | null {
    if (first >= 0x80) return this.#entry(reader.integer(7));
    const isIndexed = first >= 0x40;
    const index = reader.integer(isIndexed ? 6 : 4);
    if (index === null) return null;
    const name = index === 0 ? reader.string() : (this.#entry(index)?.[0] ?? null);
    const value = name === null ? null : reader.string();
    if (name === null || value === null) return null;
    const field: Field = [name, value];
    if (isIndexed) {
      this.#table.unshift(field);
      this.#tableBytes += cost(field);
      this.#evict();
    }
    return field;
  }

  #entry(index: number | null): Field | null {
    if (index === null || index === 0) return null;
    return (index <= STATIC.length ? STATIC[index - 1] : this.#table[index - 1 - STATIC.length]) ?? null;
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableLimit) {
      const oldest = this.#table.pop();
      if (oldest === undefined) return;
      this.#tableBytes -= cost(oldest);
    }
  }
}

const cost = ([name, value]: Field): number => name.length + value.length + ENTRY_OVERHEAD;

/** Null = the block ends too early, or says what no encoder may. */
class BlockReader {
  readonly #block: Buffer;
  #at = 0;
  constructor(block: Buffer) {
    this.#block = block;
  }
  get left(): number {
    return this.#block.length - this.#at;
  }
  peek(): number {
    return this.#block[this.#at] ?? 0;
  }

  /** RFC 7541 5.1, with a prefix of `bits` bits. */
  integer(bits: number): number | null {
    if (this.left === 0) return null;
    const most = 2 ** bits - 1;
    let value = this.peek() & most;
    this.#at += 1;
    if (value < most) return value;
    for (let i = 0; i < MAX_INTEGER_BYTES; i += 1) {
      if (this.left === 0) return null;
      const byte = this.peek();
      this.#at += 1;
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    return null;
  }

  string(): string | null {
    const isHuffman = this.peek() >= 0x80;
    const length = this.integer(7);
    if (length === null || length > this.left) return null;
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    this.#at += length;
    return isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1');
  }
}
