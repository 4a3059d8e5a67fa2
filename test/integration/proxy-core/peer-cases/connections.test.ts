import assert from 'node:assert/strict';
import type net from 'node:net';
import { before, describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { formatProxyHeader } from '../../../../proxy-core/src/parse/proxy-header.ts';
import { handshake, helloBody, helloFor, records } from '../../../unit/proxy-core/hello-bytes.ts';
import { backend, blackHole, closed, connect, exchange, type RunningProxy, refused, request, startProxy, suiteOwner } from '../harness.ts';

/** What backends do, by name. */
const SERVE: Record<string, (socket: net.Socket) => void> = {
  'echo.test': (socket) => socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end()),
  'after-eof.test': (socket) => {
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    socket.on('end', () => socket.end(`got ${got}`));
  },
  'first.test': (socket) => socket.once('data', () => socket.end('x'.repeat(100_000))).resume(),
  'silent.test': (socket) => socket.resume(),
  'reset.test': (socket) => socket.once('data', () => setImmediate(() => socket.resetAndDestroy())),
  'flood.test': (socket) => {
    const chunk = Buffer.alloc(65_536, 1);
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.once('data', more).on('drain', more).resume();
  },
};
const CONFIG = 'timeouts: { connect: 2, client_hello: 2, idle: 3, half_close: 2 }';

