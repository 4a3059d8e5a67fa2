import http, { type Agent, type IncomingMessage } from 'node:http';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { type Exposition, foldExposition, PAGE_LIMITS } from './exposition.ts';
import { ScrapeFailure } from './failure.ts';

/** How a page is reached: an agent that keeps connections (plain TCP, or channels of an SSH session). */
export type PageRequest = { agent: Agent; url: URL; deadlineMs: number; signal: AbortSignal };

const METRICS_HEADERS = {
  accept: 'application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=1,*/*;q=0.1',
  'accept-encoding': 'identity',
  'user-agent': 'headroom',
};

/** GET of the metrics page, folded as it arrives. Throws ScrapeFailure. `at` is when the answer began. */
export async function readMetricsPage(request: PageRequest & { now: () => number }): Promise<{ at: number; page: Exposition }> {
  return ask(request, request.url, (response) => {
    const at = request.now();
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400)
      throw new ScrapeFailure(
        'redirected',
        `${request.url} answered with a redirect (${status}); redirects are not followed, give the final URL.`,
      );
    if (status !== 200) throw new ScrapeFailure('status', `${request.url} answered with status ${status} instead of 200.`);
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity')
      throw new ScrapeFailure(
        'encoded',
        `${request.url} answered with content-encoding ${JSON.stringify(encoding.slice(0, 40))}, which was not asked for.`,
      );
    if (Number(response.headers['content-length']) > PAGE_LIMITS.page)
      throw new ScrapeFailure('too-large', `The metrics page is larger than ${PAGE_LIMITS.page / 1024 / 1024} MiB.`);
    const fold = foldExposition({ openMetrics: /^\s*application\/openmetrics-text/i.test(response.headers['content-type'] ?? '') });
    return { onChunk: (chunk) => fold.push(chunk), onEnd: () => ({ at, page: fold.finish() }) };
  });
}

/** `/ready` beside the metrics page: 200 is ready, 5xx is not, anything else (no such path) says nothing. */
export async function readReadiness(request: PageRequest): Promise<{ ready: boolean | null; words: string | null }> {
  return ask(request, new URL('/ready', request.url), (response) => {
    const status = response.statusCode ?? 0;
    const ready = status === 200 ? true : status >= 500 ? false : null;
    let body = '';
    return {
      onChunk: (chunk) => {
        if (body.length < 200) body += chunk.toString('latin1', 0, 200);
        else if (body.length > PAGE_LIMITS.line) throw new ScrapeFailure('too-large', '/ready answered with more than it should.');
      },
      onEnd: () => ({ ready, words: ready === false ? printable(body) : null }),
    };
  });
}

const printable = (text: string) =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 160) || null;

type Reader<T> = { onChunk(chunk: Buffer): void; onEnd(): T };

/** One GET that ends in every case: answer, failure or deadline. A kept connection that the other side just closed is replaced once. */
async function ask<T>(request: PageRequest, url: URL, begin: (response: IncomingMessage) => Reader<T>): Promise<T> {
  const endsAt = performance.now() + request.deadlineMs;
  const first = await once(request, url, endsAt, begin);
  const answer = first === 'again' ? await once(request, url, endsAt, begin) : first;
  if (answer === 'again') throw new ScrapeFailure('reset', `The connection to ${url.host} was closed before the answer.`);
  return answer.value;
}

function once<T>(
  request: PageRequest,
  url: URL,
  endsAt: number,
  begin: (response: IncomingMessage) => Reader<T>,
): Promise<{ value: T } | 'again'> {
  return new Promise((resolve, reject) => {
    const client = http.request(url, {
      agent: request.agent,
      headers: METRICS_HEADERS,
      insecureHTTPParser: false,
      maxHeaderSize: 16 * 1024,
    });
    const fail = (error: unknown) => {
      settle();
      client.destroy();
      reject(error instanceof ScrapeFailure ? error : described(error, url));
    };
    let settled = false;
    const late = () => fail(new ScrapeFailure('timeout', `${url.host} did not answer in full within ${request.deadlineMs / 1000} s.`));
    // when the console itself was stopped or busy, what has arrived meanwhile is read first
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => settled || late())), Math.max(1, endsAt - performance.now()));
    const onAbort = () => fail(new ScrapeFailure('timeout', 'The request was given up because the console stops.'));
    request.signal.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
    };
    if (request.signal.aborted) return onAbort();
    client.on('error', (error: NodeJS.ErrnoException) => {
      if (!client.reusedSocket || (error.code !== 'ECONNRESET' && error.code !== 'EPIPE')) return fail(error);
      settle();
      resolve('again');
    });
    client.on('response', (response) => {
      try {
        const reader = begin(response);
        response.on('data', (chunk: Buffer) => attempt(() => reader.onChunk(chunk)));
        response.on('end', () =>
          attempt(() => {
            const value = reader.onEnd();
            settle();
            resolve({ value });
          }),
        );
        const cut = () => fail(new ScrapeFailure('truncated', `${url.host} closed the connection in the middle of the answer.`));
        response.on('error', cut);
        response.on('close', () => response.complete || cut());
      } catch (error) {
        fail(error);
      }
    });
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        fail(error);
      }
    };
    client.end();
  });
}

const BY_CODE: Record<string, ['refused' | 'unresolved' | 'unreachable' | 'reset' | 'timeout', string]> = {
  ECONNREFUSED: ['refused', 'refused the connection: nothing listens there'],
  ENOTFOUND: ['unresolved', 'has no address: the name does not resolve'],
  EAI_AGAIN: ['unresolved', 'has no address: name resolution does not answer'],
  EHOSTUNREACH: ['unreachable', 'cannot be reached: no route to the host'],
  ENETUNREACH: ['unreachable', 'cannot be reached: no route to its network'],
  ETIMEDOUT: ['timeout', 'did not answer to the connection attempt'],
  ECONNRESET: ['reset', 'closed the connection before the answer'],
  EPIPE: ['reset', 'closed the connection before the answer'],
};

function described(error: unknown, url: URL): ScrapeFailure {
  if (isHeadroomError(error)) return new ScrapeFailure('ssh', error.message, { cause: error });
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const known = BY_CODE[code];
  if (known) return new ScrapeFailure(known[0], `${url.host} ${known[1]}.`, { cause: error });
  if (code.startsWith('HPE_')) return new ScrapeFailure('malformed', `${url.host} did not answer in HTTP (${code}).`, { cause: error });
  return new ScrapeFailure('unreachable', `${url.host} cannot be reached${code ? ` (${code})` : ''}.`, { cause: error });
}
