import { H2_PREFACE } from '../../proxy-core/src/parse/h2-head.ts';

/** HTTP/2 frames and header blocks made to order. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
/** A literal field that is not indexed. Names and values of less than 127 bytes. */
export const literal = (name: string, value: string): Buffer => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
/** GET, http, / */
export const REQUEST = Buffer.from([0x82, 0x86, 0x84]);
export const requestBlock = (authority: string | null, ...more: Buffer[]): Buffer =>
  Buffer.concat([REQUEST, ...(authority === null ? [] : [literal(':authority', authority)]), ...more]);

export const SETTINGS = frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]));
export const h2 = (...frames: Buffer[]): Buffer => Buffer.concat([H2_PREFACE, ...frames]);
export const h2Get = (authority: string | null, ...more: Buffer[]): Buffer =>
  h2(SETTINGS, frame(1, 5, 1, requestBlock(authority, ...more)));
