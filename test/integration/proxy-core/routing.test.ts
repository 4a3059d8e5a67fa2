import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { before, describe, test } from 'node:test';
import tls from 'node:tls';
import { h2Get } from '#test/support/h2-bytes.ts';
import { until } from '#test/support/until.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import {
  backend,
  CURL,
  certificate,
  connect,
  exchange,
  portOf,
  type RunningProxy,
  refused,
  request,
  run,
  SSL,
  startProxy,
  suiteOwner,
} from './harness.ts';

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const TEN_MB = 10 * 1024 * 1024;

describe('routing', () => {
  const owner = suiteOwner();
  let proxy: RunningProxy;
  let echo: { port: number; accepted: () => number };
  const body = randomBytes(TEN_MB);
  let [key, cert] = ['', ''];

  before(async () => {
    ({ key, cert } = certificate(owner));
    const answer: http.RequestListener = (incoming, response) => {
      const hash = createHash('sha256');
      incoming.on('data', (chunk) => hash.update(chunk));
      incoming.on('end', () =>
        incoming.url === '/big' ? response.end(body) : response.end(`${incoming.headers.host} ${hash.digest('hex')}`),
      );
    };
    const plain = http.createServer(answer).listen(0, '127.0.0.1');
    const secure = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, answer).listen(0, '127.0.0.1');
    await until('the backends listen', () => plain.listening && secure.listening);
    owner.after(() => {
      plain.closeAllConnections();
      secure.closeAllConnections();
      plain.close();
      secure.close();
    });
    echo = await backend(owner, (socket) => socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end()));
    proxy = await startProxy(
      owner,
      `timeouts: { connect: 2, client_hello: 5 }
connection_pool: { enabled: true }
allowlist: ["*.test", "echo.example"]
routes:
  - { match: app.test, backends: ["127.0.0.1:${portOf(plain)}"] }
  - { match: secure.test, backends: ["127.0.0.1:${portOf(secure)}"] }
  - { match: second.test, backends: ["127.0.0.1:1", "localhost:${portOf(secure)}"] }
  - { match: "/r[0-9]+[.]test/", backends: ["127.0.0.1:${echo.port}"] }
  - { match: "*.deep.test", backends: ["127.0.0.1:${echo.port}"] }
  - { match: echo.example, backends: ["127.0.0.1:${echo.port}"] }
  - { match: dead.test, backends: ["127.0.0.1:1"] }
  - { match: nowhere.test, backends: ["does-not-exist.invalid:80"] }
ssh_routes:
  - { listen_port: PORT, destination_host: 127.0.0.1, destination_port: ${echo.port} }
`.replace('PORT', '1'),
    );
  });

  const curl = (url: string, ...args: string[]) =>
    run(CURL, ['-s', '-k', '--max-time', '20', '--connect-to', `::127.0.0.1:${proxy.port}`, ...args, url]);

  test('curl reaches an HTTP backend by Host and an HTTPS backend by SNI', async () => {
    assert.match((await curl('http://app.test/')).stdout, /^app\.test /);
    assert.match((await curl('https://secure.test/')).stdout, /^secure\.test /);
  });

  test('the next backend is tried when one refuses, and a backend may be a host name', async () => {
    assert.match((await curl('https://second.test/')).stdout, /^second\.test /);
  });

  test('10 MB go each way over HTTP and HTTPS, and not a byte differs', async () => {
    const file = `${cert}.body`;
    fs.writeFileSync(file, body);
    for (const url of ['http://app.test', 'https://secure.test']) {
      assert.ok((await curl(`${url}/`, '--data-binary', `@${file}`, '-H', 'Expect:')).stdout.endsWith(sha(body)), `${url} up`);
      await curl(`${url}/big`, '-o', `${file}.down`);
      assert.equal(sha(fs.readFileSync(`${file}.down`)), sha(body), `${url} down`);
    }
  });

  test('openssl s_client sees the certificate of the backend, and Node its ALPN', async () => {
    const shown = await run(SSL, ['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-servername', 'secure.test', '-CAfile', cert], 'Q\n');
    assert.match(shown.stdout, /Verify return code: 0 \(ok\)/);
    const socket = tls.connect({
      port: proxy.port,
      host: '127.0.0.1',
      servername: 'secure.test',
      ca: fs.readFileSync(cert),
      ALPNProtocols: ['http/1.1'],
    });
    await until('the handshake is done', () => socket.authorized);
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
  });

  test('a hello in records of three bytes, sent byte by byte with early data behind, arrives unchanged', async () => {
    const bytes = Buffer.concat([helloFor('R7.test', 3), Buffer.from([20, 3, 3, 0, 1, 1]), randomBytes(300)]);
    const client = await connect(owner, proxy.port);
    for (let at = 0; at < bytes.length; at += 1) {
      client.socket.write(bytes.subarray(at, at + 1));
      if (at % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('everything is back', () => client.received().length === bytes.length);
    assert.ok(client.received().equals(bytes));
    client.socket.destroy();
  });

  test('a request cut inside its name, with body and a second request behind, arrives unchanged and once', async () => {
    const text = `POST / HTTP/1.1\r\nHost: a.b.deep.test\r\nContent-Length: 4\r\n\r\nbody${request('other.deep.test')}`;
    const client = await connect(owner, proxy.port);
    client.socket.write(text.slice(0, 30));
    await until('the first part is read', async () => (await proxy.status()).connections?.active === 1);
    client.socket.write(text.slice(30));
    await until('everything is back', () => client.text().length >= text.length);
    assert.equal(client.text(), text);
    client.socket.destroy();
  });

  test('a WebSocket upgrade and frames in both directions pass', async () => {
    const client = await connect(owner, proxy.port);
    const upgrade = request('x.deep.test', 'Upgrade: websocket', 'Connection: Upgrade');
    client.socket.write(upgrade);
    await until('the upgrade is back', () => client.text() === upgrade);
    client.socket.write(Buffer.from([0x81, 0x02, 0x68, 0x69]));
    await until('the frame is back', () => client.received().length === upgrade.length + 4);
    client.socket.destroy();
  });

  const status = async (text: string) => /^HTTP\/1\.1 (\d+)/.exec((await exchange(owner, proxy.port, text)).toString('latin1'))?.[1];

  test('what is refused is told why: HTTP statuses', async () => {
    assert.equal(await status(request('unknown.test')), '421');
    assert.equal(await status(request('other.example')), '403');
    assert.equal(await status(request('dead.test')), '502');
    assert.equal(await status(request('nowhere.test')), '502');
    assert.equal(await status('GET / HTTP/1.1\r\n\r\n'), '400');
    assert.equal(await status('GET / HTTP/1.0\r\n\r\n'), '403', 'a list allows no nameless client');
    assert.equal(await status('CONNECT app.test:443 HTTP/1.1\r\nHost: app.test\r\n\r\n'), '400');
    assert.equal(await status(request('app.test', `X: ${'y'.repeat(20_000)}`)), '431');
    assert.equal(await status(`${request('unknown.test')}${'z'.repeat(30_000)}`), '421', 'an answer is not lost over unread input');
  });

  test('what is refused is told why: TLS alerts', async () => {
    const alert = async (bytes: Buffer) => (await exchange(owner, proxy.port, bytes)).toString('hex');
    assert.equal(await alert(helloFor('unknown.test')), '15030100020270', 'unrecognized_name 112');
    assert.equal(await alert(helloFor('other.example')), '15030100020231', 'access_denied 49');
    assert.equal(await alert(helloFor('dead.test')), '15030100020250', 'internal_error 80');
    assert.equal(await alert(helloFor('a b')), '15030100020232', 'decode_error 50');
    assert.equal(await alert(helloFor('127.0.0.1')), '15030100020231', 'an address is no name');
    const shown = await run(SSL, ['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-servername', 'unknown.test'], '');
    assert.match(shown.stderr, /unrecognized name|alert number 112/);
  });

  test('garbage, SSLv2, alerts and SSH without a route are closed without a byte, and no backend hears of them', async () => {
    const before = echo.accepted();
    for (const bytes of [Buffer.from([0, 1, 2, 3, 4]), Buffer.from([0x80, 0x2e, 1, 3, 1]), Buffer.from([0x15, 3, 1, 0, 2, 1, 0])])
      assert.equal((await exchange(owner, proxy.port, bytes)).length, 0);
    assert.equal((await exchange(owner, proxy.port, 'SSH-2.0-OpenSSH_9.2\r\n')).length, 0);
    assert.equal(echo.accepted(), before);
  });

  test('HTTP/2 without TLS is routed by :authority, and told why when it is not', async () => {
    const client = await connect(owner, proxy.port);
    const bytes = h2Get('echo.example');
    client.socket.write(bytes);
    await until('everything is back', () => client.received().length === bytes.length);
    assert.ok(client.received().equals(bytes));
    client.socket.destroy();
    assert.match((await exchange(owner, proxy.port, h2Get('unknown.test'))).toString('latin1'), /421 Misdirected Request: no route/);
  });

  test('every refusal is counted under its one reason, and nothing else is', async () => {
    await until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0);
    const metrics = await proxy.metrics();
    const counted = (reason: string) => refused(metrics, reason);
    const reasons = { no_route: 6, allowlist: 4, dns_failed: 1, connect_refused: 2, http_malformed: 1, http_connect: 1, http_too_large: 1 };
    for (const [reason, times] of Object.entries({
      ...reasons,
      sni_malformed: 1,
      unknown_protocol: 1,
      sslv2: 1,
      alert_first: 1,
    }))
      assert.equal(counted(reason), times, reason);
    assert.equal(counted('no_host'), 0);
    let ended = 0;
    for (const [series, value] of metrics) if (series.startsWith('sniproxy_closed_total')) ended += value;
    assert.equal(ended, metrics.get('sniproxy_accepted_total'), 'each accepted connection ended in exactly one reason');
    await until('each left exactly one line', () => proxy.connections().length === ended);
  });

  test('the access line says who, name, route, backend, bytes each way, duration and reason', async () => {
    const line = proxy.connections().find((one) => one.name === 'r7.test');
    assert.ok(line);
    assert.match(`${line.client}`, /^127\.0\.0\.1:\d+$/);
    assert.equal(line.route, '/r[0-9]+[.]test/');
    assert.equal(line.backend, `127.0.0.1:${echo.port}`);
    assert.equal(line.protocol, 'tls');
    assert.ok(Number(line.bytes_up) > 300 && line.bytes_up === line.bytes_down);
    assert.equal(typeof line.seconds, 'number');
    assert.ok(['closed', 'client_reset'].includes(`${line.reason}`));
  });

  test('with the pool on, its books balance and nothing is left lent', async () => {
    const { pool } = await proxy.status();
    assert.ok(pool);
    assert.ok((pool.created ?? 0) > 0);
    assert.equal(pool.created, (pool.idle ?? 0) + (pool.leased ?? 0) + (pool.destroyed ?? 0));
    assert.equal(pool.leased, 0);
  });
});

