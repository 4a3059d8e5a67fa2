import type { Protocol, Refusal } from '../contract/words.ts';
import { H2_PREFACE, H2HeadReader } from './h2-head.ts';
import { HttpHeadReader } from './http-head.ts';
import { PROXY_V1_PREFIX, PROXY_V2_SIGNATURE } from './proxy-header.ts';
import { readSshIdent } from './ssh-ident.ts';
import { HelloReader } from './tls-records.ts';

/**
 * What the first bytes of a client say. `name` null = it names no host; `port` null = the protocol's own. `hostMismatch`: an absolute HTTP
 * target won over another Host.
 */
export type Asked = {
  protocol: Protocol;
  name: string | null;
  port: number | null;
  alpn: readonly string[];
  ech: boolean;
  hostMismatch?: boolean;
};
export type Verdict = { kind: 'more' } | { kind: 'asked'; asked: Asked } | { kind: 'refused'; protocol: Protocol; reason: Refusal };

const MORE: Verdict = { kind: 'more' };
const SSH = Buffer.from('SSH-', 'latin1');
const NO_ALPN: readonly string[] = [];
const NOTHING = Buffer.alloc(0);
/** RFC 9113 3.4: it may be empty, and is then all defaults. */
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

type Reader =
  | { protocol: 'tls'; reader: HelloReader }
  | { protocol: 'http1.1'; reader: HttpHeadReader }
  | { protocol: 'http2'; reader: H2HeadReader }
  | { protocol: 'ssh' };

/**
 * The bytes that a client sent before its connection is routed, and what they say so far. They are kept whole, to be forwarded in order,
 * once. One chunk is kept as it came; further ones go to a buffer that doubles.
 */
export class FirstFlight {
  #raw: Buffer = NOTHING;
  #length = 0;
  #reader: Reader | null = null;

  /** all bytes so far */
  get bytes(): Buffer {
    return this.#raw.length === this.#length ? this.#raw : this.#raw.subarray(0, this.#length);
  }

