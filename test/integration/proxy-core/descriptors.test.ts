import assert from 'node:assert/strict';
import type net from 'node:net';
import { test } from 'node:test';
import { until } from '#test/support/until.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import { backend, blackHole, connect, type RunningProxy, request, startProxy } from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PATIENT = { timeoutMs: 30_000 };
const WITHOUT = 'sniproxy_connections_without_backend';

/** The descriptors that the page explains: those of an idle process, two a connection or one, and what the pool keeps. */
const named = (metrics: ReadonlyMap<string, number>) => {
  const of = (series: string) => metrics.get(series) ?? 0;
  return of('sniproxy_fd_baseline') + 2 * of('sniproxy_connections_active') - of(WITHOUT) + of('sniproxy_pool_size');
};

/** To the descriptor, on the page (which is asked for over one more socket) and in /proc (where that one has to close first). */
async function everyOneIsExplained(proxy: RunningProxy, alone: number): Promise<void> {
  let metrics = await proxy.metrics();
  await until(
    `the page explains what it counts, with ${alone} alone`,
    async () => {
      metrics = await proxy.metrics();
      const seen = [metrics.get('process_open_fds'), metrics.get(WITHOUT)].join();
      return seen === [named(metrics) + 1, alone].join() || Promise.reject(new Error(`${seen}, ${named(metrics)} named`));
    },
    PATIENT,
  );
  await until('/proc has as many', () => proxy.fds() === named(metrics) || Promise.reject(new Error(`${proxy.fds()}`)), PATIENT);
}

test('a crowd of silent clients is explained as the one descriptor that each holds; tunnels, dials and pooled clients as theirs', async (t) => {
  const serve = (socket: net.Socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end());
  const [server, hole] = [await backend(t, serve), await blackHole(t)];
  const proxy = await startProxy(
    t,
    `timeouts: { connect: 60, client_hello: 120 }
connection_pool: { enabled: true }
routes:
  - { match: hole.test, backends: ["127.0.0.1:${hole}"] }
  - { match: "*.test", backends: ["127.0.0.1:${server.port}"] }`,
  );
  await everyOneIsExplained(proxy, 0);

  const open = (count: number, bytes?: string | Buffer) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const client = await connect(t, proxy.port);
        if (bytes !== undefined) client.socket.write(bytes);
        return client;
      }),
    );
  const crowd = [
    ...(await open(170)),
    ...(await open(170, helloFor('a.test').subarray(0, 100))),
    ...(await open(160, request('a.test').slice(0, -2))),
  ];
  await until('the crowd is there', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 500, PATIENT);
  await everyOneIsExplained(proxy, 500);

  const tunnels = await open(10, helloFor('a.test'));
  await until('the tunnels are there', () => tunnels.every(({ text }) => text() === RESPONSE), PATIENT);
  await open(3, helloFor('hole.test'));
  await until(
    'the dials are under way',
    async () => (await proxy.metrics()).get('sniproxy_connections_phase{phase="dial"}') === 3,
    PATIENT,
  );
  const pooled = await open(6, request('a.test'));
  await until('the pooled ones were answered', () => pooled.every(({ text }) => text() === RESPONSE), PATIENT);
  await everyOneIsExplained(proxy, 506);
  assert.ok(((await proxy.metrics()).get('sniproxy_pool_size') ?? 0) > 0, 'what the pooled ones gave back is kept');

  for (const { socket } of [...crowd, ...pooled, ...tunnels]) socket.destroy();
  await until('only the dials are left', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 3, PATIENT);
  await everyOneIsExplained(proxy, 0);
});
