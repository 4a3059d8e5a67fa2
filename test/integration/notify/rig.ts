import http from 'node:http';
import type { TestContext } from 'node:test';
import type { AlertNow } from '#server/notify/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Actor } from '#shared/access.ts';
import type { ChannelDraft } from '#shared/notify.ts';

export const ADMIN: Actor = { kind: 'user', id: 'u_1', name: 'ana', role: 'admin' };

export type Got = { at: number; method: string; path: string; headers: http.IncomingHttpHeaders; body: string };
export type Answer = (got: Got, response: http.ServerResponse) => void;

/** A receiver that writes down what it gets; `answer` may be changed at any time. */
export async function sink(t: Pick<TestContext, 'after'>, answer: Answer = (_, response) => response.writeHead(200).end('ok')) {
  const got: Got[] = [];
  const state = { answer };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = {
      at: Date.now(),
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    got.push(one);
    state.answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sink has no port');
  return { got, state, url: `http://127.0.0.1:${address.port}`, bodies: () => got.map(({ body }) => JSON.parse(body)) };
}

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export async function addChannel(runtime: Runtime, draft: Partial<ChannelDraft> & Pick<ChannelDraft, 'target' | 'name'>): Promise<string> {
  const { id } = await runtime.command(ADMIN, runtime.notify.verbs.channels.add, { allowPrivate: true, ...draft });
  return id;
}
export const webhookTo = (runtime: Runtime, url: string, name = 'hook', rest: Partial<ChannelDraft> = {}): Promise<string> =>
  addChannel(runtime, { name, target: { kind: 'webhook', url }, secret: SECRET, ...rest });

/** An incident on edge-01 that leaks, unless said otherwise. */
export function alertOf(patch: Partial<AlertNow> = {}): AlertNow {
  return {
    ...{
      key: 'incident:in_1',
      kind: 'incident',
      state: 'firing',
      severity: 'critical',
      title: 'INC-1 edge-01 leaks',
      text: 'edge-01 leaks 62 fds/min',
    },
    ...{ link: '/incidents/in_1', startsAt: Date.now() - 60_000, endsAt: null, by: null },
    signals: [{ rule: 'leaking', nodeId: 'n_1', node: 'edge-01', labels: { group: 'edge', zone: 'a' } }],
    ...patch,
  };
}

/** As a module that owns alerts does it: in a transaction, and the event after it. */
export async function say(runtime: Runtime, alert: AlertNow): Promise<void> {
  await runtime.db.transaction().execute((tx) => runtime.notify.note(tx, alert));
  runtime.events.publish({ type: 'alert.changed', key: alert.key });
}