describe('peer cases on real sockets', { concurrency: 8 }, () => {
  const owner = suiteOwner();
  let proxy: RunningProxy;
  const servers = new Map<string, Awaited<ReturnType<typeof backend>>>();
  let routes: string[];
  const lineOf = async (reason: string) => {
    await until(`a line says ${reason}`, () => proxy.connections().some((line) => line.reason === reason), { timeoutMs: 15_000 });
    return proxy.connections().find((line) => line.reason === reason);
  };

  before(async () => {
    for (const [name, serve] of Object.entries(SERVE)) servers.set(name, await backend(owner, serve));
    const at = (name: string) => `127.0.0.1:${servers.get(name)?.port}`;
    routes = Object.keys(SERVE).map((name) => `  - { match: ${name}, backends: ["${at(name)}"] }`);
    routes.push(`  - { match: next.test, backends: ["127.0.0.1:1", "${at('echo.test')}"] }`);
    routes.push(`  - { match: dead.test, backends: ["127.0.0.1:1", "127.0.0.1:2"] }`);
    proxy = await startProxy(owner, `${CONFIG}\nroutes:\n${routes.join('\n')}`);
  });
  const open = async (bytes: string | Buffer) => {
    const client = await connect(owner, proxy.port);
    client.socket.write(bytes);
    return client;
  };

  test('case 3: a hello in three segments with pauses is routed, and every byte arrives', async () => {
    const hello = helloFor('echo.test');
    const client = await open(hello.subarray(0, 30));
    for (const part of [hello.subarray(30, 60), hello.subarray(60)]) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      client.socket.write(part);
    }
    await until('the hello is back', () => client.received().length === hello.length, { timeoutMs: 15_000 });
    assert.ok(client.received().equals(hello));
    client.socket.destroy();
  });

  test('case 17: a hello that never becomes whole ends at the deadline, and the log says what came and what was to come', async () => {
    const hello = records(handshake(helloBody({ extensions: [] })));
    const client = await open(hello.subarray(0, 40));
    await client.over(15_000);
    const line = await lineOf('hello_timeout');
    assert.ok(line);
    await until('the line of the hello', () =>
      proxy.connections().some(({ hello_have, hello_need }) => hello_have === 35 && hello_need === hello.length - 5),
    );
  });

  test('case 51: plain HTTP where TLS was thought of is answered in HTTP', async () => {
    assert.match((await exchange(owner, proxy.port, 'GET / HTTP/1.1\r\n\r\n', 15_000)).toString('latin1'), /^HTTP\/1\.1 400 /);
  });

  test('case 52: an SSH banner without a route and random bytes are closed, and nothing is sent', async () => {
    for (const bytes of [Buffer.from('SSH-2.0-x\r\n'), Buffer.from([1, 2, 3, 4, 5])])
      assert.equal((await exchange(owner, proxy.port, bytes, 15_000)).length, 0);
  });

  test('case 53: a client that sends nothing is closed at the deadline, and is no error', async () => {
    const client = await connect(owner, proxy.port);
    await client.over(15_000);
    const metrics = await proxy.metrics();
    assert.ok([...metrics].every(([series]) => !series.includes('error_type="hello_timeout"')));
  });

  test('case 54: connect and leave: no backend is dialled', async () => {
    const before = proxy.connections().filter((line) => line.reason === 'client_gone').length;
    const client = await connect(owner, proxy.port);
    client.socket.end();
    await client.over(15_000);
    await until('it is logged', () => proxy.connections().filter((line) => line.reason === 'client_gone').length > before);
    assert.ok(
      proxy
        .connections()
        .filter((line) => line.reason === 'client_gone' && line.name === null)
        .every((line) => line.backend === null),
    );
  });

  test('case 68: a second request on the connection stays with the backend of the first, whatever Host it has', async () => {
    const both = request('echo.test') + request('first.test');
    const client = await open(both);
    await until('both are back', () => client.text().length === both.length, { timeoutMs: 15_000 });
    assert.equal(client.text(), both);
    client.socket.destroy();
  });

  test('case 71: body bytes that came with the head are forwarded exactly once', async () => {
    const text = `POST / HTTP/1.1\r\nHost: echo.test\r\nContent-Length: 6\r\n\r\nbody01`;
    const client = await open(text.slice(0, -2));
    client.socket.write(text.slice(-2));
    await until('it is back', () => client.text().length >= text.length, { timeoutMs: 15_000 });
    assert.equal(client.text(), text);
    client.socket.destroy();
  });

  test('case 84: a client that finishes behind its request gets the whole reply', async () => {
    const text = request('after-eof.test');
    const client = await connect(owner, proxy.port);
    client.socket.end(text);
    await client.over(15_000);
    assert.equal(client.text(), `got ${text.length}`);
    const stuck = await connect(owner, proxy.port);
    stuck.socket.end(request('silent.test'));
    await stuck.over(15_000);
    await lineOf('half_close_timeout');
  });

  test('case 85: a backend that finishes first: the client gets the rest, then the end', async () => {
    const client = await open(request('first.test'));
    await client.over(15_000);
    assert.equal(client.received().length, 100_000);
    client.socket.end();
  });

  test('case 86: a reset on one side ends the other, and is counted once', async () => {
    const client = await open(request('reset.test'));
    await until('it is closed', () => client.state.closed, { timeoutMs: 15_000 });
    await lineOf('upstream_reset');
    assert.equal(proxy.connections().filter((line) => line.name === 'reset.test').length, 1);
    assert.equal(closed(await proxy.metrics(), 'upstream_reset'), 1);
  });

  test('case 87: a peer that says nothing is cut at timeouts.idle', async () => {
    const client = await open(request('silent.test'));
    await client.over(20_000);
    await lineOf('idle_timeout');
  });

  test('case 88: a client that does not read holds back the backend, and memory stays bounded', async () => {
    const client = await open(request('flood.test'));
    client.socket.pause();
    await until(
      'the backend is held back',
      () => [...(servers.get('flood.test')?.sockets ?? [])].some((socket) => socket.writableNeedDrain),
      { timeoutMs: 15_000 },
    );
    const rss = (await proxy.metrics()).get('process_resident_memory_bytes') ?? 0;
    assert.ok(rss < 300 * 1024 * 1024, `${rss} bytes`);
    client.socket.destroy();
  });

  test('case 90: the next address is dialled when one refuses; when all do, the client is told', async () => {
    const client = await open(request('next.test'));
    await until('it is served', () => client.text() === request('next.test'), { timeoutMs: 15_000 });
    client.socket.destroy();
    assert.match((await exchange(owner, proxy.port, request('dead.test'), 15_000)).toString('latin1'), /^HTTP\/1\.1 502 /);
    assert.equal((await exchange(owner, proxy.port, helloFor('dead.test'), 15_000)).toString('hex'), '15030100020250');
  });

  test('case 61: the log says that Host named another host than the target', async () => {
    const client = await open('GET http://echo.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n');
    await until('it is back', () => client.received().length > 0, { timeoutMs: 15_000 });
    client.socket.destroy();
    await until(
      'it is logged',
      () => proxy.connections().some((line) => line.name === 'echo.test' && String(line.host_mismatch) === 'true'),
      { timeoutMs: 15_000 },
    );
  });
});

