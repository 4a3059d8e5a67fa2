import http from 'node:http';
import type { Socket } from 'node:net';
import type { HostPort } from '../contract/addresses.ts';

export type Admin = {
  /** to be listened on with `listen` */
  readonly server: http.Server;
  stop(): Promise<void>;
  readonly sockets: number;
  readonly address: HostPort | null;
};
export type Page = { status?: number; type: string; body: string };
export type Pages = Record<string, () => Page | Promise<Page>>;

/** Scrapers at a time; they live on the descriptors that the fd budget keeps in reserve, so it is less than the smallest reserve. */
const MAX_SOCKETS = 8;
const REQUEST_MS = 5000;
const KEEP_ALIVE_MS = 15_000;
const MAX_HEADERS = 8192;

/** /metrics, /health, /ready and /status: GET and HEAD, real 404 and 405. */
export function createAdmin(pages: Pages): Admin {
  const answering = new WeakSet<Socket>();
  const server = http.createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADERS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      // Who asks on without waiting for an answer is no scraper: each page takes its time of the event loop that relays.
      if (answering.has(request.socket)) {
        request.socket.destroy();
        return;
      }
      answering.add(request.socket);
      response.once('close', () => answering.delete(request.socket));
      void answer(pages, request).then(({ status = 200, type, body }) => {
        response.writeHead(status, {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          ...(status === 405 && { allow: 'GET, HEAD' }),
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      });
      request.resume();
    },
  );
  let sockets = 0;
  server.maxConnections = MAX_SOCKETS;
  server.on('connection', (socket) => {
    sockets += 1;
    socket.on('close', () => {
      sockets -= 1;
    });
  });
  return {
    get sockets() {
      return sockets;
    },
    get address() {
      const at = server.address();
      return at === null || typeof at === 'string' ? null : { host: at.address, port: at.port };
    },
    server,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(pages: Pages, { method, url = '/' }: http.IncomingMessage): Promise<Page> {
  const path = url.split('?', 1)[0] ?? '/';
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined)
    return text(404, `there is nothing at ${JSON.stringify(path.slice(0, 100))}; there are ${Object.keys(pages).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD are answered here');
  try {
    return await page();
  } catch (error) {
    return text(500, `this page could not be made: ${error instanceof Error ? error.message : error}`);
  }
}

const text = (status: number, body: string): Page => ({ status, type: 'text/plain; charset=utf-8', body: `${body}\n` });
