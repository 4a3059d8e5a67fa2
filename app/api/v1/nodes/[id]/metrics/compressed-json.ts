import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);
/** Of 9: a day of samples in about 10 ms, off the main thread. The server's own compression takes four times as long for 3 % less. */
const LEVEL = 4;
/** Below this the server may do it. */
const WORTH_CHARACTERS = 50_000;

/** A large JSON answer, gzipped for who accepts that; the server leaves alone what says that it is compressed. */
export async function compressedJson(request: Request, value: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', vary: 'Accept-Encoding' };
  const text = JSON.stringify(value);
  if (text.length < WORTH_CHARACTERS || !acceptsGzip(request.headers.get('accept-encoding') ?? '')) return new Response(text, { headers });
  const bytes = await compress(text, { level: LEVEL });
  return new Response(new Uint8Array(bytes), { headers: { ...headers, 'content-encoding': 'gzip' } });
}

const acceptsGzip = (accepted: string): boolean =>
  accepted.split(',').some((coding) => {
    const [name, weight] = coding.split(';');
    return name?.trim().toLowerCase() === 'gzip' && !/^\s*q=0(\.0*)?\s*$/.test(weight ?? '');
  });
