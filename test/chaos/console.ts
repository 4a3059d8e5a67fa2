// The console's API, engine and files without its pages, as a process of its own that a test kills: `console.ts`, set up by the environment as app/serve.ts is.
// It prints "listening" once it answers.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { ConfigError, readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRuntime } from '#server/runtime.ts';
import { setRuntime } from '#server/slot.ts';

const root = path.resolve(import.meta.dirname, '../..');
type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;
type Route = { pattern: RegExp; file: string };

/** `app/api/v1/nodes/[id]/route.ts` answers `/api/v1/nodes/:id`. */
function findRoutes(): Route[] {
  const folder = path.join(root, 'app/api/v1');
  const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => path.basename(file) === 'route.ts');
  const routes = files.map((file) => {
    const parts = path.dirname(file).split(path.sep);
    const pattern = parts.map((part) => part.replace(/^\[(\w+)\]$/, '(?<$1>[^/]+)')).join('/');
    return {
      pattern: new RegExp(`^/api/v1/${pattern}$`),
      file: path.join(folder, file),
      fixed: parts.filter((p) => !p.startsWith('[')).length,
    };
  });
  return routes.sort((a, b) => b.fixed - a.fixed);
}

const routes = findRoutes();

async function answer(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const route = routes.find(({ pattern }) => pattern.test(url.pathname));
  const module: Record<string, unknown> = route ? await import(route.file) : {};
  const handler = module[incoming.method ?? 'GET'];
  if (!route || typeof handler !== 'function') return void response.writeHead(404).end();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) if (typeof value === 'string') headers.set(name, value);
  const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
  const request = new Request(url, { method: incoming.method ?? 'GET', headers, ...body });
  const params = Promise.resolve({ ...route.pattern.exec(url.pathname)?.groups });
  const answered = await asHandler(handler)(request, { params });
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}

/** What a route file exports under the name of a method. */
const asHandler = (exported: unknown): Handler => exported as Handler;

try {
  process.umask(0o077);
  const config = readConfig();
  const runtime = await createRuntime({ config, log: createLog({ level: config.logLevel, pretty: false }) });
  await runtime.start();
  setRuntime(runtime);
  const server = http.createServer((request, response) => {
    answer(request, response).catch((error) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      response.writeHead(500).end();
    });
  });
  server.listen(config.port, config.host, () => process.stdout.write('listening\n'));
  process.on('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    runtime.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exit(error instanceof ConfigError ? 78 : 1);
}
