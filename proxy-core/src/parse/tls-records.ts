import { type ClientHello, parseClientHello } from './client-hello.ts';

export type HelloResult = 'more' | 'malformed' | 'not-client-hello' | 'too-large' | ClientHello;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const HANDSHAKE_HEADER = 4;
const MAX_RECORD = 16_384;
const MIN_COPY = 512;
export const MAX_HELLO = 65_536;
/** A hello of 64 KiB in records of a few bytes: more of the stream than this is never read, whatever the records hold. */
export const MAX_STREAM = 131_072;

/**
 * Reassembles one ClientHello from TLS records, however they and TCP cut it. Each byte is looked at once: the reader keeps its place, and
 * copies only when the hello spans records. Each record carries 1 to 16,384 bytes of type handshake; the hello is at most 64 KiB and ends
 * within the first 128 KiB of the stream. The memory it takes grows with what came, never with what a length field promises.
 */
export class HelloReader {
  /** next byte of the raw stream to look at */
  #at = 0;
  /** bytes of the current record not yet seen */
  #recordLeft = 0;
  #records = 0;
  /** handshake bytes seen, and the size of the whole message once its header is known */
  #seen = 0;
  #wanted = 0;
  /** while the message lies in one record: where it begins in the raw stream; afterwards its copy */
  #start = 0;
  #copy: Buffer | null = null;
  /** small enough to live in V8's heap: nothing to free per connection */
  readonly #header = new Uint8Array(HANDSHAKE_HEADER);

  /** Handshake bytes that came, and how many the message has (0 = its header is not there yet). */
  get progress(): { have: number; need: number } {
    return { have: this.#seen, need: this.#wanted };
  }

  /** `stream` is everything that came so far, from the first byte on; call it again with more bytes after 'more'. */
  read(stream: Buffer): HelloResult {
    const raw = stream.length > MAX_STREAM ? stream.subarray(0, MAX_STREAM) : stream;
    const result = this.#advance(raw);
    return result === 'more' && raw.length === MAX_STREAM ? 'too-large' : result;
  }

  #advance(raw: Buffer): HelloResult {
    for (;;) {
      if (this.#recordLeft === 0) {
        const header = this.#recordHeader(raw);
        if (header !== null) return header;
      }
      const length = Math.min(this.#recordLeft, raw.length - this.#at);
      if (length === 0) return 'more';
      const done = this.#fragment(raw, this.#at, length);
      this.#at += length;
      this.#recordLeft -= length;
      if (done !== null) return done;
    }
  }

  /** Steps over a record header; each of its bytes is judged as soon as it is there. */
  #recordHeader(raw: Buffer): HelloResult | null {
    const left = raw.length - this.#at;
    if (left >= 1 && raw[this.#at] !== HANDSHAKE) return 'malformed';
    if (left >= 2 && raw[this.#at + 1] !== 3) return 'malformed';
    if (left < RECORD_HEADER) return 'more';
    const length = raw.readUInt16BE(this.#at + 3);
    if (length === 0 || length > MAX_RECORD) return 'malformed';
    this.#at += RECORD_HEADER;
    this.#recordLeft = length;
    this.#records += 1;
    if (this.#records === 1) this.#start = this.#at;
    else if (this.#copy === null) {
      this.#copy = Buffer.alloc(Math.max(MIN_COPY, 2 * this.#seen));
      raw.copy(this.#copy, 0, this.#start, this.#start + this.#seen);
    }
    return null;
  }

  #fragment(raw: Buffer, from: number, length: number): HelloResult | null {
    if (this.#wanted === 0) {
      for (let i = 0; i < length && this.#seen + i < HANDSHAKE_HEADER; i += 1) this.#header[this.#seen + i] = raw[from + i] ?? 0;
      if (this.#header[0] !== CLIENT_HELLO) return 'not-client-hello';
      if (this.#seen + length >= HANDSHAKE_HEADER) {
        const [, high = 0, middle = 0, low = 0] = this.#header;
        const size = (high << 16) | (middle << 8) | low;
        if (size > MAX_HELLO) return 'too-large';
        this.#wanted = HANDSHAKE_HEADER + size;
      }
    }
    // A second message may be packed behind the hello in its last record: it is forwarded, not read.
    const wanted = this.#wanted === 0 ? length : Math.min(length, this.#wanted - this.#seen);
    if (this.#copy !== null) this.#keep(raw.subarray(from, from + wanted));
    this.#seen += wanted;
    if (this.#wanted === 0 || this.#seen < this.#wanted) return null;
    const [bytes, start] = this.#copy === null ? [raw, this.#start] : [this.#copy, 0];
    return parseClientHello(bytes, start + HANDSHAKE_HEADER, start + this.#wanted) ?? 'malformed';
  }

  #keep(fragment: Buffer): void {
    if (this.#copy === null) return;
    const length = this.#seen + fragment.length;
    if (length > this.#copy.length) {
      const grown = Buffer.alloc(Math.max(length, 2 * this.#copy.length));
      this.#copy.copy(grown, 0, 0, this.#seen);
      this.#copy = grown;
    }
    this.#copy.set(fragment, this.#seen);
  }
}