test('case 91: addresses that are not public, in any spelling, are refused on what is dialled', async (t) => {
  const proxy = await startProxy(t, '');
  const hosts = [
    '127.0.0.1:81',
    '169.254.169.254',
    '100.64.0.1',
    '10.1.1.1',
    '[fe80::1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::a00:1]',
    '[::1]:81',
    '0.0.0.0:81',
  ];
  for (const host of hosts)
    assert.match((await exchange(t, proxy.port, request(host), 15_000)).toString('latin1'), /^HTTP\/1\.1 403 /, host);
  assert.equal(refused(await proxy.metrics(), 'denied_destination'), hosts.length);
});

test('case 92: a reload in any phase: the old connection keeps its table, a new one has the new', async (t) => {
  const [old, fresh] = [
    await backend(t, (socket) => socket.once('data', () => socket.write('old')).resume()),
    await backend(t, (socket) => socket.once('data', () => socket.write('new')).resume()),
  ];
  const hole = await blackHole(t);
  const table = (port: number, more = '') =>
    `timeouts: { connect: 60, client_hello: 60 }\nroutes:\n  - { match: a.test, backends: ["127.0.0.1:${port}"] }\n${more}`;
  const proxy = await startProxy(t, table(old.port, `  - { match: hole.test, backends: ["127.0.0.1:${hole}"] }`));
  const tunnel = await connect(t, proxy.port);
  tunnel.socket.write(request('a.test'));
  await until('the tunnel is there', () => tunnel.text() === 'old', { timeoutMs: 15_000 });
  const sniffing = await connect(t, proxy.port);
  sniffing.socket.write(request('a.test').slice(0, 20));
  const dialling = await connect(t, proxy.port);
  dialling.socket.write(request('hole.test'));
  const phases = async () => {
    const metrics = await proxy.metrics();
    return ['sniff', 'dial', 'tunnel'].map((phase) => metrics.get(`sniproxy_connections_phase{phase="${phase}"}`)).join();
  };
  await until('one is in each phase', async () => (await phases()) === '1,1,1', { timeoutMs: 15_000 });
  proxy.write(table(fresh.port));
  proxy.signal('SIGHUP');
  await until('reloaded', () => proxy.output.stdout.includes('config reloaded'), { timeoutMs: 15_000 });
  assert.equal(await phases(), '1,1,1');
  sniffing.socket.write(request('a.test').slice(20));
  await until('the one that was read is served by the old table', () => sniffing.text() === 'old', { timeoutMs: 15_000 });
  const later = await connect(t, proxy.port);
  later.socket.write(request('a.test'));
  await until('a new one is served by the new table', () => later.text() === 'new', { timeoutMs: 15_000 });
});

