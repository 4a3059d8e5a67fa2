import { isIp } from '../contract/addresses.ts';
import { parseAskedName } from './asked-name.ts';

/** What routing needs of a ClientHello. `name` is null when it names no host that could be routed by (none, or an address). */
export type ClientHello = { name: string | null; alpn: readonly string[]; ech: boolean };

const [VERSION_BYTES, RANDOM_BYTES] = [2, 32];
const MAX_SESSION_ID = 32;
const EXTENSION = { serverName: 0, alpn: 16, ech: 0xfe0d } as const;
const HOST_NAME = 0;

class Malformed extends Error {}

/**
 * A cursor over one vector; nothing is read past its end, and each vector must be used up exactly.
 * Malformed is thrown inside this file only.
 */
class Cursor {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }
  get left(): number {
    return this.#end - this.#at;
  }
  #take(length: number): number {
    if (length > this.left) throw new Malformed();
    const from = this.#at;
    this.#at += length;
    return from;
  }
  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }
  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }
  skip(length: number): void {
    this.#take(length);
  }
  vector(length: number): Cursor {
    const from = this.#take(length);
    return new Cursor(this.#bytes, from, from + length);
  }
  latin1(length: number): string {
    const from = this.#take(length);
    return this.#bytes.toString('latin1', from, from + length);
  }
  finished(): void {
    if (this.left !== 0) throw new Malformed();
  }
}

/**
 * The body of a ClientHello message (without its 4-byte handshake header), read strictly: any length that does not fit, trailing bytes,
 * a duplicate extension and an unusable server name make it null.
 */
export function parseClientHello(bytes: Buffer, start: number, end: number): ClientHello | null {
  try {
    return readHello(new Cursor(bytes, start, end));
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readHello(hello: Cursor): ClientHello {
  // Which versions there are is the backend's business (RFC 8446 4.2.1: legacy_version alone decides nothing).
  hello.skip(VERSION_BYTES);
  hello.skip(RANDOM_BYTES);
  const sessionId = hello.u8();
  if (sessionId > MAX_SESSION_ID) throw new Malformed();
  hello.skip(sessionId);
  const ciphers = hello.u16();
  if (ciphers === 0 || ciphers % 2 !== 0) throw new Malformed();
  hello.skip(ciphers);
  const compressions = hello.u8();
  if (compressions === 0) throw new Malformed();
  hello.skip(compressions);

  let name: string | null = null;
  let alpn: readonly string[] = [];
  let ech = false;
  if (hello.left === 0) return { name, alpn, ech };
  const extensions = hello.vector(hello.u16());
  hello.finished();
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.u16();
    const body = extensions.vector(extensions.u16());
    if (seen.has(type)) throw new Malformed();
    seen.add(type);
    if (type === EXTENSION.serverName) name = readServerName(body);
    else if (type === EXTENSION.alpn) alpn = readAlpn(body);
    else if (type === EXTENSION.ech) ech = true;
  }
  return { name, alpn, ech };
}

function readServerName(body: Cursor): string | null {
  const list = body.vector(body.u16());
  body.finished();
  if (list.left === 0) throw new Malformed();
  let text: string | null = null;
  while (list.left > 0) {
    const type = list.u8();
    const value = list.latin1(list.u16());
    if (type !== HOST_NAME) continue;
    if (text !== null) throw new Malformed();
    text = value;
  }
  if (text === null || isIp(text)) return null;
  const name = parseAskedName(text);
  if (name !== null) return name;
  // One label of digits is a name. Several with digits last are an IPv4 address in an old spelling ("127.1"), which is no name.
  if (/^[0-9]{1,63}$/.test(text)) return text;
  if (/^[0-9a-z.]{1,254}[.][0-9]{1,63}[.]?$/i.test(text) && !text.includes('..') && !text.startsWith('.')) return null;
  throw new Malformed();
}

function readAlpn(body: Cursor): readonly string[] {
  const list = body.vector(body.u16());
  body.finished();
  const protocols: string[] = [];
  // An empty name or list is the backend's to refuse (RFC 7301 3.1): it changes nothing in where the hello goes.
  while (list.left > 0) protocols.push(list.latin1(list.u8()));
  return protocols;
}
