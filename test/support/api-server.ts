import http from 'node:http';
import type { TestContext } from 'node:test';

type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;
type Routes = Record<string, Record<string, unknown>>;

/** Route modules behind a real port, `{ '/api/v2/silence/[id]': module }`: what other programs need to be told apart from the pages. Gives its URL. */
export async function serveRoutes(t: Pick<TestContext, 'after'>, routes: Routes): Promise<string> {
  const known = Object.entries(routes).map(([path, module]) => {
    const names = [...path.matchAll(/\[(\w+)\]/g)].map(([, name]) => name ?? '');
    return { pattern: new RegExp(`^${path.replace(/\[\w+\]/g, '([^/]+)')}$`), names, module };
  });
  const server = http.createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const url = `http://${incoming.headers.host}${incoming.url}`;
    const { pathname } = new URL(url);
    const found = known.find(({ pattern }) => pattern.test(pathname));
    const handler = found?.module[incoming.method ?? ''];
    if (!found || typeof handler !== 'function') return outgoing.writeHead(found ? 405 : 404).end();
    const values = found.pattern.exec(pathname)?.slice(1) ?? [];
    const params = Object.fromEntries(found.names.map((name, i) => [name, decodeURIComponent(values[i] ?? '')]));
    const headers = new Headers(
      Object.entries(incoming.headers).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v] as [string, string]] : [])),
    );
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    const request = new Request(url, { method: incoming.method ?? 'GET', headers, ...(body && { body }) });
    const answer = await asHandler(handler)(request, { params: Promise.resolve(params) });
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

const asHandler = (value: unknown): Handler => value as Handler;
