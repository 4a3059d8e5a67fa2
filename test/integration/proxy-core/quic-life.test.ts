import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { closed, exchange, refused, request } from './harness.ts';
import { type QuicProxy, startQuicProxy } from './quic-parts.ts';
import { fromServer, initials, quicBackend, randomId, type Speaker, short, speaker } from './quic-wire.ts';

const tunnels = async (proxy: QuicProxy) => (await proxy.metrics()).get('sniproxy_quic_flows{phase="tunnel"}') ?? 0;
const routeTo = (port: number, name = 'a.test') => `routes: [{ match: ${name}, backends: ["127.0.0.1:${port}"] }]\n`;
const rssOf = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

/** Opens a connection and waits for the backend's first answer. */
async function open(client: Speaker, proxy: QuicProxy, name = 'a.test'): Promise<void> {
  const before = client.got.length;
  client.send(proxy.quicPort, ...initials(name, { dcid: randomId(), scid: randomId() }));
  await until('the backend answers', () => client.got.length > before);
}

describe('what a QUIC connection holds', () => {
  test('is one descriptor each, counted, and nothing once it is silent; each has one line and one reason', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id);
    const proxy = await startQuicProxy(t, `quic_config: { max_idle_timeout: 3 }\n${routeTo(backend.port)}`);
    const before = proxy.fds();
    const clients = await Promise.all(Array.from({ length: 20 }, () => speaker(t)));
    await Promise.all(clients.map((client) => open(client, proxy)));
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_fds{kind="upstream"}'), 20);
    assert.equal(metrics.get('sniproxy_quic_flows{phase="tunnel"}'), 20);
    assert.equal(metrics.get('sniproxy_connections_active'), 0, 'those hold two descriptors each');
    assert.ok(proxy.fds() >= before + 20);
    const baseline = metrics.get('sniproxy_fd_baseline') ?? 0;
    await until('all have ended', async () => closed(await proxy.metrics(), 'idle_timeout') === 20);
    await until('no descriptor is left', () => proxy.fds() <= before);
    const after = await proxy.metrics();
    assert.equal(after.get('sniproxy_fds{kind="upstream"}'), 0);
    assert.equal(after.get('sniproxy_fd_baseline'), baseline - 20, 'descriptors of flows are explained, not leaked');
    assert.equal(after.get('sniproxy_accepted_total'), 20);
    assert.equal(after.get('sniproxy_connections_total{protocol="quic",status="success"}'), 20);
    assert.equal(after.get('sniproxy_bytes_transferred_total{host="a.test",direction="tx"}'), 20 * 2400);
    assert.equal(after.get('sniproxy_bytes_transferred_total{host="a.test",direction="rx"}'), 20 * 1200);
    await until('each has its line', () => proxy.connections().length === 20);
    const lines = proxy.connections();
    const { client, name, route, backend: to, bytes_up, bytes_down, reason } = lines[0] ?? {};
    assert.match(String(client), /^127[.]0[.]0[.]1:\d+$/);
    assert.deepEqual(
      { name, route, to, bytes_up, bytes_down, reason },
      { name: 'a.test', route: 'a.test', to: `127.0.0.1:${backend.port}`, bytes_up: 2400, bytes_down: 1200, reason: 'idle_timeout' },
    );
  });

  test('goes to an address that nobody has proved in three times what came from it, and no more, until the client shows that it is there', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id);
    const proxy = await startQuicProxy(t, routeTo(backend.port));
    const client = await speaker(t);
    await open(client, proxy);
    const upstream = backend.got[0]?.port ?? 0;
    backend.send(upstream, ...Array.from({ length: 20 }, () => short(randomId(), 1000)));
    const key = 'sniproxy_quic_dropped_total{reason="unproven_address"}';
    await until('the rest is dropped', async () => ((await proxy.metrics()).get(key) ?? 0) === 14);
    assert.equal(client.bytes(), 1200 + 6000, 'of 2,400 that it sent');
    client.send(proxy.quicPort, fromServer(id, Buffer.alloc(0), { size: 100 }));
    await until('the backend hears of it', () => backend.got.length === 3);
    backend.send(upstream, ...Array.from({ length: 20 }, () => short(randomId(), 1000)));
    await until('all come now', () => client.bytes() === 7200 + 20_000);
  });

  test('is given up when its client never shows that it is there', async (t) => {
    const backend = await quicBackend(t, randomId());
    const proxy = await startQuicProxy(t, `timeouts: { client_hello: 0.5 }\n${routeTo(backend.port)}`);
    const client = await speaker(t);
    await open(client, proxy);
    await until('it is over', async () => closed(await proxy.metrics(), 'client_gone') === 1);
    assert.equal((await proxy.metrics()).get('sniproxy_fds{kind="upstream"}'), 0);
  });

  test('gives its place to another client, when its own has not shown for a second that it is there and such flows are many', async (t) => {
    const backend = await quicBackend(t, randomId());
    const proxy = await startQuicProxy(t, `quic_config: { max_flows: 40 }\n${routeTo(backend.port)}`);
    const clients = await Promise.all(Array.from({ length: 24 }, () => speaker(t)));
    const hellos = clients.map(() => initials('a.test', { dcid: randomId() }));
    for (const [i, client] of clients.entries()) client.send(proxy.quicPort, ...(hellos[i] ?? []));
    const late = await speaker(t);
    await until('those beyond sixteen are refused', async () => (refused(await proxy.metrics(), 'quic_unproven') ?? 0) > 0);
    await until('later it is not', () => {
      late.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
      return late.got.length > 0;
    });
    const gone = closed(await proxy.metrics(), 'client_gone') ?? 0;
    assert.ok(gone >= 1, `${gone} gave way`);
    assert.ok((await tunnels(proxy)) <= 16);
  });

  test('is one of so many that half of the descriptors stay for TCP, and the proxy goes on at its limit', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, routeTo(backend.port), { fdLimit: 128 });
    const half = Math.floor(((await proxy.metrics()).get('sniproxy_fd_budget') ?? 0) / 2);
    assert.ok(half > 10 && half < 60, `${half}`);
    for (let i = 0; i < half + 10; i += 1) {
      const client = await speaker(t);
      client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
      if (i >= half) continue;
      await until('it is open', () => client.got.length === 1);
      client.send(proxy.quicPort, short(id));
      await until('it is proved', () => client.got.length === 2);
    }
    await until('the rest is refused', async () => (refused(await proxy.metrics(), 'fd_headroom') ?? 0) >= 10);
    assert.equal(await tunnels(proxy), half);
    assert.equal((await fetch(`http://127.0.0.1:${proxy.adminPort}/ready`)).status, 200);
    assert.match((await exchange(t, proxy.port, request('nobody.test'))).toString(), /^HTTP[/]1[.]1 421 /, 'TCP is served');
  });

  test('has four addresses at most, however many speak with its id, and its own client keeps its place', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, routeTo(backend.port));
    const client = await speaker(t);
    await open(client, proxy);
    client.send(proxy.quicPort, short(id));
    await until('it is proved', () => client.got.length === 2);
    for (const other of await Promise.all(Array.from({ length: 12 }, () => speaker(t)))) other.send(proxy.quicPort, short(id));
    await until('they have come', async () => ((await proxy.metrics()).get('sniproxy_quic_moves_total{by="id"}') ?? 0) >= 3);
    assert.ok(((await proxy.metrics()).get('sniproxy_fds{kind="upstream"}') ?? 0) <= 4);
    const mine = short(id);
    client.send(proxy.quicPort, mine);
    await until('it is answered', () => backend.has(mine) && client.got.length >= 3);
  });
});

