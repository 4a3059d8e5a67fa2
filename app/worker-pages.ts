import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Runtime } from '#server/runtime.ts';
import { mayEverywhere } from '#shared/access.ts';
import { ERROR_CODES, type ErrorCode } from '#shared/errors.ts';

/** What a worker serves: how it is, for service managers and a Prometheus. People use the console at a web process. */
export function workerPages(runtime: Runtime): RequestListener {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') return json(response, 200, { status: 'ok' });
    if (path === '/readyz') {
      const { ready, checks } = await runtime.readiness();
      return json(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
    }
    if (path !== '/metrics') return problem(response, 'request.not-found', 'this process is a worker: the console is at the web processes');
    const headers = new Headers(request.headers.authorization === undefined ? {} : { authorization: request.headers.authorization });
    const actor = await runtime.access.authenticate(headers);
    if (actor === null) return problem(response, 'auth.required', 'send an API token: Authorization: Bearer hr_…');
    if (!mayEverywhere(actor, 'fleet.read'))
      return problem(response, 'auth.forbidden', 'this needs the permission fleet.read on every node');
    const { type, body } = await runtime.telemetry.page();
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  };
  return (request, response) => {
    answer(request, response).catch((error) => {
      if (!isHeadroomError(error)) runtime.log.error({ err: error, path: request.url?.split('?')[0] }, 'a request failed');
      if (response.headersSent) response.end();
      else if (isHeadroomError(error)) problem(response, error.code, error.message);
      else problem(response, 'server.internal', 'the log of this process has the reason');
    });
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, code: ErrorCode, detail: string): void {
  const { status, title } = ERROR_CODES[code];
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(JSON.stringify({ type: `urn:headroom:problem:${code}`, title, status, code, detail }));
}
