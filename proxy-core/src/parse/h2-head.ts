import { parseAuthority } from './asked-name.ts';
import { type Field, HpackDecoder } from './hpack.ts';

/** What the first request of an HTTP/2 connection asks for. `name` is null when it names no host. */
export type H2Head = { name: string | null; port: number | null };
export type H2Result = 'more' | 'malformed' | 'too-large' | 'connect' | H2Head;

export const H2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FRAME_HEADER = 9;
const FRAME = { headers: 1, priority: 2, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 } as const;
/** Frames of these types have no place before the first HEADERS: DATA, RST_STREAM, PUSH_PROMISE, GOAWAY. */
const NOT_FIRST = new Set([0, 3, 5, 7]);
const FLAG = { ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;
/** SETTINGS_MAX_FRAME_SIZE, which a client may not exceed before it has seen other SETTINGS. */
const MAX_FRAME = 16_384;
/** Frames before the first HEADERS, and of its block. */
const MAX_FRAMES = 32;
/** The block as it is sent, and as it is unpacked. */
export const MAX_BLOCK = 16_384;
const MAX_FIELDS_BYTES = 65_536;
const MAX_FIELDS = 100;
/** Everything that is read until the name is known. */
const MAX_STREAM = 65_536;

const NAME = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PSEUDO = new Set([':method', ':scheme', ':path', ':authority']);

/**
 * Reads an HTTP/2 connection with prior knowledge (RFC 9113 3.3) up to the end of its first header block. The preface has been seen already
 * when it is made. Each frame is judged by its header, before its payload is waited for.
 *
 * Some clients (gRPC's) ask nothing before they have the server's SETTINGS, and which server that is is known only when they ask. Such a
 * client is greeted with an empty SETTINGS frame, which changes no default and which the backend's own may follow. It acknowledges each
 * (RFC 9113 6.5.3): the first acknowledgement is ours, and is not for the backend.
 */
export class H2HeadReader {
  #at = H2_PREFACE.length;
  #frames = 0;
  #stream = 0;
  readonly #block: Buffer[] = [];
  #blockBytes = 0;
  #hasSettings = false;
  #greeted = false;
  /** where the acknowledgement of our greeting stands, once it has come */
  #ackAt = -1;
  #head: H2Head | null = null;

  /** The client has sent its SETTINGS, and not begun to ask: perhaps it waits for the server's. */
  get awaitsSettings(): boolean {
    return this.#hasSettings && !this.#greeted && this.#stream === 0;
  }

  /** SETTINGS were sent to the client. From now on its acknowledgement is waited for, too. */
  greeted(): void {
    this.#greeted = true;
  }

  /** What the client sent, without what it said to us alone. */
  forBackend(raw: Buffer): Buffer {
    return this.#ackAt < 0 ? raw : Buffer.concat([raw.subarray(0, this.#ackAt), raw.subarray(this.#ackAt + FRAME_HEADER)]);
  }

  /** `raw` is everything that came so far, the preface included. */
  read(raw: Buffer): H2Result {
    for (;;) {
      const bytes = raw.subarray(this.#at, MAX_STREAM);
      const starved = () => (raw.length >= MAX_STREAM ? 'too-large' : 'more');
      if (bytes.length < FRAME_HEADER) return starved();
      const [length, type, flags] = [bytes.readUIntBE(0, 3), bytes.readUInt8(3), bytes.readUInt8(4)];
      const stream = bytes.readUInt32BE(5) & 0x7fff_ffff;
      const wrong = this.#head === null ? this.#judge(length, type, flags, stream) : length > MAX_FRAME ? 'malformed' : null;
      if (wrong !== null) return wrong;
      if (bytes.length < FRAME_HEADER + length) return starved();
      if (type === FRAME.settings && (flags & FLAG.ack) !== 0 && this.#greeted && this.#ackAt < 0) this.#ackAt = this.#at;
      else if (type === FRAME.settings) this.#hasSettings = true;
      this.#at += FRAME_HEADER + length;
      this.#frames += 1;
      const done = this.#head ?? this.#payload(type, flags, stream, bytes.subarray(FRAME_HEADER, FRAME_HEADER + length));
      if (typeof done === 'string') return done;
      this.#head = done;
      if (done !== null && (!this.#greeted || this.#ackAt >= 0)) return done;
    }
  }

  /** What a frame may be is seen from its header alone. */
  #judge(length: number, type: number, flags: number, stream: number): H2Result | null {
    if (length > MAX_FRAME) return 'too-large';
    if (this.#frames >= MAX_FRAMES) return 'too-large';
    if (this.#stream !== 0) return type === FRAME.continuation && stream === this.#stream ? null : 'malformed';
    switch (type) {
      case FRAME.headers:
        return stream % 2 === 1 ? null : 'malformed';
      case FRAME.priority:
        return stream !== 0 && length === 5 ? null : 'malformed';
      case FRAME.settings:
        return stream === 0 && length % 6 === 0 && !((flags & FLAG.ack) !== 0 && length > 0) ? null : 'malformed';
      case FRAME.ping:
        return stream === 0 && length === 8 ? null : 'malformed';
      case FRAME.windowUpdate:
        return length === 4 ? null : 'malformed';
      default:
        // Types that are not known are skipped (RFC 9113 4.1).
        return NOT_FIRST.has(type) || type === FRAME.continuation ? 'malformed' : null;
    }
  }

  #payload(type: number, flags: number, stream: number, payload: Buffer): H2Result | null {
    if (type !== FRAME.headers && type !== FRAME.continuation) return null;
    const fragment = type === FRAME.headers ? headerFragment(flags, payload) : payload;
    if (fragment === null) return 'malformed';
    this.#stream = stream;
    this.#blockBytes += fragment.length;
    if (this.#blockBytes > MAX_BLOCK) return 'too-large';
    // A copy: the caller moves its bytes when more come.
    this.#block.push(Buffer.from(fragment));
    if ((flags & FLAG.endHeaders) === 0) return null;
    const fields = new HpackDecoder({ maxBytes: MAX_FIELDS_BYTES }).decode(Buffer.concat(this.#block));
    return fields === null ? 'malformed' : headOf(fields);
  }
}

/** Without padding and priority. */
function headerFragment(flags: number, payload: Buffer): Buffer | null {
  const isPadded = (flags & FLAG.padded) !== 0;
  const from = (isPadded ? 1 : 0) + ((flags & FLAG.priority) !== 0 ? 5 : 0);
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  return from > payload.length || end < from ? null : payload.subarray(from, end);
}

/** RFC 9113 8.3: pseudo-header fields come first, each once, and :authority and host say the same. */
function headOf(fields: readonly Field[]): H2Result {
  if (fields.length > MAX_FIELDS) return 'too-large';
  const pseudo = new Map<string, string>();
  let host: string | null = null;
  let isRegular = false;
  for (const [name, value] of fields) {
    if (!NAME.test(name) || !VALUE.test(value) || /^[\t ]|[\t ]$/.test(value)) return 'malformed';
    if (name.startsWith(':')) {
      if (isRegular || pseudo.has(name) || (!PSEUDO.has(name) && name !== ':protocol')) return 'malformed';
      pseudo.set(name, value);
      continue;
    }
    isRegular = true;
    if (name !== 'host') continue;
    if (host !== null) return 'malformed';
    host = value;
  }
  if (pseudo.get(':method') === 'CONNECT') return 'connect';
  if (pseudo.has(':protocol')) return 'malformed';
  for (const name of [':method', ':scheme', ':path']) if (!pseudo.get(name)) return 'malformed';
  const authority = pseudo.get(':authority') ?? null;
  const asked = authority === null ? null : parseAuthority(authority);
  const named = host === null ? null : parseAuthority(host);
  if ((authority !== null && asked === null) || (host !== null && named === null)) return 'malformed';
  if (asked !== null && named !== null && (asked.host !== named.host || asked.port !== named.port)) return 'malformed';
  return { name: (asked ?? named)?.host ?? null, port: (asked ?? named)?.port ?? null };
}
