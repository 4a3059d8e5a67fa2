import { type HttpHead, HttpHeadReader, MAX_HEAD } from './http-head.ts';

/** A header field: its name as it was written, its value without the white space around it. */
export type HttpField = readonly [name: string, value: string];

/** Where a message ends (RFC 9112 6.3). `close`: with the connection, which only a response may. */
export type Framing = { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };

export type HttpRequest = HttpHead & {
  method: string;
  target: string;
  fields: readonly HttpField[];
  body: Framing;
  /** the client wants to go on after the response */
  keepsAlive: boolean;
  /** it asks to leave HTTP/1.1 */
  upgrades: boolean;
  /** bytes of the head, the empty line included */
  length: number;
};

export type HttpResponse = {
  version: '1.0' | '1.1';
  status: number;
  fields: readonly HttpField[];
  body: Framing;
  keepsAlive: boolean;
  length: number;
};

/** `malformed` is also what is ambiguous: two parsers could end the message at different bytes. */
export type HttpFault = 'malformed' | 'too-large' | 'connect';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Bytes that a content length may have; more cannot be counted exactly. */
const LENGTH = /^[0-9]{1,15}$/;
const MAX_RESPONSE_HEAD = 65_536;
const MAX_RESPONSE_FIELDS = 200;
const END = Buffer.from('\r\n\r\n', 'latin1');

/** Fields that a Connection field may not name: without them a message ends elsewhere, or goes elsewhere. */
const NEVER_NOMINATED = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'trailer', 'expect']);

/** Reads requests of a client connection that is taken apart into its messages. A new one for each request. */
export class HttpRequestReader {
  readonly #head = new HttpHeadReader();

  /** `raw` is everything of this request that came so far, from its first byte on. */
  read(raw: Buffer): 'more' | HttpFault | HttpRequest {
    const head = this.#head.read(raw);
    if (typeof head === 'string') return head;
    const length = this.#head.end;
    const lines = raw.toString('latin1', 0, length - 4).split('\r\n');
    while (lines[0] === '') lines.shift();
    const [method = '', target = ''] = (lines[0] ?? '').split(' ');
    const fields = lines.slice(1).map(fieldOf);
    const connection = connectionOf(fields);
    const body = framingOf(fields, head.version);
    if (connection === null || body === null) return 'malformed';
    const keepsAlive = head.version === '1.1' && !connection.has('close');
    const upgrades = head.version === '1.1' && connection.has('upgrade') && fields.some(([name]) => name.toLowerCase() === 'upgrade');
    return { ...head, method, target, fields, body: body ?? { kind: 'none' }, keepsAlive, upgrades, length };
  }
}

/** A response head at the start of `raw`. `method` is that of its request: a response to HEAD has no body, whatever it says. */
export function readHttpResponse(raw: Buffer, method: string): 'more' | 'malformed' | HttpResponse {
  const at = raw.subarray(0, MAX_RESPONSE_HEAD).indexOf(END);
  if (at < 0) return raw.length >= MAX_RESPONSE_HEAD || !startsLikeHttp(raw) ? 'malformed' : 'more';
  const [first = '', ...rest] = raw.toString('latin1', 0, at).split('\r\n');
  const match = STATUS_LINE.exec(first);
  if (!match || rest.length > MAX_RESPONSE_FIELDS) return 'malformed';
  const version = match[1] === '0' ? '1.0' : '1.1';
  const status = Number(match[2]);
  const fields: HttpField[] = [];
  for (const line of rest) {
    const [name, value] = fieldOf(line);
    if (!TOKEN.test(name) || !VALUE.test(value)) return 'malformed';
    fields.push([name, value]);
  }
  const connection = connectionOf(fields);
  const framing = framingOf(fields, version);
  if (connection === null || framing === null) return 'malformed';
  const hasNone = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  // A 1xx or 204 with a body of any framing breaks RFC 9112 6.1 and 6.2; what it would send is then no response.
  const body: Framing = hasNone ? { kind: 'none' } : framing === undefined ? { kind: 'close' } : framing;
  // A 204 that announces a body may have one behind it, which would be taken for the next answer.
  const hasMore =
    status === 204 && framing !== undefined && (framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0));
  const keepsAlive = version === '1.1' && !connection.has('close') && body.kind !== 'close' && !hasMore;
  return { version, status, fields, body, keepsAlive, length: at + END.length };
}

/** Garbage need not wait for 64 KiB of it. */
function startsLikeHttp(raw: Buffer): boolean {
  const text = raw.toString('latin1', 0, Math.min(7, raw.length));
  return 'HTTP/1.'.startsWith(text);
}

