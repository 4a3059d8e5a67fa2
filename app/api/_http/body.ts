import { HeadroomError } from '#server/kernel/errors.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

/** The JSON body, of at most 1 MiB; an absent one is {}. */
export async function readBody(request: Request): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return {};
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new HeadroomError(
      'request.not-json',
      `the content type is ${type === '' ? 'missing' : JSON.stringify(type)}: it should be application/json`,
    );
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HeadroomError('request.not-json', `the body is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`);
  }
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new HeadroomError('request.too-large', `the body is larger than ${MAX_BODY_BYTES} bytes, the most that is read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
