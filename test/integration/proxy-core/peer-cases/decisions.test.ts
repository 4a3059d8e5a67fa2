import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, test } from 'node:test';
import { dnsServer } from '#test/support/dns-server.ts';
import { freePort } from '#test/support/free-port.ts';
import { frame, h2, h2Get, requestBlock, SETTINGS } from '#test/support/h2-bytes.ts';
import { until } from '#test/support/until.ts';
import { alpn, extension, handshake, helloBody, helloFor, hostName, records, serverNames } from '../../../unit/proxy-core/hello-bytes.ts';
import { backend, blackHole, connect, exchange, portOf, type RunningProxy, refused, request, startProxy, suiteOwner } from '../harness.ts';
import { httpBackend } from '../http-backend.ts';

const FEW = { timeoutMs: 15_000 };
const connectTo = (port: number) => net.connect({ port, host: '127.0.0.1' });

/** Cases whose answer is this proxy's decision: what it does is said in docs/decisions and in its README. */
describe('peer cases that were left to us', () => {
  const owner = suiteOwner();
  const said = (label: string) =>
    backend(owner, (socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${label}`)));

  test('case 49: acme-tls/1 goes to a backend of its own, under the same name; other clients do not', async () => {
    const [challenge, site] = [await said('challenge'), await said('site')];
    const proxy = await startProxy(
      owner,
      `routes:
  - { match: "*.test", alpn: [acme-tls/1], backends: ["127.0.0.1:${challenge.port}"] }
  - { match: "*.test", backends: ["127.0.0.1:${site.port}"] }`,
    );
    const hello = (...protocols: string[]) =>
      records(
        handshake(
          helloBody({
            extensions: [extension(0x0a0a), serverNames(hostName('a.test')), ...(protocols.length > 0 ? [alpn(...protocols)] : [])],
          }),
        ),
      );
    assert.match((await exchange(owner, proxy.port, hello('acme-tls/1'))).toString(), /challenge$/);
    for (const more of [
      ['acme-tls/1', 'h2'],
      ['http/1.1', 'acme-tls/1'],
      ['h2', 'http/1.1'],
    ])
      assert.match((await exchange(owner, proxy.port, hello(...more))).toString(), /site$/, `${more}: not alone`);
    assert.match((await exchange(owner, proxy.port, hello())).toString(), /site$/);
    assert.match((await exchange(owner, proxy.port, request('a.test'))).toString(), /site$/, 'a route by ALPN is for TLS');
  });

  test('case 51: plain HTTP on the port of TLS is HTTP: routed by its Host, told in HTTP when it has none, and counted as what it is', async () => {
    const site = await said('site');
    const proxy = await startProxy(owner, `routes: [{ match: a.test, backends: ["127.0.0.1:${site.port}"] }]`);
    assert.match((await exchange(owner, proxy.port, request('a.test'))).toString(), /^HTTP\/1\.1 200 OK/);
    assert.match(
      (await exchange(owner, proxy.port, 'GET / HTTP/1.1\r\n\r\n')).toString(),
      /^HTTP\/1\.1 400 Bad Request\r\n.*Connection: close/s,
    );
    assert.match((await exchange(owner, proxy.port, request('b.test'))).toString(), /^HTTP\/1\.1 421 /);
    await exchange(owner, proxy.port, helloFor('b.test'));
    await until('all are counted', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0, FEW);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_protocol_distribution_total{protocol="http1.1"}'), 3);
    assert.equal(metrics.get('sniproxy_protocol_distribution_total{protocol="tls"}'), 1);
    assert.deepEqual([refused(metrics, 'http_malformed'), refused(metrics, 'no_route')], [1, 2]);
  });

  test('case 51: on a port that is for TLS alone plain HTTP is told 400, or sent to https when that is wished, and has a counter of its own', async () => {
    const site = await said('site');
    const port = await freePort();
    const config = (http: string) =>
      `tls_only: { ports: [${port}]${http} }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${site.port}"] }]`;
    const proxy = await startProxy(owner, config(''), { listen: [`127.0.0.1:${port}`, '127.0.0.1:0'] });
    const other = proxy.portAt(1);
    const ask = async (bytes: string | Buffer) => (await exchange(owner, port, bytes)).toString('latin1');
    assert.match(await ask(request('a.test')), /^HTTP\/1\.1 400 Bad Request\r\n.*without TLS/s);
    assert.match(await ask('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await ask(h2Get('a.test')), /400 Bad Request/);
    assert.match(await ask(helloFor('a.test')), /site$/);
    assert.match((await exchange(owner, other, request('a.test'))).toString(), /site$/, 'the other port is for both');
    assert.equal(site.accepted(), 2);
    assert.equal(refused(await proxy.metrics(), 'plain_http_on_tls'), 3);

    proxy.write(config(', http: redirect'));
    proxy.signal('SIGHUP');
    await until('reloaded', () => proxy.output.stdout.includes('config reloaded'), FEW);
    const location = async (bytes: string) => /^HTTP\/1\.1 308 .*\r\nLocation: (.*?)\r\n/s.exec(await ask(bytes))?.[1];
    assert.equal(await location('POST /x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n'), `https://a.test:${port}/x?y=1`);
    assert.equal(await location('GET http://b.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n'), `https://b.test:${port}/?q`);
    assert.equal(await location(`GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n`), `https://[2001:db8::1]:${port}/`);
    assert.equal(await location('OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n'), `https://a.test:${port}/`);
    for (const nobody of ['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'])
      assert.match(await ask(nobody), /^HTTP\/1\.1 400 /);
    assert.match(await ask(helloFor('a.test')), /site$/);
    assert.equal(refused(await proxy.metrics(), 'plain_http_on_tls'), 9);
  });

  test('case 68: without the pool a connection stays with the backend of its first request; with it each request is routed, and judged, by itself', async () => {
    const [one, two] = [await httpBackend(owner), await httpBackend(owner)];
    const both = (pool: boolean) =>
      startProxy(
        owner,
        `connection_pool: { enabled: ${pool} }\nallowlist: [one.test, two.test]\nroutes:
  - { match: one.test, backends: ["127.0.0.1:${one.port}"] }
  - { match: two.test, backends: ["127.0.0.1:${two.port}"] }`,
      );
    for (const pool of [false, true]) {
      const [first, second] = [one.got.length, two.got.length];
      const proxy = await both(pool);
      const client = await connect(owner, proxy.port);
      client.socket.write(request('one.test') + request('two.test') + request('one.test'));
      await until('all are answered', () => client.text().split('200 OK').length === 4, FEW);
      assert.deepEqual([one.got.length - first, two.got.length - second], pool ? [2, 1] : [3, 0]);
      client.socket.write(request('forbidden.test'));
      await until(
        'that is answered too',
        () => (pool ? client.text().includes('403 Forbidden') : client.text().split('200 OK').length === 5),
        FEW,
      );
      client.socket.destroy();
    }
  });

  describe('case 69: HTTP/2 with prior knowledge', () => {
    /** A real HTTP/2 server behind the proxy. */
    async function served(): Promise<RunningProxy> {
      const server = http2.createServer({ settings: { maxConcurrentStreams: 7 } }, (incoming, response) =>
        response.end(`${incoming.authority} ${incoming.url}`),
      );
      const sessions = new Set<http2.ServerHttp2Session>();
      server.on('session', (session) => sessions.add(session));
      server.listen(0, '127.0.0.1');
      await until('it listens', () => server.listening);
      owner.after(() => {
        for (const session of sessions) session.destroy();
        server.close();
      });
      return startProxy(owner, `timeouts: { client_hello: 3 }\nroutes: [{ match: "*.test", backends: ["127.0.0.1:${portOf(server)}"] }]`);
    }
    /** Frames that came, as [type, flags, stream]. */
    function frames(bytes: Buffer): [type: number, flags: number, stream: number][] {
      const all: [number, number, number][] = [];
      for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
        all.push([bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5)]);
      return all;
    }

    test('a client that asks at once is not spoken to, and served', async () => {
      const proxy = await served();
      const session = http2.connect('http://a.test', { createConnection: () => connectTo(proxy.port) });
      const answer = await new Promise<string>((resolve, reject) => {
        const stream = session.request({ ':path': '/x' });
        let text = '';
        stream.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        stream.on('end', () => resolve(text)).on('error', reject);
      });
      assert.equal(answer, 'a.test:80 /x');
      session.destroy();
    });

    test('a client that waits for SETTINGS first, as gRPC does, is greeted; the server hears nothing of that and serves it', async () => {
      const proxy = await served();
      const client = await connect(owner, proxy.port);
      client.socket.write(h2(SETTINGS));
      await until('SETTINGS have come', () => client.received().length >= 9, FEW);
      assert.deepEqual(client.received(), frame(4, 0, 0), 'empty: nothing is promised for the server');
      client.socket.write(Buffer.concat([frame(4, 1, 0), frame(1, 5, 1, requestBlock('grpc.test'))]));
      await until(
        'it is answered',
        () => frames(client.received()).some(([type, flags, stream]) => type === 0 && (flags & 1) === 1 && stream === 1),
        FEW,
      );
      const got = frames(client.received());
      assert.deepEqual(got.filter(([type, flags]) => type === 4 && flags === 0).length, 2, 'the server’s own SETTINGS follow');
      assert.ok(!got.some(([type]) => type === 7), 'no GOAWAY');
      assert.ok(client.text().includes('grpc.test /'));
      client.socket.write(frame(4, 1, 0));
      client.socket.write(frame(1, 5, 3, requestBlock('grpc.test')));
      await until('the next is answered too', () => frames(client.received()).some(([type, , stream]) => type === 0 && stream === 3), FEW);
      client.socket.destroy();
    });

    test('one that asks while it is greeted is served as well', async () => {
      const proxy = await served();
      const client = await connect(owner, proxy.port);
      client.socket.write(h2(SETTINGS));
      await until('SETTINGS have come', () => client.received().length >= 9, FEW);
      client.socket.write(frame(1, 5, 1, requestBlock('late.test')));
      client.socket.write(frame(4, 1, 0));
      await until('it is answered', () => client.text().includes('late.test /'), FEW);
      client.socket.destroy();
    });

    test('one that never asks ends at the one deadline', async () => {
      const proxy = await served();
      const since = Date.now();
      const client = await connect(owner, proxy.port);
      client.socket.write(h2(SETTINGS, frame(4, 1, 0)));
      await client.over(15_000);
      assert.ok(Date.now() - since >= 2900);
      await until('it is counted', async () => refused(await proxy.metrics(), 'hello_timeout') === 1, FEW);
    });

    test('refusals are told in HTTP/2', async () => {
      const proxy = await served();
      const answer = await exchange(owner, proxy.port, h2Get('unknown.example'));
      assert.deepEqual(
        frames(answer).map(([type]) => type),
        [4, 1, 0, 7],
      );
      assert.match(answer.toString('latin1'), /421 Misdirected Request: no route/);
    });
  });

  for (const pool of [false, true])
    test(`case 89: clients that leave during the lookup or the dial: no backend hears of them, dials are given up at once, nothing is left; pool ${pool}`, async () => {
      const late = await backend(owner, () => {});
      const gone = Promise.withResolvers<void>();
      let answered = 0;
      const dns = await dnsServer(owner, async (_name, type) => {
        await gone.promise;
        answered += 1;
        return type === 'A' ? ['127.0.0.1'] : [];
      });
      const hole = await blackHole(owner);
      const proxy = await startProxy(
        owner,
        `timeouts: { connect: 60 }\ndeny_destinations: []\nresolver: { servers: ["${dns.address}"], budget: 30 }\nconnection_pool: { enabled: ${pool} }\nroutes:
  - { match: hole.test, backends: ["127.0.0.1:${hole}", "127.0.0.1:${late.port}"] }
  - { match: "*.looked.test", backends: ["tls.looked.test:${late.port}"] }
  - { match: "*.asked.test", dial: requested }`,
      );
      const before = proxy.fds();
      const firsts = [request('hole.test'), helloFor('hole.test'), request(`x.asked.test:${late.port}`), helloFor('x.looked.test')];
      const clients = await Promise.all(
        firsts.map(async (first) => {
          const client = await connect(owner, proxy.port);
          client.socket.write(first);
          return client;
        }),
      );
      const held = async () => {
        const metrics = await proxy.metrics();
        return ['client', 'upstream'].map((kind) => metrics.get(`sniproxy_fds{kind="${kind}"}`)).join();
      };
      await until('two are being dialled, two names are asked for', async () => (await held()) === '4,2' && dns.asked.length >= 4, FEW);
      for (const { socket } of clients) socket.resetAndDestroy();
      await until('nothing is held any more, long before any deadline', async () => (await held()) === '0,0', FEW);
      await until('each is logged', () => proxy.connections().length === 4, FEW);
      for (const { reason } of proxy.connections()) assert.ok(reason === 'client_gone' || (pool && reason === 'client_reset'), `${reason}`);
      assert.equal((await proxy.metrics()).get('sniproxy_connections_active'), 0);
      gone.resolve();
      await until('the names are told', () => answered >= 4, FEW);
      // what is asked after the answers is answered after them
      await proxy.metrics();
      assert.equal(late.accepted(), 0);
      await until('no descriptor is left but those of the lookup', () => proxy.fds() <= before + 2, FEW);
      const after = await connect(owner, proxy.port);
      after.socket.write(helloFor('x.looked.test'));
      await until('the names are good for the next client', () => late.accepted() === 1, FEW);
      after.socket.destroy();
    });
});
