/** ClientHellos made to order, right or wrong in one place. */

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u24 = (value: number) => Buffer.from([value >> 16, (value >> 8) & 255, value & 255]);
const vector8 = (body: Buffer) => Buffer.concat([u8(body.length), body]);
const vector16 = (body: Buffer) => Buffer.concat([u16(body.length), body]);

export const extension = (type: number, body: Buffer = Buffer.alloc(0)) => Buffer.concat([u16(type), vector16(body)]);
export const hostName = (name: string | Buffer, type = 0) => Buffer.concat([u8(type), vector16(Buffer.from(name))]);
export const serverNames = (...entries: Buffer[]) => extension(0, vector16(Buffer.concat(entries)));
export const alpn = (...protocols: string[]) => extension(16, vector16(Buffer.concat(protocols.map((name) => vector8(Buffer.from(name))))));

export type HelloParts = {
  version?: number;
  sessionId?: Buffer;
  ciphers?: Buffer;
  compressions?: Buffer;
  /** null = no extensions block at all */
  extensions?: Buffer[] | null;
  trailing?: Buffer;
};

/** The body, without its handshake header. */
export function helloBody({ version = 0x0303, sessionId, ciphers, compressions, extensions = [], trailing }: HelloParts = {}): Buffer {
  return Buffer.concat([
    u16(version),
    Buffer.alloc(32, 7),
    vector8(sessionId ?? Buffer.alloc(32, 9)),
    vector16(ciphers ?? Buffer.from([0x13, 0x01, 0x13, 0x02])),
    vector8(compressions ?? Buffer.from([0])),
    extensions === null ? Buffer.alloc(0) : vector16(Buffer.concat(extensions)),
    trailing ?? Buffer.alloc(0),
  ]);
}

export const handshake = (body: Buffer, type = 1) => Buffer.concat([u8(type), u24(body.length), body]);

/** Cuts handshake bytes into records of at most `size`. */
export function records(bytes: Buffer, size = 16_384, version = 0x0301): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(u8(22), u16(version), vector16(bytes.subarray(at, at + size)));
  return Buffer.concat(parts);
}

/** What a client that asks for `name` sends. */
export const helloFor = (name: string, size?: number): Buffer =>
  records(handshake(helloBody({ extensions: [serverNames(hostName(name)), alpn('h2', 'http/1.1')] })), size);
