import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { clientAddress } from '#server/kernel/client-address.ts';
import type { Log } from '#server/kernel/log.ts';
import { ERROR_CODES, type ErrorCode, type Problem } from '#shared/errors.ts';
import { REMOTE_HEADER } from './remote.ts';

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";

/** Answers of routes, and files that carry their own hash in their name. */
const SAYS_ITSELF = /^\/((api|_next\/static|demo|help\/pictures)\/|(healthz|readyz|metrics)(\?|$))/;

type GuardDeps = { log: Log; trustProxy: BlockList; onAnswer: OnAnswer; contentPolicy: () => string };

/** What every answer has, whoever writes it: the security headers, a line in the log, and for the API a problem instead of Next's empty 405. */
export function guardAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { log, trustProxy, onAnswer, contentPolicy }: GuardDeps,
): void {
  request.headers[REMOTE_HEADER] = clientAddress(request.socket.remoteAddress ?? '', forwardedFor(request), trustProxy);
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  // Next calls a page that was made at build time good for everybody for a year, and leaves alone what says otherwise: it is for who is signed in, until the next version.
  if (!SAYS_ITSELF.test(request.url ?? '')) response.setHeader('Cache-Control', 'private, no-cache');
  // No page is made of what the API answers, whatever type a browser takes it for.
  const policy = request.url?.startsWith('/api/') ? NO_CONTENT : contentPolicy();
  response.setHeader('Content-Security-Policy', policy);
  // Next takes the nonce for the scripts of the page that it makes from here, whatever the client sent under this name.
  request.headers['content-security-policy'] = policy;
  if (request.url?.startsWith('/api/')) replaceEmpty405(request, response);
  logAnswer(request, response, log, onAnswer);
}

/** Several headers of that name are one list, RFC 9110 section 5.3. */
const forwardedFor = (request: IncomingMessage): string | undefined => {
  const value = request.headers['x-forwarded-for'];
  return Array.isArray(value) ? value.join(',') : value;
};

/** Pages ask many times a minute; what may have changed something is said at once. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What Next would answer with a 500: a path that is no text, a method that it does not know. False: the request goes on. */
export function refuse(request: IncomingMessage, response: ServerResponse): boolean {
  const path = request.url?.split('?')[0] ?? '';
  if (!METHODS.includes(request.method ?? '')) {
    answerProblem(response, 'request.method-not-allowed', `${request.method} is nothing that this console takes, here or elsewhere`);
    return true;
  }
  if (isText(path)) return false;
  answerProblem(response, 'request.not-found', `the path ${path.slice(0, 200)} should be percent-encoded UTF-8, like /nodes/edge%2D01`);
  return true;
}

function isText(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function answerProblem(response: ServerResponse, code: ErrorCode, detail: string): void {
  const headers = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };
  response.writeHead(ERROR_CODES[code].status, headers).end(problemText(code, detail));
}

function problemText(code: ErrorCode, detail: string): string {
  const { status, title } = ERROR_CODES[code];
  const problem: Problem = { type: `urn:headroom:problem:${code}`, title, status, code, detail };
  return JSON.stringify(problem);
}

type OnAnswer = (answer: { method: string; path: string; status: number; seconds: number }) => void;

function logAnswer(request: IncomingMessage, response: ServerResponse, log: Log, onAnswer: OnAnswer): void {
  const started = performance.now();
  // Without the query: the demo's sign-in link and the setup link carry their secret there.
  const path = request.url?.split('?')[0];
  // an event's listeners run where it is emitted, not where they were set
  const tell = AsyncLocalStorage.bind(() => {
    const ms = performance.now() - started;
    const line = { method: request.method, path, status: response.statusCode, ms: Math.round(ms) };
    const method = METHODS.includes(request.method ?? '') ? (request.method ?? '') : 'other';
    onAnswer({ method, path: path ?? '', status: response.statusCode, seconds: ms / 1000 });
    if (response.statusCode >= 500) log.warn(line, 'request');
    else if (SAFE_METHODS.includes(method)) log.debug(line, 'request');
    else log.info(line, 'request');
  });
  response.once('close', tell);
}

/** Next answers a method that a route does not export with an empty 405. Its compression writes the head before the end, so both are watched. */
function replaceEmpty405(request: IncomingMessage, response: ServerResponse): void {
  const { writeHead, end } = response;
  let empty = false;
  const head: typeof writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const status = typeof args[0] === 'number' ? args[0] : response.statusCode;
    if (status === 405 && !response.hasHeader('content-type')) {
      empty = true;
      response.removeHeader('content-length');
      response.setHeader('Content-Type', 'application/problem+json');
    }
    return Reflect.apply(writeHead, response, args);
  };
  const last: typeof end = function (this: ServerResponse, ...args: unknown[]) {
    if (response.statusCode === 405 && !response.headersSent) response.writeHead(405);
    if (!empty) return Reflect.apply(end, response, args);
    return Reflect.apply(end, response, [problemText('request.method-not-allowed', refusal(request))]);
  };
  response.writeHead = head;
  response.end = last;
}

const refusal = (request: IncomingMessage) => `${request.method} is not something that ${request.url?.split('?')[0]} takes`;