function fieldOf(line: string): HttpField {
  const colon = line.indexOf(':');
  return colon < 0 ? ['', ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')];
}

/** Options of the Connection fields in lower case; null when they are no tokens, or name a field that a message cannot do without. */
function connectionOf(fields: readonly HttpField[]): Set<string> | null {
  const options = new Set<string>();
  for (const [name, value] of fields) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const part of value.split(',')) {
      const option = part.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase();
      if (option === '') continue;
      if (!TOKEN.test(option) || NEVER_NOMINATED.has(option)) return null;
      options.add(option);
    }
  }
  return options;
}

/**
 * RFC 9112 6.3, without its leniency: one Content-Length of digits, or Transfer-Encoding: chunked by itself, never both; nothing of it is
 * guessed, since another parser would guess otherwise. Undefined when neither is there, null when it is refused.
 */
function framingOf(fields: readonly HttpField[], version: '1.0' | '1.1'): Framing | undefined | null {
  let length: string | null = null;
  let encoding: string | null = null;
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower === 'content-length') {
      if (length !== null || !LENGTH.test(value)) return null;
      length = value;
    } else if (lower === 'transfer-encoding') {
      if (encoding !== null || value.toLowerCase() !== 'chunked' || version === '1.0') return null;
      encoding = value;
    }
  }
  if (length !== null && encoding !== null) return null;
  if (encoding !== null) return { kind: 'chunked' };
  return length === null ? undefined : { kind: 'length', bytes: Number(length) };
}

/** Chunk sizes of more digits cannot be counted exactly. */
const MAX_SIZE_DIGITS = 12;
/** Of a chunk's size line, and of one trailer field. */
const MAX_LINE = 1024;
const MAX_TRAILERS = MAX_HEAD;
const [CR, LF] = [0x0d, 0x0a];
const SIZE_LINE = /^([0-9A-Fa-f]+)(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
/** Fields that may not come behind the body (RFC 9110 6.5.1): what they say has been acted on already. */
const NOT_TRAILING = new Set([...NEVER_NOMINATED, 'authorization', 'cookie', 'te', 'upgrade', 'content-type', 'content-encoding', 'range']);

/**
 * Finds the end of a message's body while its bytes pass through unchanged. Chunked bodies are walked as strictly as heads: CRLF line ends
 * alone, sizes of hexadecimal digits, trailers that are fields.
 */
export class HttpBody {
  #left: number;
  #state: 'data' | 'size' | 'data-end' | 'trailer' | 'until-close' | 'done';
  readonly #chunked: boolean;
  #line = '';
  #trailerBytes = 0;

  constructor(framing: Framing) {
    this.#chunked = framing.kind === 'chunked';
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.#state = framing.kind === 'chunked' ? 'size' : framing.kind === 'close' ? 'until-close' : this.#left > 0 ? 'data' : 'done';
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** How many bytes of `chunk` belong to the body; all of them unless it is done within. Null when they are no body. */
  take(chunk: Buffer): number | null {
    let at = 0;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'until-close') return chunk.length;
      if (this.#state === 'data') {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = this.#chunked ? 'data-end' : 'done';
        continue;
      }
      const end = chunk.indexOf(LF, at);
      const part = chunk.toString('latin1', at, end < 0 ? chunk.length : end + 1);
      this.#line += part;
      at += part.length;
      if (this.#line.length > (this.#state === 'data-end' ? 2 : MAX_LINE)) return null;
      if (end < 0) {
        if (!this.#mayGoOn()) return null;
        continue;
      }
      const line = this.#line;
      this.#line = '';
      if (line.charCodeAt(line.length - 2) !== CR || !this.#lineDone(line.slice(0, -2))) return null;
    }
    return at;
  }

  /** An unfinished line is refused as soon as it cannot become a good one, so that no cut of the bytes makes a difference. */
  #mayGoOn(): boolean {
    const cr = this.#line.indexOf('\r');
    return cr < 0 || cr === this.#line.length - 1;
  }

  #lineDone(line: string): boolean {
    if (line.includes('\r')) return false;
    if (this.#state === 'data-end') {
      this.#state = 'size';
      return line === '';
    }
    if (this.#state === 'size') {
      const digits = SIZE_LINE.exec(line)?.[1];
      if (digits === undefined || digits.length > MAX_SIZE_DIGITS) return false;
      this.#left = Number.parseInt(digits, 16);
      this.#state = this.#left > 0 ? 'data' : 'trailer';
      return true;
    }
    if (line === '') {
      this.#state = 'done';
      return true;
    }
    this.#trailerBytes += line.length;
    const [name, value] = fieldOf(line);
    return this.#trailerBytes <= MAX_TRAILERS && TOKEN.test(name) && VALUE.test(value) && !NOT_TRAILING.has(name.toLowerCase());
  }
}
