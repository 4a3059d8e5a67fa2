import { isHeadroomError } from '#server/kernel/errors.ts';
import { type Exposition, foldExposition, PAGE_LIMITS } from './exposition.ts';
import { ScrapeFailure } from './failure.ts';
import type { Line } from './line.ts';
import type { Head, Reader } from './response.ts';

export type PageRequest = { line: Line; url: URL; deadlineMs: number };

/** GET of the metrics page, folded as it arrives. Throws ScrapeFailure. `at` is when the answer began. */
export async function readMetricsPage(request: PageRequest & { now: () => number }): Promise<{ at: number; page: Exposition }> {
  return ask(request, request.url, ({ status, field }) => {
    const at = request.now();
    if (status >= 300 && status < 400 && status !== 304)
      throw new ScrapeFailure(
        'redirected',
        `${request.url} answered with a redirect (${status}); redirects are not followed, give the final URL.`,
      );
    if (status !== 200) throw new ScrapeFailure('status', `${request.url} answered with status ${status} instead of 200.`);
    const encoding = field('content-encoding') ?? 'identity';
    if (encoding !== 'identity')
      throw new ScrapeFailure(
        'encoded',
        `${request.url} answered with content-encoding ${JSON.stringify(encoding.slice(0, 40))}, which was not asked for.`,
      );
    if (Number(field('content-length')) > PAGE_LIMITS.page)
      throw new ScrapeFailure('too-large', `The metrics page is larger than ${PAGE_LIMITS.page / 1024 / 1024} MiB.`);
    const type = field('content-type') ?? '';
    if (/^\s*(text\/html|application\/xhtml)/i.test(type))
      throw new ScrapeFailure(
        'no-series',
        `${request.url} answered with a web page (text/html), which has no metric of an SNI proxy: a login page, or another program, answers there.`,
      );
    const fold = foldExposition({ openMetrics: /^\s*application\/openmetrics-text/i.test(type) });
    return { onChunk: (chunk) => fold.push(chunk), onEnd: () => ({ at, page: fold.finish() }) };
  });
}

/** `/ready` beside the metrics page: 200 is ready, 5xx is not, anything else (no such path) says nothing. */
export async function readReadiness(request: PageRequest): Promise<{ ready: boolean | null; words: string | null }> {
  return ask(request, new URL('/ready', request.url), ({ status }) => {
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

/** Throws ScrapeFailure, whatever went wrong. */
async function ask<T>({ line, deadlineMs }: PageRequest, url: URL, begin: (head: Head) => Reader<T>): Promise<T> {
  try {
    return await line.get({ path: `${url.pathname}${url.search}`, deadlineMs, begin });
  } catch (error) {
    throw error instanceof ScrapeFailure ? error : described(error, url);
  }
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
  return new ScrapeFailure('unreachable', `${url.host} cannot be reached${code ? ` (${code})` : ''}.`, { cause: error });
}