describe('peer cases of the PROXY protocol', () => {
  const FROM = { host: '203.0.113.7', port: 4321 };
  const TO = { host: '203.0.113.1', port: 443 };
  const seen = (t: Parameters<typeof backend>[0]) => {
    const got: string[] = [];
    return backend(t, (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        got[0] = text;
      });
      socket.on('end', () => socket.end('done'));
    }).then((server) => ({ ...server, got }));
  };

  test('case 80: a header from a peer that is not trusted, and a missing one from a trusted peer, end the connection', async (t) => {
    const header = formatProxyHeader('v1', FROM, TO);
    const stranger = await startProxy(t, '');
    assert.equal((await exchange(t, stranger.port, Buffer.concat([header, Buffer.from(request('a.test'))]), 15_000)).length, 0);
    assert.equal(refused(await stranger.metrics(), 'proxy_unexpected'), 1);
    const trusted = await startProxy(t, 'proxy_protocol: { accept_from: ["127.0.0.0/8"] }');
    assert.equal((await exchange(t, trusted.port, request('a.test'), 15_000)).length, 0);
    assert.equal((await exchange(t, trusted.port, 'PROXY TCP4 1.2.3.4\r\n', 15_000)).length, 0);
    const metrics = await trusted.metrics();
    assert.deepEqual([refused(metrics, 'proxy_missing'), refused(metrics, 'proxy_malformed')], [1, 1]);
  });

  test('case 81: a second header is payload, and refused', async (t) => {
    const proxy = await startProxy(t, 'proxy_protocol: { accept_from: ["127.0.0.1"] }');
    const header = formatProxyHeader('v2', FROM, TO);
    assert.equal((await exchange(t, proxy.port, Buffer.concat([header, header, Buffer.from(request('a.test'))]), 15_000)).length, 0);
    assert.equal(refused(await proxy.metrics(), 'proxy_unexpected'), 1);
  });

  test('case 82: the source in the header counts in limits, logs and what is sent on; the peer is logged too', async (t) => {
    const server = await seen(t);
    const proxy = await startProxy(
      t,
      `proxy_protocol: { accept_from: ["127.0.0.0/8"], send: v1 }\nlimits: { per_client: 1 }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${server.port}"] }]`,
    );
    const first = await connect(t, proxy.port);
    first.socket.write(Buffer.concat([formatProxyHeader('v2', FROM, TO), Buffer.from(request('a.test'))]));
    await until('the backend has it', () => (server.got[0] ?? '').endsWith('\r\n\r\n'), { timeoutMs: 15_000 });
    assert.equal(server.got[0], `PROXY TCP4 203.0.113.7 203.0.113.1 4321 443\r\n${request('a.test')}`);
    const second = await connect(t, proxy.port);
    second.socket.write(Buffer.concat([formatProxyHeader('v1', { ...FROM, port: 5 }, TO), Buffer.from(request('a.test'))]));
    await second.over(15_000);
    assert.equal(refused(await proxy.metrics(), 'client_limit'), 1);
    first.socket.end();
    await first.over(15_000);
    await until('both are logged', () => proxy.connections().length === 2, { timeoutMs: 15_000 });
    for (const line of proxy.connections()) assert.match(`${line.client} ${line.peer}`, /^203\.0\.113\.7:\d+ 127\.0\.0\.1:\d+$/);
  });

  test('case 75: LOCAL, as health checks send it, keeps the addresses of the socket', async (t) => {
    const server = await seen(t);
    const proxy = await startProxy(
      t,
      `proxy_protocol: { accept_from: ["127.0.0.1"] }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${server.port}"], send_proxy: v2 }]`,
    );
    const client = await connect(t, proxy.port);
    client.socket.write(Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'), Buffer.from(request('a.test'))]));
    await until('the backend has it', () => (server.got[0] ?? '').endsWith('\r\n\r\n'), { timeoutMs: 15_000 });
    const header = Buffer.from(server.got[0] ?? '', 'latin1').subarray(0, 28);
    assert.equal(header.readUInt16BE(24), client.socket.localPort);
    assert.deepEqual([...header.subarray(16, 20)], [127, 0, 0, 1]);
    client.socket.destroy();
  });
});

test('case 41: a name is logged as it is matched, never decoded', async (t) => {
  const proxy = await startProxy(t, 'routes: [{ match: a.test, backends: ["127.0.0.1:1"] }]');
  await exchange(t, proxy.port, request('xn--bcher-kva.example'), 15_000);
  await until('it is logged', () => proxy.connections().some((line) => line.name === 'xn--bcher-kva.example'), { timeoutMs: 15_000 });
});
