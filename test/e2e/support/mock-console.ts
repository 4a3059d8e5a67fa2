import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import next from 'next';
import { createHelp } from '#server/help/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Runtime } from '#server/runtime.ts';
import { setRuntime } from '#server/slot.ts';
import { createMockApi } from '#test/support/mock-api.ts';

const root = path.resolve(import.meta.dirname, '../../..');

export type MockConsole = { url: string; mode(name: string): Promise<void>; close(): Promise<void> };

/** The built pages over the mock API: every state that a page can be in, at once and without a node. */
export async function startMockConsole(options?: Parameters<typeof createMockApi>[0]): Promise<MockConsole> {
  const app = next({ dev: false, dir: root });
  await app.prepare();
  const pages = app.getRequestHandler();
  const api = createMockApi(options);
  const help = createHelp();
  let url = '';
  let mode = 'big';
  const ask = (asked: string) => fetch(`${url}/api/v1/${asked}`, { signal: AbortSignal.timeout(1000) });
  setRuntime(runtimeOfPages(help, ask, () => mode === 'demo'));
  const server = createServer((request, response) => {
    const picture = /^\/help\/pictures\/([^/?]+)$/.exec(request.url ?? '')?.[1];
    if (/^\/(api\/|__mode\/)/.test(request.url ?? '')) api.emit('request', request, response);
    else if (picture)
      void help
        .picture(picture)
        .then((found) => response.writeHead(found ? 200 : 404, { 'content-type': found?.type ?? 'text/plain' }).end(found?.bytes));
    else void pages(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  return {
    url,
    mode: async (name) => {
      mode = name;
      await fetch(`${url}/__mode/${name}`);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      setRuntime(undefined);
    },
  };
}

/** As much of the console as pages ask for themselves: the guides, whether this is a demo, which has the gallery, and who asks for which fleet. */
function runtimeOfPages(help: Runtime['help'], ask: (path: string) => Promise<Response>, isDemo: () => boolean): Runtime {
  const json = async (path: string) => (await ask(path)).json();
  return {
    config: {
      get demo() {
        return isDemo();
      },
    },
    help,
    access: { authenticate: async () => (await json('session')).actor ?? null },
    scopeOf: () => ({ everywhere: () => true, only: () => () => true }),
    fleet: {
      view: async () => {
        const answer = await ask('fleet');
        if (!answer.ok) throw new HeadroomError('server.unavailable', 'this mode has no fleet');
        return answer.json();
      },
    },
  } as unknown as Runtime;
}
