import assert from 'node:assert/strict';
import net from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { ScrapeFailure } from '#server/scrape/failure.ts';
import { Line } from '#server/scrape/line.ts';
import { readMetricsPage } from '#server/scrape/page.ts';
import { metricsServer, pageOf, serving } from './rig.ts';

const DEADLINE_MS = 300;

/** Like a channel of a lost session: `destroy` says nothing, and `close` comes only to who reads. */
class LostChannel extends Duplex {
  constructor(options: DuplexOptions = {}) {
    super({ ...options, read: () => undefined, write: () => undefined });
  }
  override destroy(): this {
    return this;
  }
}

function reader(t: TestContext, open: () => Promise<Duplex>) {
  const line = new Line('127.0.0.1:9090', open);
  t.after(() => line.close());
  return (url: string) => readMetricsPage({ line, url: new URL(url), deadlineMs: DEADLINE_MS, now: Date.now });
}

const connect = (port: number) =>
  new Promise<net.Socket>((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });

test('channels that die without a word hold no place: the next reading gets a new one', async (t) => {
  const server = await metricsServer(
    t,
    serving(() => pageOf({})),
  );
  let opened = 0;
  const read = reader(t, async () => (opened++ < 5 ? new LostChannel() : connect(server.port)));
  for (let i = 0; i < 5; i++)
    await assert.rejects(read(server.url), (error) => error instanceof ScrapeFailure && error.reason === 'timeout');
  assert.equal((await read(server.url)).page.openFds, 100);
  assert.equal(opened, 6);
});

test('a kept channel that the node closed is replaced without a failure', async (t) => {
  const server = await metricsServer(t, (request, response) => {
    response.end(pageOf({}), () => setImmediate(() => request.socket.end()));
  });
  const read = reader(t, () => connect(server.port));
  for (let i = 0; i < 10; i++) assert.equal((await read(server.url)).page.openFds, 100);
});

test('a page that ends with its channel is read to its end', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${'x 1\n'.repeat(50_000)}${pageOf({})}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const read = reader(t, () => connect(port));
  assert.equal((await read(`http://127.0.0.1:${port}/metrics`)).page.openFds, 100);
});
