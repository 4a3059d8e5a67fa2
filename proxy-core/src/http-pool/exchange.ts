import type { HostBytes } from '../observe/counters.ts';
import type { HttpBody, HttpRequest } from '../parse/http-message.ts';
import type { ResponseRelay } from './response.ts';

/** A request that is being answered. */
export type Exchange = {
  request: HttpRequest;
  /** where its bytes are counted, once its backend is connected: names that lead nowhere make no series */
  host: HostBytes | null;
  head: Buffer;
  body: HttpBody;
  /** all of it has been read */
  whole: boolean;
  /** the final answer began before that */
  early: boolean;
  /** the backend has been told that nothing follows */
  finished: boolean;
  response: ResponseRelay;
};

/** Requests that may be sent again when a kept connection turns out to be dead (RFC 9110 9.2.2). */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** It may be sent again, so a used socket will do. */
export const isRepeatable = ({ method, body, upgrades }: HttpRequest): boolean =>
  REPEATABLE.has(method) && body.kind === 'none' && !upgrades;

export const hasBody = ({ body }: HttpRequest): boolean => body.kind !== 'none' && !(body.kind === 'length' && body.bytes === 0);

/** NTLM and Negotiate sign in a connection instead of a request: nobody else's request may follow on it (RFC 4559 6). */
export function authenticatesConnection({ fields }: HttpRequest): boolean {
  return fields.some(([name, value]) => /^(?:proxy-)?authorization$/i.test(name) && /^(?:ntlm|negotiate)\b/i.test(value));
}

export const BAD_GATEWAY = answer('502 Bad Gateway', 'the backend did not answer');
export const BAD_REQUEST = answer('400 Bad Request', 'the body of the request breaks the rules of RFC 9112');

function answer(status: string, why: string): Buffer {
  const body = `${status}: ${why}\n`;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close`;
  return Buffer.from(`${head}\r\n\r\n${body}`, 'latin1');
}
