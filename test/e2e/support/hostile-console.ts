import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, BlockList } from 'node:net';
import path from 'node:path';
import next from 'next';
import { createContentPolicy, inlineScriptHashes } from '#app/api/_http/content-policy.ts';
import { guardAnswer } from '#app/api/_http/outer-guard.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRunbooks } from '#server/runbooks/index.ts';
import { createMockApi } from '#test/support/mock-api.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What is somebody's or something's own words, by the name of the field that carries it: these are poisoned, wherever they stand. */
const WORDS = new Set(
  `name title summary text prose reason message detail by command raw output value threshold documented better question label line lines selector unit
   path createdBy startedBy savedBy user owner note comment actor host drill verdictText stateReason problem words proves doesNotProve section changed
   nodeName nodes targetNames peer backend state_words why explanation description hint subject body what email configPath action object`
    .split(/\s+/)
    .filter(Boolean),
);
/** What looks like a choice out of a list, an id, a time or a hash is left: pages would refuse the whole answer. */
const PLAIN = /^(id-|n_|r_|base-|[0-9a-f]{12,}$|\d{4}-\d\d-\d\dT|SHA256:|[a-z]+(-[a-z]+)*$)/;
const ALWAYS = new Set([
  'name',
  'text',
  'prose',
  'title',
  'reason',
  'note',
  'message',
  'detail',
  'raw',
  'output',
  'selector',
  'by',
  'startedBy',
  'createdBy',
  'owner',
]);

/** The built pages under the console's own headers, over the mock API, each of whose words has `payload` behind it. */
export async function startHostileConsole(payload: () => string) {
  const app = next({ dev: false, dir: root });
  await app.prepare();
  const pages = app.getRequestHandler();
  const mock = createMockApi();
  await new Promise<void>((resolve) => mock.listen(0, '127.0.0.1', resolve));
  const mockUrl = `http://127.0.0.1:${(mock.address() as AddressInfo).port}`;
  const contentPolicy = createContentPolicy(inlineScriptHashes(path.join(root, '.next/server/app')));
  const deps = {
    log: createLog({ level: 'silent', pretty: false }),
    trustProxy: new BlockList(),
    onAnswer: () => undefined,
    contentPolicy,
  };
  const runbooks = createRunbooks().list();

  async function api(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const own = /^\/api\/v1\/runbooks(?:\/([a-z-]+))?$/.exec(request.url ?? '');
    if (own) {
      const one = runbooks.find(({ key }) => key === own[1]);
      const list = {
        runbooks: runbooks.map(({ text: _, steps, ...head }) => ({ ...head, stepCount: steps.length })),
        problems: [{ file: 'a.md', message: 'm' }],
      };
      return send(response, 200, own[1] === undefined ? list : (one ?? {}));
    }
    const left = new AbortController();
    response.once('close', () => left.abort());
    const answer = await fetch(`${mockUrl}${request.url}`, { method: request.method ?? 'GET', redirect: 'manual', signal: left.signal });
    if (/event-stream/.test(answer.headers.get('content-type') ?? '')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // Lines of a log, as they come; the live figures as they are.
      const follows = /logs/.test(request.url ?? '');
      for await (const chunk of answer.body ?? []) {
        const text = Buffer.from(chunk).toString('utf8');
        response.write(follows ? text.replace(/^(data: .*)$/gm, (line) => `${line} ${payload()}`) : text);
      }
      return void response.end();
    }
    const text = await answer.text();
    return send(response, answer.status, text === '' ? {} : JSON.parse(text));
  }

  const send = (response: ServerResponse, status: number, value: unknown): void => {
    const type = status >= 400 ? 'application/problem+json' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(poisoned(value, '')));
  };

  function poisoned(value: unknown, key: string): unknown {
    if (typeof value === 'string')
      return WORDS.has(key) && (ALWAYS.has(key) || !PLAIN.test(value)) && value !== '' ? `${value} ${payload()}` : value;
    if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
    if (typeof value !== 'object' || value === null) return value;
    if (key === 'labels') return { ...value, hostile: payload() };
    // Steps name their kind and statuses by words of lists.
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]));
  }

  const server = createServer((request, response) => {
    guardAnswer(request, response, deps);
    if (request.url?.startsWith('/__mode/')) return void fetch(`${mockUrl}${request.url}`).then(() => response.end());
    const work = request.url?.startsWith('/api/') ? api(request, response) : pages(request, response);
    work.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    mode: async (name: string) => void (await fetch(`${url}/__mode/${name}`)),
    close: async () => {
      for (const one of [server, mock]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
    },
  };
}
