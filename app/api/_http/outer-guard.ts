import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERROR_CODES, type Problem } from '#shared/errors.ts';
import { REMOTE_HEADER } from './remote.ts';

/** What every answer has, whoever writes it: the security headers, and for the API a problem document instead of Next's empty 405. */
export function guardAnswer(request: IncomingMessage, response: ServerResponse): void {
  request.headers[REMOTE_HEADER] = request.socket.remoteAddress ?? '';
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', "frame-ancestors 'none'; base-uri 'self'; object-src 'none'; form-action 'self'");
  if (request.url?.startsWith('/api/')) replaceEmpty405(request, response);
}

function replaceEmpty405(request: IncomingMessage, response: ServerResponse): void {
  const end = response.end;
  const replaced: typeof end = function (this: ServerResponse, ...args: unknown[]) {
    if (response.statusCode !== 405 || response.headersSent) return Reflect.apply(end, response, args);
    const code = 'request.method-not-allowed';
    const { status, title } = ERROR_CODES[code];
    const detail = `${request.method} is not something that ${request.url?.split('?')[0]} takes`;
    const problem: Problem = { type: `urn:headroom:problem:${code}`, title, status, code, detail };
    response.setHeader('Content-Type', 'application/problem+json');
    return Reflect.apply(end, response, [JSON.stringify(problem)]);
  };
  response.end = replaced;
}
