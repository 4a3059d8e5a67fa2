import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { dnsServer } from '#test/support/dns-server.ts';
import { h2Get } from '#test/support/h2-bytes.ts';
import { until } from '#test/support/until.ts';
import { handshake, helloBody, helloFor, records } from '../../unit/proxy-core/hello-bytes.ts';
import { backend, closed, connect, exchange, type RunningProxy, refused, request, startProxy, suiteOwner } from './harness.ts';
import { BUSY, checkBooks, cpuSeconds, gone, inState, nobody, RESPONSE, SERVE, send } from './scenario-parts.ts';

/** The measured scenarios of the original, each with the result that it should have had. */
describe('scenario', { concurrency: 4 }, () => {
  const owner = suiteOwner();
  const ports: Record<string, number> = {};
  const routes = () =>
    `routes:\n${Object.entries(ports)
      .map(([name, port]) => `  - { match: ${name.toLowerCase()}.test, backends: ["127.0.0.1:${port}"] }\n`)
      .join('')}`;
  const proxyWith = (config: string, options?: Parameters<typeof startProxy>[2]) => startProxy(owner, `${config}\n${routes()}`, options);
  let shared: RunningProxy;

  before(async () => {
    for (const [name, serve] of Object.entries(SERVE)) ports[name] = (await backend(owner, serve)).port;
    shared = await proxyWith('timeouts: { connect: 2, client_hello: 2, idle: 3, half_close: 2 }');
  });

  for (const pool of [false, true])
    test(`a: 50 keep-alive clients come and go: the descriptors are back as they leave, pool ${pool ? 'on' : 'off'}`, async () => {
      const proxy = await proxyWith(`connection_pool: { enabled: ${pool} }\ntimeouts: { idle: 60 }`);
      const base = proxy.fds();
      for (let round = 0; round < 3; round += 1) {
        const clients = await Promise.all(Array.from({ length: 50 }, () => send(owner, proxy.port, request('keep.test'))));
        await until('all are answered', () => clients.every((client) => client.text() === RESPONSE), BUSY);
        assert.ok(proxy.fds() >= base + 50);
        for (const { socket } of clients) socket.destroy();
        // Less than any deadline of the proxy: nothing but the clients' end brings them back.
        await until('the descriptors are back, and the pool keeps one for the next client at most', () => proxy.fds() <= base + 1, {
          timeoutMs: 25_000,
        });
      }
      await checkBooks(proxy);
    });

  for (const pool of [false, true])
    test(`b: a backend that closes first: its client sees the end, and nothing waits in CLOSE_WAIT, pool ${pool ? 'on' : 'off'}`, async () => {
      const proxy = await proxyWith(`connection_pool: { enabled: ${pool} }\ntimeouts: { idle: 60, half_close: 60 }`);
      const clients = await Promise.all(Array.from({ length: 30 }, () => send(owner, proxy.port, request('first.test'))));
      for (const client of clients) await client.over(BUSY.timeoutMs);
      assert.ok(clients.every((client) => client.text() === RESPONSE && client.state.error === ''));
      for (const { socket } of clients) socket.end();
      await until(
        'nothing is in CLOSE_WAIT',
        () => inState('close-wait', proxy.port).length + inState('close-wait', ports.first ?? 0).length === 0,
        BUSY,
      );
      await checkBooks(proxy);
    });

  for (const pool of [false, true])
    test(`c: a client that has finished gets the whole reply, which begins after its end, pool ${pool ? 'on' : 'off'}`, async () => {
      const proxy = await proxyWith(`connection_pool: { enabled: ${pool} }`);
      const text = request('aftereof.test');
      const client = await connect(owner, proxy.port);
      client.socket.end(text);
      await client.over(15_000);
      assert.ok(client.text().endsWith(`${String(text.length).padStart(4, '0')}${'x'.repeat(1_000_000)}`));
      const tls = await connect(owner, proxy.port);
      tls.socket.end(helloFor('aftereof.test'));
      await tls.over(15_000);
      assert.equal(tls.text().length, client.text().length);
      await checkBooks(proxy);
    });

  test('d, e, f: slow headers, a slow hello and a silent client end at one deadline; what dribbles in before it is served', async () => {
    const since = Date.now();
    const hello = helloFor('echo.test');
    const [headers, slowHello, silent, dribble] = await Promise.all([
      send(owner, shared.port, 'GET / HTTP/1.1\r\n'),
      send(owner, shared.port, hello.subarray(0, 20)),
      connect(owner, shared.port),
      connect(owner, shared.port),
    ]);
    const feeding = setInterval(() => {
      if (!headers.state.ended) headers.socket.write('X: y\r\n');
      if (!slowHello.state.ended) slowHello.socket.write(hello.subarray(20, 21));
    }, 100);
    for (const byte of hello) {
      dribble.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the dribbled one is served', () => dribble.received().equals(hello), BUSY);
    dribble.socket.destroy();
    for (const client of [headers, slowHello, silent]) await gone(client);
    clearInterval(feeding);
    assert.ok(Date.now() - since >= 1900, `${Date.now() - since} ms`);
    await until('they are counted', async () => (refused(await shared.metrics(), 'hello_timeout') ?? 0) >= 3, BUSY);
  });

  test('g: a transfer in one direction outlives timeouts.idle; a tunnel that is silent both ways is cut at it', async () => {
    const since = Date.now();
    const [busy, quiet] = await Promise.all([
      send(owner, shared.port, request('ticking.test')),
      send(owner, shared.port, request('silent.test')),
    ]);
    await gone(quiet);
    assert.ok(Date.now() - since >= 2900 && !busy.state.ended, `${Date.now() - since} ms`);
    await until('it goes on', () => Date.now() - since > 4000 && busy.received().length > 20, BUSY);
    assert.equal(busy.state.ended, false);
    busy.socket.destroy();
  });

  test('h: a hello over many records and segments, with what comes behind it, reaches the backend byte for byte', async () => {
    const behind = Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1]), Buffer.from([23, 3, 3, 1, 0]), randomBytes(256)]);
    for (const recordBytes of [1, 7, 100, 16_384]) {
      const bytes = Buffer.concat([helloFor('echo.test', recordBytes), behind]);
      const client = await connect(owner, shared.port);
      for (let at = 0; at < bytes.length; at += 61) {
        client.socket.write(bytes.subarray(at, at + 61));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('everything is back', () => client.received().length >= bytes.length, BUSY);
      assert.ok(client.received().equals(bytes), `records of ${recordBytes}`);
      client.socket.destroy();
    }
    const large = records(handshake(helloBody({ extensions: [] })), 5);
    assert.equal((await exchange(owner, shared.port, large)).toString('hex'), '15030100020270', 'without a name: alert 112');
  });

  test('i: a name that leads to this proxy is refused, by any address and listener, with a descriptor more at most', async () => {
    const dns = await dnsServer(owner, (name, type) => (type === 'A' ? [name.startsWith('fleet') ? '203.0.113.9' : '127.0.0.1'] : []));
    const proxy = await startProxy(
      owner,
      `deny_destinations: []\nfleet_addresses: ["203.0.113.9"]\nresolver: { servers: ["${dns.address}"] }`,
      {
        listen: ['127.0.0.1:0', '[::1]:0', '0.0.0.0:0'],
      },
    );
    const [v4, v6, any] = [proxy.port, proxy.portAt(1), proxy.portAt(2)];
    const hosts = [
      `127.0.0.1:${v4}`,
      `[::1]:${v6}`,
      `[::ffff:127.0.0.1]:${v4}`,
      `[::ffff:7f00:1]:${v4}`,
      `127.0.0.1:${any}`,
      `127.9.9.9:${any}`,
    ];
    hosts.push(`0.0.0.0:${v4}`, `me.test:${v4}`, `127.0.0.1:${proxy.adminPort}`, 'fleet.test');
    let most = 0;
    const base = proxy.fds();
    for (const [i, host] of hosts.entries()) {
      const client = await send(owner, v4, request(host));
      most = Math.max(most, proxy.fds() - base);
      await client.over();
      assert.match(client.text(), /^HTTP\/1\.1 421 .*itself/s, host);
      client.socket.destroy();
      await until('it is counted', async () => refused(await proxy.metrics(), 'loop') === i + 1, BUSY);
    }
    assert.equal((await exchange(owner, v4, helloFor('fleet.test'))).toString('hex'), '15030100020231', 'by SNI: alert 49');
    // The client's own, that of the metrics page, and those of the lookups.
    assert.ok(most <= 4, `${most} descriptors more`);
    assert.equal((await proxy.metrics()).get('sniproxy_connections_active'), 0);
  });

  test('j: loopback, private and metadata addresses are refused by default, as Host and as what a name resolves to', async () => {
    const recorder = await backend(owner, SERVE.echo);
    const dns = await dnsServer(owner, (_name, type) => (type === 'A' ? ['127.0.0.1'] : []));
    const proxy = await startProxy(owner, `resolver: { servers: ["${dns.address}"] }`);
    const hosts = [
      `127.0.0.1:${recorder.port}`,
      `rebind.test:${recorder.port}`,
      '169.254.169.254',
      '10.0.0.1',
      '[fd00::1]',
      '[::ffff:10.0.0.1]',
    ];
    for (const host of hosts) assert.match((await exchange(owner, proxy.port, request(host))).toString('latin1'), /^HTTP\/1\.1 403 /, host);
    assert.equal((await exchange(owner, proxy.port, helloFor('rebind.test'))).toString('hex'), '15030100020231');
    assert.equal(recorder.accepted(), 0);
  });

  test('k: bytes outside ASCII at every offset of a head crash nothing, and leave nobody behind', async () => {
    const proxy = await proxyWith('log: { access: false }');
    const head = Buffer.from(request('keep.test', 'X-Header: some value'), 'latin1');
    const odd = Buffer.from('é€😀', 'utf8');
    const one = async (at: number) => {
      const client = await send(owner, proxy.port, Buffer.concat([head.subarray(0, at), odd, head.subarray(at)]));
      await until('it is answered', () => client.received().length > 0 || client.state.ended || client.state.closed, BUSY);
      client.socket.destroy();
    };
    for (let at = 0; at <= head.length; at += 16)
      await Promise.all(Array.from({ length: Math.min(16, head.length + 1 - at) }, (_, i) => one(at + i)));
    await checkBooks(proxy);
    assert.equal((await exchange(owner, proxy.port, request('unknown.test'))).length > 0, true, 'it is there');
  });

  test('l: 64 descriptors and 200 clients: it refuses, counts, stays scrapeable and calm, and recovers by itself', async () => {
    const proxy = await proxyWith('max_connections: 5000', { fdLimit: 64 });
    const clients = await Promise.all(Array.from({ length: 200 }, () => send(owner, proxy.port, request('keep.test'))));
    await until(
      'each is served or closed',
      () => clients.every((client) => client.text() === RESPONSE || client.state.closed || client.state.ended),
      BUSY,
    );
    const served = clients.filter((client) => client.text() === RESPONSE).length;
    const full = await proxy.metrics();
    assert.ok(served >= 5);
    assert.equal(refused(full, 'fd_headroom'), 200 - served);
    assert.match(proxy.output.stderr, /max_connections is 5000, but a limit of 64 open files carries \d+ .*LimitNOFILE to 1\d{4}/);
    assert.deepEqual([full.get('sniproxy_connections_active'), full.get('process_max_fds')], [served, 64]);
    assert.ok(2 * served <= (full.get('sniproxy_fd_budget') ?? 0) && (full.get('process_open_fds') ?? 99) <= 64 - 8);
    assert.ok(proxy.fds() < 64);
    const [cpu, since] = [cpuSeconds(proxy.pid), Date.now()];
    await until('a second has passed', () => Date.now() - since > 1000);
    assert.ok(cpuSeconds(proxy.pid) - cpu < 0.4);
    for (const { socket } of clients) socket.destroy();
    await checkBooks(proxy);
    const again = await send(owner, proxy.port, request('keep.test'));
    await until('it serves', () => again.text() === RESPONSE, BUSY);
    again.socket.destroy();
  });

  test('m: of max_connections + 1 clients the last is refused and counted, and a slot that is free is used again', async () => {
    const proxy = await proxyWith('max_connections: 8');
    const base = proxy.fds();
    const clients = await Promise.all(Array.from({ length: 8 }, () => send(owner, proxy.port, request('keep.test'))));
    await until('eight are served', () => clients.every((client) => client.text() === RESPONSE), BUSY);
    await gone(await send(owner, proxy.port, request('keep.test')));
    assert.equal(refused(await proxy.metrics(), 'max_connections'), 1);
    assert.ok(proxy.fds() <= base + 17);
    clients[0]?.socket.destroy();
    await until('a slot is free', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 7, BUSY);
    const next = await send(owner, proxy.port, request('keep.test'));
    await until('the next is served', () => next.text() === RESPONSE, BUSY);
    for (const { socket } of [...clients, next]) socket.destroy();
    await checkBooks(proxy);
  });

  test('n: SIGTERM stops accepting at once and lets what is in flight finish; a tunnel that hangs is cut; a second signal does not wait', async () => {
    const proxies = await Promise.all([20, 1, 60].map((seconds) => proxyWith(`shutdown_timeout: ${seconds}`)));
    const [finishing, hanging, impatient] = proxies;
    assert.ok(finishing && hanging && impatient);
    const clients = await Promise.all(proxies.map((proxy) => send(owner, proxy.port, request('keep.test'))));
    await until('all are served', () => clients.every((client) => client.text() === RESPONSE), BUSY);
    for (const proxy of proxies) proxy.signal('SIGTERM');
    for (const { port } of proxies)
      await until(
        'nobody is accepted any more',
        () =>
          connect(owner, port).then(
            ({ socket }) => !socket.destroy(),
            () => true,
          ),
        BUSY,
      );
    clients[0]?.socket.write(request('keep.test'));
    await until('what is in flight is answered', () => clients[0]?.text() === RESPONSE + RESPONSE, BUSY);
    clients[0]?.socket.end();
    impatient.signal('SIGTERM');
    for (const { exited } of proxies) assert.deepEqual(await exited, { code: 0, signal: null });
    for (const client of clients.slice(1)) await gone(client);
    assert.equal(clients[0]?.state.error, '');
  });

  test('o: 10,000 made-up hosts make no series, and no memory stays with them', async () => {
    const proxy = await startProxy(owner, 'log: { access: false }\nroutes: [{ match: "*.none.test", backends: ["127.0.0.1:1"] }]');
    const ours = (metrics: Map<string, number>) => [...metrics.keys()].filter((series) => series.startsWith('sniproxy_')).length;
    const before = ours(await proxy.metrics());
    const burst = async (from: number) => {
      const client = await connect(owner, proxy.port);
      // One connection carries one name; what cannot be reached and what has no route alike.
      client.socket.end(request(from % 2 === 0 ? `h${from}.none.test` : `h${from}.example`));
      await client.over(15_000);
      client.socket.destroy();
    };
    const rss = async () => (await proxy.metrics()).get('process_resident_memory_bytes') ?? 0;
    let half = 0;
    for (let at = 0; at < 10_000; at += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => burst(at + i)));
      if (at === 4900) half = await rss();
    }
    await nobody(proxy);
    const metrics = await proxy.metrics();
    assert.equal(ours(metrics), before);
    assert.equal((refused(metrics, 'no_route') ?? 0) + (refused(metrics, 'connect_refused') ?? 0), 10_000);
    assert.ok((await rss()) < half + 48 * 1024 * 1024, `${half} bytes after half of them, ${await rss()} after all`);
    await checkBooks(proxy);
  });

  test('p: CONNECT, garbage, HTTP/0.9 and an HTTP/2 preface have answers of their own', async () => {
    const answer = async (bytes: string | Buffer) => (await exchange(owner, shared.port, bytes)).toString('latin1');
    assert.match(await answer('CONNECT keep.test:443 HTTP/1.1\r\nHost: keep.test\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await answer('GET /\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await answer('PROPFIND / HTTP/1.1\r\nHost: nowhere.test\r\n\r\n'), /^HTTP\/1\.1 421 /, 'any method is HTTP');
    assert.match(await answer(h2Get('nowhere.test')), /421 Misdirected Request/);
    for (const garbage of [Buffer.from([0, 1, 2, 3]), Buffer.from([0x80, 0x2e, 1, 3, 1]), Buffer.from([21, 3, 1, 0, 2, 1, 0])])
      assert.equal(await answer(garbage), '');
    const metrics = await shared.metrics();
    for (const reason of ['http_connect', 'http_malformed', 'no_route', 'unknown_protocol', 'sslv2', 'alert_first'])
      await until(reason, async () => (refused(metrics, reason) ?? 0) >= 1 || (refused(await shared.metrics(), reason) ?? 0) >= 1, BUSY);
  });

  test('q: the pool is switched off and on under load: descriptors and gauges stay exact', async () => {
    const config = (enabled: boolean) => `connection_pool: { enabled: ${enabled}, max_per_host: 5 }\n${routes()}`;
    const proxy = await startProxy(owner, config(true));
    let running = true;
    let served = 0;
    const load = async () => {
      while (running) {
        const client = await send(owner, proxy.port, request('keep.test'));
        for (let i = 1; i <= 3 && running; i += 1) {
          await until('it is answered', () => client.text().length >= i * RESPONSE.length || client.state.closed, BUSY);
          client.socket.write(request('keep.test'));
        }
        served += 1;
        client.socket.destroy();
      }
    };
    const loads = Array.from({ length: 8 }, load);
    for (const [generation, enabled] of [false, true, false, true, false].entries()) {
      const from = served;
      await until('it is under load', () => served >= from + 40, BUSY);
      proxy.write(config(enabled));
      proxy.signal('SIGHUP');
      await until(
        'it has reloaded',
        async () => [...(await proxy.metrics()).keys()].some((series) => series.includes(`generation="${generation + 2}"`)),
        BUSY,
      );
      const { pool } = await proxy.status();
      assert.equal(
        pool?.created,
        (pool?.idle ?? 0) + (pool?.leased ?? 0) + (pool?.destroyed ?? 0),
        'the books balance in the middle of it, too',
      );
    }
    running = false;
    await Promise.all(loads);
    await checkBooks(proxy);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_pool_size'), 0, 'off is empty');
    assert.ok((metrics.get('sniproxy_pool_hits_total') ?? 0) > 0, 'on it was used');
    assert.equal((closed(metrics, 'upstream_reset') ?? 0) + (refused(metrics, 'connect_failed') ?? 0), 0);
  });

  for (const [drill, fixed] of [
    ['pool-leak', true],
    ['eof-leak', false],
  ] as const)
    test(`r: ${drill}: the pool is switched off, the process restarted: by growth under load it is ${fixed ? 'fixed' : 'not fixed'}`, async () => {
      const life = async (enabled: boolean) => {
        const proxy = await proxyWith(`connection_pool: { enabled: ${enabled} }\ntimeouts: { idle: 60, half_close: 60 }`, { drill });
        const start = proxy.fds();
        for (let round = 0; round < 4; round += 1) {
          const clients = await Promise.all(Array.from({ length: 10 }, () => send(owner, proxy.port, request('keep.test'))));
          await until('all are answered', () => clients.every((client) => client.text() === RESPONSE), BUSY);
          for (const { socket } of clients) socket.destroy();
        }
        const least = (enabled || !fixed ? 40 : 0) + start;
        await until('what is not leaked is back', () => proxy.fds() <= least + (fixed ? 1 : 40), BUSY);
        const grown = proxy.fds() - start;
        proxy.signal('SIGKILL');
        await proxy.exited;
        return { start, grown };
      };
      const [before, after] = [await life(true), await life(false)];
      assert.ok(before.grown >= 40, `${before.grown} leaked`);
      assert.ok(after.start < before.start + before.grown, 'the count falls with the restart, whatever was changed');
      assert.equal(after.grown >= 40, !fixed, `${after.grown} leaked after the change`);
    });
});
