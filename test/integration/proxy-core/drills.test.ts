import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { DRILL_NAMES } from '#contract/words.ts';
import { until } from '#test/support/until.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import { backend, connect, type RunningProxy, request, startProxy } from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EACH = 40;
const phase = (metrics: Map<string, number>, name: string) => metrics.get(`sniproxy_connections_phase{phase="${name}"}`);

/** A proxy with a drill in front of two backends: one keeps its connections until the client ends, the other ends first. */
async function drill(t: TestContext, name: string | undefined, pool: boolean) {
  const keep = await backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
  const first = await backend(t, (socket) => socket.once('data', () => socket.end(RESPONSE)).resume());
  const proxy = await startProxy(
    t,
    `timeouts: { half_close: 1, idle: 2 }
shutdown_timeout: 20
connection_pool:
  enabled: ${pool}
routes:
  - { match: keep.test, backends: ["127.0.0.1:${keep.port}"] }
  - { match: first.test, backends: ["127.0.0.1:${first.port}"] }`,
    name === undefined ? {} : { drill: name },
  );
  return proxy;
}

/** `EACH` finished clients of each kind; all of them have got their whole reply and are closed. */
async function clients(t: TestContext, proxy: RunningProxy, kinds: Buffer[]): Promise<void> {
  const one = async (bytes: Buffer) => {
    const client = await connect(t, proxy.port);
    client.socket.write(bytes);
    await until('the reply is there', () => client.text().endsWith('ok'));
    client.socket.destroy();
  };
  for (const bytes of kinds) await Promise.all(Array.from({ length: EACH }, () => one(bytes)));
}
const HTTP = [Buffer.from(request('keep.test')), Buffer.from(request('first.test'))];
const TLS = [helloFor('keep.test'), helloFor('first.test')];
const settled = (proxy: RunningProxy, fds: number) =>
  until(`the proxy holds ${fds} descriptors`, () => proxy.fds() === fds || Promise.reject(new Error(`${proxy.fds()}`)));
const baseline = async (proxy: RunningProxy) => {
  const fds = (await proxy.metrics()).get('sniproxy_fd_baseline') ?? 0;
  await settled(proxy, fds);
  return fds;
};

describe('without a drill', () => {
  for (const pool of [true, false])
    test(`nothing leaks, pool ${pool ? 'on' : 'off'}, and every drill is exported as 0`, async (t) => {
      const proxy = await drill(t, undefined, pool);
      const base = await baseline(proxy);
      await clients(t, proxy, [...HTTP, ...TLS]);
      await until('all clients are gone', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0);
      const metrics = await proxy.metrics();
      const idle = metrics.get('sniproxy_pool_size') ?? 0;
      assert.ok(idle <= (pool ? 1 : 0), `${idle} idle sockets`);
      await settled(proxy, base + idle);
      for (const name of DRILL_NAMES) assert.equal(metrics.get(`sniproxy_drill_active{drill="${name}"}`), 0);
      assert.equal(metrics.get('sniproxy_pool_active_connections'), 0);
      assert.equal(metrics.get('sniproxy_connections_active'), 0);
    });
});

describe('drill pool-leak', () => {
  test('with the pool on, each plaintext HTTP connection leaves one descriptor that the pool has lent out', async (t) => {
    const proxy = await drill(t, 'pool-leak', true);
    const base = await baseline(proxy);
    assert.match(proxy.output.stderr, /POOL-LEAK IS ON.*misbehaves on purpose/);
    await clients(t, proxy, [...TLS, ...HTTP]);
    await settled(proxy, base + 2 * EACH);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_drill_active{drill="pool-leak"}'), 1);
    assert.equal(metrics.get('sniproxy_drill_active{drill="eof-leak"}'), 0);
    assert.equal(metrics.get('sniproxy_pool_active_connections'), 2 * EACH);
    assert.equal(metrics.get('sniproxy_pool_size'), 0);
    assert.equal(metrics.get('sniproxy_connections_active'), 0, 'no tunnel explains them');
    assert.equal(metrics.get('sniproxy_fds{kind="upstream"}'), 2 * EACH);
  });

  test('a client that resets leaves one too', async (t) => {
    const proxy = await drill(t, 'pool-leak', true);
    const base = await baseline(proxy);
    const client = await connect(t, proxy.port);
    client.socket.write(request('keep.test'));
    await until('the reply is there', () => client.text().endsWith('ok'));
    client.socket.resetAndDestroy();
    await settled(proxy, base + 1);
  });

  test('with the pool off, nothing leaks', async (t) => {
    const proxy = await drill(t, 'pool-leak', false);
    const base = await baseline(proxy);
    await clients(t, proxy, [...HTTP, ...TLS]);
    await settled(proxy, base);
    assert.equal((await proxy.metrics()).get('sniproxy_pool_active_connections'), 0);
  });

  test('what the pool holds does not hold up a stop', async (t) => {
    const proxy = await drill(t, 'pool-leak', true);
    await clients(t, proxy, HTTP);
    proxy.signal('SIGTERM');
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
  });
});

describe('drill eof-leak', () => {
  for (const pool of [true, false])
    test(`each plaintext HTTP connection leaves two descriptors in a stale tunnel, pool ${pool ? 'on' : 'off'}`, async (t) => {
      const proxy = await drill(t, 'eof-leak', pool);
      const base = await baseline(proxy);
      await clients(t, proxy, [...TLS, ...HTTP]);
      await settled(proxy, base + 4 * EACH);
      const metrics = await proxy.metrics();
      assert.equal(metrics.get('sniproxy_connections_active'), 2 * EACH);
      assert.equal((phase(metrics, 'half_closed') ?? 0) + (phase(metrics, 'stale') ?? 0), 2 * EACH);
      await until('all are stale', async () => phase(await proxy.metrics(), 'stale') === 2 * EACH);
      const later = await proxy.metrics();
      for (const name of ['sniff', 'dial', 'tunnel', 'half_closed']) assert.equal(phase(later, name), 0, name);
      await settled(proxy, base + 4 * EACH); // no deadline has acted on them
      proxy.signal('SIGTERM');
      assert.deepEqual(await proxy.exited, { code: 0, signal: null }, 'stale tunnels do not hold up a stop');
    });
});

describe('the other drills', () => {
  test('slow-leak keeps one descriptor of 200 connections', async (t) => {
    const proxy = await drill(t, 'slow-leak', false);
    const base = await baseline(proxy);
    for (let i = 0; i < 5; i += 1) await clients(t, proxy, HTTP);
    await settled(proxy, base + 2);
  });

  test('scrape-blind kills the metrics page, and the proxy with it', async (t) => {
    const keep = await backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
    const routes = `routes: [{ match: keep.test, backends: ["127.0.0.1:${keep.port}"] }]`;
    const proxy = await startProxy(t, routes, { drill: 'scrape-blind', fdLimit: 80 });
    await until('the metrics page is dead', async () => {
      const client = await connect(t, proxy.port);
      client.socket.write(request('keep.test'));
      await until('an answer or an end', () => client.text() !== '' || client.state.closed || client.state.ended);
      client.socket.destroy();
      return proxy.metrics().then(
        () => false,
        () => true,
      );
    });
    assert.ok(proxy.fds() >= 78);
  });
});