describe('asked names are dialled', () => {
  const serve = (socket: net.Socket) => void socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end());

  test('only at public addresses: loopback, private, metadata and mapped forms are refused', async (t) => {
    const proxy = await startProxy(t, '');
    const hosts = [
      '127.0.0.1:81',
      '10.0.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0:81',
      '[::1]:81',
      '[::ffff:127.0.0.1]:81',
    ];
    for (const host of [
      ...hosts,
      '[64:ff9b::7f00:1]',
      '[fd00::1]',
      '[fe80::1]',
      '224.0.0.1',
      '8.8.8.8:25',
      'localhost.:81'.replace('localhost.', '127.0.0.2'),
    ])
      assert.match((await exchange(t, proxy.port, request(host))).toString(), /^HTTP\/1\.1 403 /, host);
    assert.match((await exchange(t, proxy.port, request('localhost'))).toString(), /^HTTP\/1\.1 421 /, 'a single label is not dialled');
    assert.equal(refused(await proxy.metrics(), 'denied_destination'), 14);
  });

  test('but never this proxy itself, by any of its addresses and listeners', async (t) => {
    const proxy = await startProxy(t, 'deny_destinations: []\nfleet_addresses: ["203.0.113.9"]', { listeners: 2 });
    const before = proxy.fds();
    const own = [
      `127.0.0.1:${proxy.port}`,
      `127.0.0.1:${proxy.portAt(1)}`,
      `127.0.0.1:${proxy.adminPort}`,
      `[::ffff:127.0.0.1]:${proxy.port}`,
    ];
    for (const host of [...own, `[::ffff:7f00:1]:${proxy.port}`, `0.0.0.0:${proxy.port}`, '203.0.113.9:80'])
      assert.match((await exchange(t, proxy.port, request(host))).toString(), /^HTTP\/1\.1 421 .*(?:.|\r\n)*itself/, host);
    assert.equal(refused(await proxy.metrics(), 'loop'), 7);
    await until('no descriptor is left', () => proxy.fds() <= before);
  });

  test('a route that leads back here is refused too', async (t) => {
    const proxy = await startProxy(t, '', { listeners: 1 });
    proxy.write(`routes: [{ match: me.test, backends: ["127.0.0.1:${proxy.port}"] }]`);
    proxy.signal('SIGHUP');
    await until('reloaded', () => proxy.output.stdout.includes('config reloaded'));
    assert.match((await exchange(t, proxy.port, request('me.test'))).toString(), /^HTTP\/1\.1 421 /);
    assert.equal(refused(await proxy.metrics(), 'loop'), 1);
  });

  test('at the asked port, when deny_destinations allows it', async (t) => {
    const echo = await backend(t, serve);
    const proxy = await startProxy(t, 'deny_destinations: []');
    const client = await connect(t, proxy.port);
    client.socket.write(request(`127.0.0.1:${echo.port}`));
    await until('the echo is back', () => client.text() === request(`127.0.0.1:${echo.port}`));
  });
});

test('SSH goes where ssh_routes sends its port', async (t) => {
  const banner = await backend(t, (socket) => socket.write('SSH-2.0-backend\r\n'));
  const proxy = await startProxy(t, '');
  proxy.write(`ssh_routes: [{ listen_port: ${proxy.port}, destination_host: 127.0.0.1, destination_port: ${banner.port} }]`);
  proxy.signal('SIGHUP');
  await until('reloaded', () => proxy.output.stdout.includes('config reloaded'));
  const client = await connect(t, proxy.port);
  client.socket.write('SSH-2.0-OpenSSH_9.2\r\n');
  await until('the banner of the backend is there', () => client.text() === 'SSH-2.0-backend\r\n');
});