  append(chunk: Buffer): void {
    if (this.#length === 0) this.#raw = chunk;
    else {
      const length = this.#length + chunk.length;
      if (length > this.#raw.length) {
        const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#raw.length));
        this.#raw.copy(grown, 0, 0, this.#length);
        this.#raw = grown;
      }
      chunk.copy(this.#raw, this.#length);
    }
    this.#length += chunk.length;
  }

  read(): Verdict {
    const raw = this.bytes;
    if (this.#reader === null) {
      const sniffed = sniff(raw);
      if (sniffed === 'more') return MORE;
      if ('kind' in sniffed) return sniffed;
      this.#reader = sniffed;
    }
    switch (this.#reader.protocol) {
      case 'tls':
        return readTls(this.#reader.reader, raw);
      case 'http1.1':
        return readHttp(this.#reader.reader, raw);
      case 'http2':
        return readH2(this.#reader.reader, raw);
      case 'ssh':
        return readSsh(raw);
    }
  }

  /** What the backend is to get: all bytes, without what an HTTP/2 client said to the proxy itself. */
  get forBackend(): Buffer {
    return this.#reader?.protocol === 'http2' ? this.#reader.reader.forBackend(this.bytes) : this.bytes;
  }

  /** True while an HTTP/2 client may be waiting for SETTINGS before it asks for anything. */
  get awaitsSettings(): boolean {
    return this.#reader?.protocol === 'http2' && this.#reader.reader.awaitsSettings;
  }

  /** SETTINGS that let such a client go on; to be sent to it at once. */
  greet(): Buffer {
    if (this.#reader?.protocol === 'http2') this.#reader.reader.greeted();
    return EMPTY_SETTINGS;
  }

  /** Bytes of an unfinished hello that came, and how many it says it has; null when it is no hello, or too short to say. */
  get helloProgress(): { have: number; need: number } | null {
    const progress = this.#reader?.protocol === 'tls' ? this.#reader.reader.progress : null;
    return progress === null || progress.need === 0 ? null : progress;
  }
}

const refused = (protocol: Protocol, reason: Refusal): Verdict => ({ kind: 'refused', protocol, reason });

/** What the first bytes are; undecided for as long as they could still be two things. */
function sniff(raw: Buffer): 'more' | Verdict | Reader {
  const first = raw[0];
  if (first === undefined) return 'more';
  if (first === 0x16) {
    if (raw.length < 2) return 'more';
    return raw[1] === 3 ? { protocol: 'tls', reader: new HelloReader() } : refused('unknown', 'unknown_protocol');
  }
  if (first === 0x15) return refused('tls', 'alert_first');
  if (first >= 0x80) {
    if (raw.length < 3) return 'more';
    return raw[2] === 1 ? refused('tls', 'sslv2') : refused('unknown', 'unknown_protocol');
  }
  for (const prefix of [PROXY_V1_PREFIX, PROXY_V2_SIGNATURE])
    if (startsLike(raw, prefix)) return raw.length < prefix.length ? 'more' : refused('unknown', 'proxy_unexpected');
  if (startsLike(raw, SSH)) return raw.length < SSH.length ? 'more' : { protocol: 'ssh' };
  if (startsLike(raw, H2_PREFACE)) return raw.length < H2_PREFACE.length ? 'more' : { protocol: 'http2', reader: new H2HeadReader() };
  return isTokenByte(first) || first === 0x0d || first === 0x0a
    ? { protocol: 'http1.1', reader: new HttpHeadReader() }
    : refused('unknown', 'unknown_protocol');
}

/** True while `raw` and `prefix` agree as far as both go. */
function startsLike(raw: Buffer, prefix: Buffer): boolean {
  const length = Math.min(raw.length, prefix.length);
  return raw.compare(prefix, 0, length, 0, length) === 0;
}

/** Methods are tokens, and the known ones are letters; digits and signs first are no HTTP. */
const isTokenByte = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);

function readTls(reader: HelloReader, raw: Buffer): Verdict {
  const result = reader.read(raw);
  switch (result) {
    case 'more':
      return MORE;
    case 'malformed':
      return refused('tls', 'sni_malformed');
    case 'not-client-hello':
      return refused('tls', 'not_client_hello');
    case 'too-large':
      return refused('tls', 'hello_too_large');
    default:
      return { kind: 'asked', asked: { protocol: 'tls', name: result.name, port: null, alpn: result.alpn, ech: result.ech } };
  }
}

/** The line is read whole, so that what merely begins with "SSH-" is not sent to an SSH server. */
function readSsh(raw: Buffer): Verdict {
  const result = readSshIdent(raw);
  if (result === 'more') return MORE;
  if (result === 'malformed') return refused('unknown', 'unknown_protocol');
  return { kind: 'asked', asked: { protocol: 'ssh', name: null, port: null, alpn: NO_ALPN, ech: false } };
}

function readH2(reader: H2HeadReader, raw: Buffer): Verdict {
  const result = reader.read(raw);
  switch (result) {
    case 'more':
      return MORE;
    case 'malformed':
      return refused('http2', 'http_malformed');
    case 'too-large':
      return refused('http2', 'http_too_large');
    case 'connect':
      return refused('http2', 'http_connect');
    default:
      return { kind: 'asked', asked: { protocol: 'http2', name: result.name, port: result.port, alpn: NO_ALPN, ech: false } };
  }
}

function readHttp(reader: HttpHeadReader, raw: Buffer): Verdict {
  const result = reader.read(raw);
  switch (result) {
    case 'more':
      return MORE;
    case 'malformed':
      return refused('http1.1', 'http_malformed');
    case 'too-large':
      return refused('http1.1', 'http_too_large');
    case 'connect':
      return refused('http1.1', 'http_connect');
    default: {
      const protocol = result.version === '1.0' ? 'http1.0' : 'http1.1';
      const asked = { protocol, name: result.name, port: result.port, alpn: NO_ALPN, ech: false } as const;
      return { kind: 'asked', asked: result.mismatch ? { ...asked, hostMismatch: true } : asked };
    }
  }
}