describe('reload and stop', () => {
  test('a reload changes where new connections go, and leaves the others alone', async (t) => {
    const [firstId, secondId] = [randomId(), randomId()];
    const [first, second] = [await quicBackend(t, firstId), await quicBackend(t, secondId)];
    const udp = (proxyPort: number, port: number) => `udp_listen_addrs: ["127.0.0.1:${proxyPort}"]\n${routeTo(port)}`;
    const proxy = await startQuicProxy(t, routeTo(first.port));
    const [old, fresh] = [await speaker(t), await speaker(t)];
    await open(old, proxy);
    proxy.write(udp(0, second.port));
    proxy.signal('SIGHUP');
    await until('reloaded', () => proxy.output.stdout.includes('config reloaded'));
    await open(fresh, proxy);
    const [toFirst, toSecond] = [short(firstId), short(secondId)];
    old.send(proxy.quicPort, toFirst);
    fresh.send(proxy.quicPort, toSecond);
    await until('each goes its way', () => first.has(toFirst) && second.has(toSecond));
    assert.doesNotMatch(proxy.output.stderr, /udp_listen_addrs has changed/);
    proxy.write(udp(proxy.quicPort, second.port));
    proxy.signal('SIGHUP');
    await until('it says that this takes a restart', () => /udp_listen_addrs has changed/.test(proxy.output.stderr));
  });

  test('SIGTERM: no new connections, open ones go on until they end, exit 0', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, `quic_config: { max_idle_timeout: 4 }\nshutdown_timeout: 30\n${routeTo(backend.port)}`);
    const [client, late] = [await speaker(t), await speaker(t)];
    await open(client, proxy);
    proxy.signal('SIGTERM');
    await until('it drains', () => proxy.output.stdout.includes('draining'));
    late.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    client.send(proxy.quicPort, short(id));
    await until('the open one is served', () => client.got.length === 2);
    assert.equal(late.got.length, 0);
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
    assert.deepEqual(
      proxy.connections().map(({ reason }) => reason),
      ['idle_timeout'],
    );
  });

  test('what is open at the end of shutdown_timeout, or at a second signal, ends as shutdown', async (t) => {
    const backend = await quicBackend(t, randomId());
    for (const timeout of [0.2, 600]) {
      const proxy = await startQuicProxy(t, `shutdown_timeout: ${timeout}\n${routeTo(backend.port)}`);
      const client = await speaker(t);
      await open(client, proxy);
      proxy.signal('SIGTERM');
      await until('it drains', () => proxy.output.stdout.includes('draining'));
      if (timeout > 1) proxy.signal('SIGTERM');
      assert.deepEqual(await proxy.exited, { code: 0, signal: null });
      assert.deepEqual(
        proxy.connections().map(({ reason }) => reason),
        ['shutdown'],
      );
    }
  });

  test('a port that is taken ends the start with one line that says so', async (t) => {
    const taken = await speaker(t);
    await assert.rejects(startQuicProxy(t, routeTo(9), { quicPort: taken.port }), /udp_listen_addrs: 127[.]0[.]0[.]1:\d+ is in use/);
  });
});

