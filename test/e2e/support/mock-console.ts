import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import next from 'next';
import { createMockApi } from '#test/support/mock-api.ts';

const root = path.resolve(import.meta.dirname, '../../..');

export type MockConsole = { url: string; mode(name: string): Promise<void>; close(): Promise<void> };

/** The built pages over the mock API: every state that a page can be in, at once and without a node. */
export async function startMockConsole(): Promise<MockConsole> {
  const app = next({ dev: false, dir: root });
  await app.prepare();
  const pages = app.getRequestHandler();
  const api = createMockApi();
  const server = createServer((request, response) => {
    if (/^\/(api\/|__mode\/)/.test(request.url ?? '')) api.emit('request', request, response);
    else void pages(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    mode: async (name) => void (await fetch(`${url}/__mode/${name}`)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
