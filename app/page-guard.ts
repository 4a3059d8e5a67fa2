import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '#server/access/index.ts';

/** What is served to everybody: the pages to come in by, what pages are made of, and what has a guard of its own. Everything else is a page. */
const OPEN = [
  /^\/(login|setup|link)$/,
  /^\/_next\/static\//,
  /^\/(icon\.svg|favicon\.ico)$/,
  /^\/(api|demo)\//,
  /^\/(healthz|readyz|metrics)$/,
];

export const isOpen = (path: string): boolean => OPEN.some((pattern) => pattern.test(path));

/** Sends who is not signed in to the sign-in page, and back here afterwards. False: the request goes on. */
export async function turnAway(request: IncomingMessage, response: ServerResponse, access: Pick<Access, 'authenticate'>): Promise<boolean> {
  // Parsed as the origin's own path, whatever it looks like: `//x` is no other host.
  const { pathname, search } = new URL(`http://console.invalid${request.url ?? '/'}`);
  if (isOpen(pathname)) return false;
  const headers = new Headers();
  if (request.headers.cookie) headers.set('cookie', request.headers.cookie);
  if (await access.authenticate(headers)) return false;
  const back = pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`;
  response.writeHead(307, { location: `/login${back}`, 'cache-control': 'no-store' }).end();
  return true;
}