describe('hostile datagrams', () => {
  test('20,000 of them, most of which begin well, leave the proxy as it was', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, `timeouts: { client_hello: 1, connect: 1, idle: 2 }\n${routeTo(backend.port)}`);
    const before = proxy.fds();
    const attacker = await speaker(t);
    const client = await speaker(t);
    await open(client, proxy);
    client.send(proxy.quicPort, short(id));
    await until('a client is served', () => client.got.length === 2);
    const [half, rest] = initials('a.test', { dcid: randomId() });
    const kinds = [
      () => randomBytes(1 + Math.floor(Math.random() * 1400)),
      () => Buffer.concat([half.subarray(0, 6), randomId(), half.subarray(14)]),
      () => initials('a.test', { dcid: randomId() })[0],
      () => short(randomId(), 30 + Math.floor(Math.random() * 1000)),
      () => fromServer(randomId(20), randomId(20), { version: randomBytes(4), size: 1200 }),
      () => rest.subarray(0, Math.floor(Math.random() * rest.length)),
    ];
    const pool = Array.from({ length: 600 }, (_, i) => (kinds[i % kinds.length] ?? kinds[0])?.() ?? half);
    let answered = client.got.length;
    for (let round = 0; round < 20; round += 1) {
      for (let i = 0; i < 1000; i += 1) attacker.send(proxy.quicPort, pool[(i * 7 + round) % pool.length] ?? half);
      // The client is served in the middle of it; what is lost on the way it sends again.
      await until('the client is served', () => {
        client.send(proxy.quicPort, short(id));
        return client.got.length > answered;
      });
      answered = client.got.length;
    }
    await until('nothing is left of them', async () => (await proxy.metrics()).get('sniproxy_quic_flows{phase="hello"}') === 0);
    await until('nor of those who were served', async () => (await tunnels(proxy)) === 0);
    await until('descriptors are as before', () => proxy.fds() <= before);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_fds{kind="upstream"}'), 0);
    assert.ok((refused(metrics, 'hello_timeout') ?? 0) >= 1);
    assert.ok(rssOf(proxy.pid) < 300e6, `${rssOf(proxy.pid)} bytes`);
    assert.equal(proxy.child.exitCode, null);
  });
});

describe('with several workers', () => {
  test('one of them owns the UDP socket, its flows are on the one page, and its successor listens there again', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, `workers: 2\n${routeTo(backend.port)}`, { quicPort: await freePort() });
    const client = await speaker(t);
    await open(client, proxy);
    assert.equal(await tunnels(proxy), 1);
    const owners = fs
      .readFileSync(`/proc/${proxy.pid}/task/${proxy.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter((pid) => holdsUdp(Number(pid), proxy.quicPort));
    assert.equal(owners.length, 1);
    process.kill(Number(owners[0]), 'SIGKILL');
    const later = await speaker(t);
    await until('the successor serves', () => {
      later.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
      return later.got.length > 0;
    });
    assert.equal((await tunnels(proxy)) >= 1, true);
  });
});

/** Whether a process holds the UDP socket of that port. */
function holdsUdp(pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const row = fs
    .readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1]?.endsWith(wanted));
  return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${row?.[9]}]`;
    } catch {
      return false;
    }
  });
}
