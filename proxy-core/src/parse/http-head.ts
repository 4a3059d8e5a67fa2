import { parseAuthority } from './asked-name.ts';

/** `name` is null when an HTTP/1.0 request names no host. `mismatch`: Host says another than the absolute target, which wins. */
export type HttpHead = { version: '1.0' | '1.1'; name: string | null; port: number | null; mismatch?: true };
export type HttpResult = 'more' | 'malformed' | 'too-large' | 'connect' | HttpHead;

export const MAX_HEAD = 16_384;
const MAX_HEADERS = 100;
/** RFC 9112 2.2: a server should ignore an empty line before the request line. */
const MAX_EMPTY_LINES = 2;
const [CR, LF] = [0x0d, 0x0a];
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(?:[/?#]|$)/i;

/**
 * Reads a request head line by line, each line judged when it is complete, each byte looked at once. Strict: CRLF line ends, no folded
 * lines, no space before the colon, exactly one Host in HTTP/1.1. The authority of an absolute target wins over Host (RFC 9112 3.2.2).
 */
export class HttpHeadReader {
  #lineStart = 0;
  #scanned = 0;
  #emptyLines = 0;
  #headers = 0;
  #version: '1.0' | '1.1' | null = null;
  #target: string | null = null;
  #host: string | null = null;

  /** bytes up to the end of the last complete line: of the whole head, once it has been read */
  get end(): number {
    return this.#lineStart;
  }

  /** `raw` is everything that came so far, from the first byte on. */
  read(raw: Buffer): HttpResult {
    for (;;) {
      const found = raw.indexOf(LF, this.#scanned);
      const end = found < 0 ? raw.length : found;
      if (this.#version === null && !isText(raw, this.#scanned, Math.min(end, MAX_HEAD))) return 'malformed';
      if (end >= MAX_HEAD) return 'too-large';
      if (found < 0) {
        this.#scanned = raw.length;
        return 'more';
      }
      if (end === this.#lineStart || raw[end - 1] !== CR) return 'malformed';
      const line = raw.toString('latin1', this.#lineStart, end - 1);
      this.#lineStart = end + 1;
      this.#scanned = end + 1;
      const result = this.#line(line);
      if (result !== null) return result;
    }
  }

  #line(line: string): HttpResult | null {
    if (this.#version === null) {
      if (line === '') {
        this.#emptyLines += 1;
        return this.#emptyLines > MAX_EMPTY_LINES ? 'malformed' : null;
      }
      return this.#requestLine(line);
    }
    if (line === '') return this.#finish(this.#version);
    this.#headers += 1;
    if (this.#headers > MAX_HEADERS) return 'too-large';
    const colon = line.indexOf(':');
    if (colon < 1) return 'malformed';
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (!TOKEN.test(name) || !VALUE.test(value)) return 'malformed';
    if (name.toLowerCase() !== 'host') return null;
    if (this.#host !== null) return 'malformed';
    this.#host = value.replace(/^[\t ]+|[\t ]+$/g, '');
    return null;
  }

  #requestLine(line: string): HttpResult | null {
    const request = REQUEST_LINE.exec(line);
    if (!request) return 'malformed';
    const [, method, target = '', minor] = request;
    if (method === 'CONNECT') return 'connect';
    this.#version = minor === '0' ? '1.0' : '1.1';
    if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) return null;
    const absolute = ABSOLUTE.exec(target);
    if (!absolute) return 'malformed';
    this.#target = absolute[1] ?? '';
    return null;
  }

  #finish(version: '1.0' | '1.1'): HttpResult {
    if (this.#host === null && version === '1.1') return 'malformed';
    const host = this.#host === null ? null : parseAuthority(this.#host);
    if (this.#host !== null && host === null) return 'malformed';
    const authority = this.#target === null ? host : parseAuthority(this.#target);
    if (this.#target !== null && authority === null) return 'malformed';
    const mismatch = host !== null && authority !== null && (host.host !== authority.host || host.port !== authority.port);
    const head = { version, name: authority?.host ?? null, port: authority?.port ?? null };
    return mismatch ? { ...head, mismatch } : head;
  }
}

/** A request line has nothing but visible ASCII and spaces: other bytes need not wait for its end, nor for a timeout. */
function isText(raw: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = raw[at] ?? 0;
    if ((byte < 0x20 && byte !== CR) || byte > 0x7e) return false;
  }
  return true;
}
