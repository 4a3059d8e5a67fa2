import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { afterEach, before, describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { backend, type Client, connect, exchange, portOf, type RunningProxy, refused, startProxy, suiteOwner } from './harness.ts';
import { type Got, httpBackend, ok } from './http-backend.ts';
import { explained } from './scenario-parts.ts';

type Server = Awaited<ReturnType<typeof httpBackend>>;
const FEW = { timeoutMs: 15_000 };

/** What the backends of this file answer, by the path that is asked for. */
function reply(got: Got, socket: Parameters<typeof ok>[1]): void {
  const [method = '', path = ''] = got.head.split(' ');
  const say = (text: string) => void socket.write(text.replaceAll('\n', '\r\n'));
  if (path === '/close') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast');
  else if (path === '/close-later') say('HTTP/1.1 200 OK\nContent-Length: 5\nConnection: close\n\nlater');
  else if (path === '/until-close') socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
  else if (path === '/1.0') socket.end('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold');
  else if (path === '/chunked') say('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5;x=y\nhello\n0\nX-Trailer: z\n\n');
  else if (path === '/empty') say('HTTP/1.1 204 No Content\nX-Socket: 1\n\n');
  else if (path === '/unchanged') say('HTTP/1.1 304 Not Modified\nContent-Length: 1000\n\n');
  else if (path === '/early') say('HTTP/1.1 103 Early Hints\nLink: </x>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok');
  else if (path === '/hop')
    say('HTTP/1.1 200 OK\nConnection: keep-alive, X-Secret\nKeep-Alive: timeout=5\nX-Secret: 1\nX-Kept: 2\nContent-Length: 0\n\n');
  else if (path === '/extra') say('HTTP/1.1 200 OK\nContent-Length: 2\n\nokHTTP/1.1 200 OK\nContent-Length: 6\n\npoison');
  else if (path === '/half') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
  else if (path === '/both') say('HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n0\n\n');
  else if (path === '/not-http') say('HELLO 1\n');
  else if (path === '/ntlm') say('HTTP/1.1 401 No\nWWW-Authenticate: NTLM\nContent-Length: 0\n\n');
  else if (path === '/die') socket.destroy();
  else if (path === '/silent') return;
  else if (path === '/upgrade') {
    say('HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: echo\n\nfirst');
    socket.removeAllListeners('data').on('data', (chunk) => socket.write(chunk));
  } else if (method === 'HEAD') say('HTTP/1.1 200 OK\nContent-Length: 1000\n\n');
  else ok(got, socket);
}

describe('pooled HTTP/1.1', () => {
  const owner = suiteOwner();
  let proxy: RunningProxy;
  let [one, two]: Server[] = [];
  const servers = () => {
    assert.ok(one && two);
    return { one, two };
  };

  before(async () => {
    [one, two] = [await httpBackend(owner, reply), await httpBackend(owner, reply)];
    proxy = await startProxy(
      owner,
      `timeouts: { connect: 2, client_hello: 2, idle: 4, half_close: 2 }
connection_pool: { enabled: true, max_per_host: 3, connection_ttl: 60, idle_timeout: 30, cleanup_interval: 1 }
limits: { per_name: 20 }
routes:
  - { match: one.test, backends: ["127.0.0.1:${one.port}"] }
  - { match: two.test, backends: ["127.0.0.1:${two.port}"] }
  - { match: dead.test, backends: ["127.0.0.1:1"] }`,
    );
  });

  /** After every test: no client is open, nothing is lent, the books balance, and every descriptor is explained. */
  afterEach(async () => {
    await until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0, FEW);
    const { pool } = await proxy.status();
    assert.ok(pool);
    assert.equal(pool.leased, 0);
    assert.equal(pool.created, (pool.idle ?? 0) + (pool.leased ?? 0) + (pool.destroyed ?? 0));
    assert.equal((await proxy.metrics()).get('sniproxy_fds{kind="upstream"}'), 0);
    await explained(proxy);
  });

  const open = () => connect(owner, proxy.port);
  const get = (host: string, path = '/', ...fields: string[]) =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const answers = (client: Client, count: number) =>
    until(`${count} answers`, () => client.text().split('HTTP/1.1 200').length > count, FEW);
  /** One request on a connection of its own; what came back. */
  const ask = async (text: string) => (await exchange(owner, proxy.port, text, 15_000)).toString('latin1');
  const body = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

  test('clients one after the other use the same socket; at a time, each has its own', async () => {
    const { one } = servers();
    const before = one.opened();
    for (let i = 0; i < 5; i += 1)
      assert.match(await ask(get('one.test', '/', 'Connection: close')), /^HTTP\/1\.1 200 OK\r\n.*Connection: close/s);
    assert.equal(one.opened(), before + 1);
    const silent = await Promise.all([open(), open()]);
    for (const client of silent) client.socket.write(get('one.test', '/silent'));
    await until('both are asked', () => one.got.filter(({ head }) => head.includes('/silent')).length === 2, FEW);
    assert.equal(new Set(one.got.filter(({ head }) => head.includes('/silent')).map(({ socket }) => socket)).size, 2);
    for (const client of silent) client.socket.destroy();
  });

  test('each request of a connection goes where its own Host says, in order', async () => {
    const { one, two } = servers();
    const [before1, before2] = [one.got.length, two.got.length];
    const client = await open();
    client.socket.write(get('one.test', '/a'));
    await answers(client, 1);
    client.socket.write(get('two.test', '/b'));
    await answers(client, 2);
    client.socket.write(get('one.test', '/c') + get('two.test', '/d') + get('one.test', '/e'));
    await answers(client, 5);
    assert.deepEqual(
      one.got.slice(before1).map(({ head }) => head.split(' ')[1]),
      ['/a', '/c', '/e'],
    );
    assert.deepEqual(
      two.got.slice(before2).map(({ head }) => head.split(' ')[1]),
      ['/b', '/d'],
    );
    client.socket.write(get('unknown.test'));
    await client.over();
    assert.match(client.text(), /HTTP\/1\.1 421 Misdirected Request/);
    await until('it is counted', async () => refused(await proxy.metrics(), 'no_route') === 1, FEW);
  });

  test('bodies pass unchanged, by length and in chunks, in any pieces, and the next request begins behind them', async () => {
    const { one } = servers();
    const data = randomBytes(300_000).toString('latin1');
    const chunks = `5;a=b\r\nhello\r\n${data.length.toString(16)}\r\n${data}\r\n0\r\nX-T: 1\r\n\r\n`;
    const posts = [
      `POST /l HTTP/1.1\r\nHost: one.test\r\nContent-Length: ${data.length}\r\n\r\n${data}`,
      `POST /c HTTP/1.1\r\nHost: one.test\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      get('one.test', '/after'),
    ];
    const from = one.got.length;
    const client = await open();
    const bytes = Buffer.from(posts.join(''), 'latin1');
    for (let at = 0; at < bytes.length; at += 70_001) client.socket.write(bytes.subarray(at, at + 70_001));
    await answers(client, 3);
    assert.deepEqual(
      one.got.slice(from).map(({ body }) => body.length),
      [data.length, chunks.length, 0],
    );
    assert.ok(one.got[from]?.body === data && one.got[from + 1]?.body === chunks);
    client.socket.destroy();
  });

  test('a request that must not be sent twice gets a new socket; one that may is sent again when the used one is dead', async () => {
    const { one } = servers();
    await ask(get('one.test', '/', 'Connection: close'));
    const before = one.opened();
    await ask('POST /p HTTP/1.1\r\nHost: one.test\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
    assert.equal(one.opened(), before + 1);
    const client = await open();
    client.socket.write(get('one.test', '/die'));
    await client.over();
    assert.match(client.text(), /^HTTP\/1\.1 502 Bad Gateway/);
    assert.equal(one.got.filter(({ head }) => head.includes('/die')).length, 2, 'once on a used socket, once on a new one');
  });

  test('a backend that closes an idle socket: it is out of the pool at once', async () => {
    const { one, two } = servers();
    await ask(get('one.test', '/', 'Connection: close'));
    const idle = async () => (await proxy.status()).pool?.idle ?? 0;
    assert.ok((await idle()) > 0);
    for (const socket of [...one.sockets, ...two.sockets]) socket.end();
    await until('the pool has let go', async () => (await idle()) === 0, FEW);
    assert.equal((await proxy.metrics()).get('sniproxy_pool_size'), 0);
  });

  const plain: [path: string, seen: RegExp][] = [
    ['/chunked', /^HTTP\/1\.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Trailer: z\r\n\r\nHTTP/],
    ['/empty', /^HTTP\/1\.1 204 No Content\r\nX-Socket: 1\r\n\r\nHTTP/],
    ['/unchanged', /^HTTP\/1\.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\nHTTP/],
    ['/early', /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\nHTTP\/1\.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/],
    ['/hop', /^HTTP\/1\.1 200 OK\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\nHTTP/],
  ];
  for (const [path, seen] of plain)
    test(`the client goes on after ${path}, and its next request is answered`, async () => {
      const client = await open();
      client.socket.write(get('one.test', path) + get('two.test', '/next'));
      await until('the second is answered', () => /HTTP\/1\.1 200 OK\r\nContent-Length: \d+\r\n\r\n\d+$/.test(client.text()), FEW);
      assert.match(client.text(), seen);
      client.socket.destroy();
    });

  test('a body of no bytes is whole at once, by length and in chunks', async () => {
    const client = await open();
    client.socket.write('POST / HTTP/1.1\r\nHost: one.test\r\nContent-Length: 0\r\n\r\n');
    await answers(client, 1);
    client.socket.write('POST / HTTP/1.1\r\nHost: two.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    await answers(client, 2);
    client.socket.write(get('one.test'));
    await answers(client, 3);
    client.socket.destroy();
  });

  test('a response to HEAD has no body, whatever length it says', async () => {
    const client = await open();
    client.socket.write(`HEAD / HTTP/1.1\r\nHost: one.test\r\n\r\n${get('two.test')}`);
    await answers(client, 2);
    assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\nContent-Length: 1000\r\n\r\nHTTP\/1\.1 200 OK/);
    client.socket.destroy();
  });

  test('a response that says or is the end of its connection, or is of HTTP/1.0, ends the client’s too', async () => {
    assert.equal(await ask(get('one.test', '/until-close')), 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it');
    assert.equal(await ask(get('one.test', '/close')), 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast');
    const { one } = servers();
    assert.match(await ask(get('one.test', '/close-later')), /Connection: close\r\n\r\nlater$/);
    const closing = one.got.at(-1)?.socket;
    await ask(get('one.test', '/', 'Connection: close'));
    assert.notEqual(one.got.at(-1)?.socket, closing, 'what is to be closed is not used again');
    assert.match(await ask(get('one.test', '/1.0')), /^HTTP\/1\.0 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nold$/);
  });

  test('bytes behind a response are nobody’s: the socket is destroyed, and the next client sees none of them', async () => {
    const { one } = servers();
    assert.equal(body(await ask(get('one.test', '/extra', 'Connection: close'))), 'ok');
    const poisoned = one.got.at(-1)?.socket;
    assert.match(body(await ask(get('one.test', '/', 'Connection: close'))), /^\d+$/);
    assert.notEqual(one.got.at(-1)?.socket, poisoned);
  });

  test('a backend that leaves in the middle: the client sees a reset, and takes the part for no whole', async () => {
    const client = await open();
    client.socket.write(get('one.test', '/half'));
    await until('it is closed', () => client.state.closed, FEW);
    assert.match(client.state.error, /ECONNRESET/);
  });

  test('an answer that nobody can take apart passes as it is, on a socket that is used no more', async () => {
    const { one } = servers();
    for (const [path, seen] of [
      ['/both', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['/not-http', 'HELLO 1\r\n'],
    ] as const) {
      const client = await open();
      client.socket.write(get('one.test', path));
      await until('it is there', () => client.text() === seen, FEW);
      const number = one.got.at(-1)?.socket;
      client.socket.destroy();
      await ask(get('one.test', '/', 'Connection: close'));
      assert.notEqual(one.got.at(-1)?.socket, number);
    }
  });

  test('requests that two parsers could end at different bytes are refused, and no backend hears of them', async () => {
    const { one } = servers();
    const before = one.got.length;
    for (const fields of [
      'Content-Length: 4\r\nTransfer-Encoding: chunked',
      'Content-Length: 4\r\nContent-Length: 4',
      'Transfer-Encoding: gzip, chunked',
    ]) {
      const text = `POST / HTTP/1.1\r\nHost: one.test\r\n${fields}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: one.test\r\n\r\n`;
      assert.match(await ask(text), /^HTTP\/1\.1 400 /, fields);
    }
    assert.equal(one.got.length, before);
    const smuggled = 'POST / HTTP/1.1\r\nHost: one.test\r\nTransfer-Encoding: chunked\r\n\r\n2;x\nzz\r\n0\r\n\r\n';
    assert.match(await ask(smuggled), /^HTTP\/1\.1 400 Bad Request/, 'a bare LF behind a chunk extension');
    assert.equal(one.got.length, before);
  });

  test('Expect: 100-continue and interim answers pass, and the body follows', async () => {
    const late = await backend(owner, (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        if (text.endsWith('body')) socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const other = await startProxy(
      owner,
      `connection_pool: { enabled: true }\nroutes: [{ match: late.test, backends: ["127.0.0.1:${late.port}"] }]`,
    );
    const client = await connect(owner, other.port);
    client.socket.write('POST / HTTP/1.1\r\nHost: late.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    await until('it may go on', () => client.text() === 'HTTP/1.1 100 Continue\r\n\r\n', FEW);
    client.socket.write('body');
    await until('it is answered', () => client.text().endsWith('201 Created\r\nContent-Length: 0\r\n\r\n'), FEW);
    client.socket.destroy();
  });

  test('an upgrade behind other requests becomes a tunnel, both ways', async () => {
    const client = await open();
    client.socket.write(get('two.test'));
    await answers(client, 1);
    client.socket.write(get('one.test', '/upgrade', 'Connection: Upgrade', 'Upgrade: echo'));
    await until('it has switched', () => client.text().endsWith('Connection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst'), FEW);
    client.socket.write(Buffer.from([0, 255, 13, 10]));
    await until(
      'the echo is back',
      () =>
        client
          .received()
          .subarray(-4)
          .equals(Buffer.from([0, 255, 13, 10])),
      FEW,
    );
    client.socket.end();
    await client.over();
  });

  for (const [what, path, fields] of [
    ['the backend asks it to sign in its connection', '/ntlm', []],
    ['it signs in its connection', '/', ['Authorization: Negotiate YII=']],
  ] as const)
    test(`a client keeps its socket to itself when ${what}`, async () => {
      const { one } = servers();
      const client = await open();
      client.socket.write(get('one.test', path, ...fields));
      await until('it is answered', () => client.text().startsWith('HTTP/1.1'), FEW);
      const own = one.got.at(-1)?.socket;
      await ask(get('one.test', '/', 'Connection: close'));
      assert.notEqual(one.got.at(-1)?.socket, own, 'nobody else gets it');
      client.socket.write(get('one.test', '/', 'Authorization: NTLM TlRMTVNT'));
      await until('it is answered again', () => client.text().endsWith(`\r\n\r\n${own}`), FEW);
      client.socket.destroy();
      await until('it is gone', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0, FEW);
      await ask(get('one.test', '/', 'Connection: close'));
      assert.notEqual(one.got.at(-1)?.socket, own, 'nor afterwards');
    });

  test('a backend that is told whose its connection is: each client has one of its own, told once', async () => {
    const told: string[] = [];
    const signed = await backend(owner, (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (!text.endsWith('\r\n\r\n')) return;
        told.push(text.slice(0, text.indexOf('\r\n')));
        text = '';
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const other = await startProxy(
      owner,
      `connection_pool: { enabled: true }\nroutes:
  - { match: plain.test, backends: ["127.0.0.1:${servers().one.port}"] }
  - { match: signed.test, backends: ["127.0.0.1:${signed.port}"], send_proxy: v1 }`,
    );
    const clients = [await connect(owner, other.port), await connect(owner, other.port)];
    for (const client of clients)
      for (const [i, host] of ['plain.test', 'signed.test', 'signed.test'].entries()) {
        client.socket.write(get(host));
        await answers(client, i + 1);
      }
    const header = (at: number) => `PROXY TCP4 127.0.0.1 127.0.0.1 ${clients[at]?.socket.localPort} ${other.port}`;
    assert.deepEqual(told, [header(0), 'GET / HTTP/1.1', header(1), 'GET / HTTP/1.1']);
    for (const { socket } of clients) socket.destroy();
  });

  test('a client that leaves in the middle destroys the socket, and is over at once', async () => {
    const { one } = servers();
    const client = await open();
    client.socket.write(get('one.test', '/silent'));
    const asked = one.got.length;
    await until('it is asked', () => one.got.length > asked - 1 && one.got.at(-1)?.head.includes('/silent'), FEW);
    const destroyed = (await proxy.status()).pool?.destroyed ?? 0;
    client.socket.resetAndDestroy();
    await until('the socket is destroyed', async () => ((await proxy.status()).pool?.destroyed ?? 0) > destroyed, FEW);
  });

  test('a client that finishes behind its requests gets all answers, then the end', async () => {
    const client = await open();
    client.socket.end(get('one.test', '/a') + get('two.test', '/b'));
    await client.over();
    assert.equal(client.text().split('HTTP/1.1 200').length, 3);
    assert.equal(client.state.error, '');
  });

  test('heads have one deadline each, a silent connection that of idleness, a silent backend too', async () => {
    const since = Date.now();
    const [slow, quiet, hung] = await Promise.all([open(), open(), open()]);
    for (const client of [slow, quiet]) client?.socket.write(get('one.test'));
    hung?.socket.write(get('one.test', '/silent'));
    await answers(slow, 1);
    slow.socket.write('GET / HTTP/1.1\r\n');
    const feeding = setInterval(() => slow.socket.write('X: y\r\n'), 100);
    await slow.over(15_000);
    clearInterval(feeding);
    assert.ok(Date.now() - since >= 1950, `${Date.now() - since} ms`);
    for (const client of [quiet, hung]) await client?.over(20_000);
    assert.ok(Date.now() - since >= 3900);
    await until('all three are logged', () => proxy.connections().filter(({ reason }) => reason === 'idle_timeout').length === 2, FEW);
    assert.equal(proxy.connections().filter(({ reason }) => reason === 'hello_timeout').length, 1);
  });

  test('what cannot be reached is told as without a pool', async () => {
    assert.match(await ask(get('dead.test')), /^HTTP\/1\.1 502 Bad Gateway/);
    assert.match(await ask('GET / HTTP/1.1\r\nHost: one.test\r\nHost: two.test\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('keeps max_per_host sockets of a host', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, open));
    for (const client of clients) client.socket.write(get('two.test', '/', 'Connection: close'));
    for (const client of clients) await client.over();
    for (const client of clients) client.socket.destroy();
    await until('three are left of it', async () => ((await proxy.status()).pool?.leased ?? 9) === 0, FEW);
    assert.ok(((await proxy.status()).pool?.idle ?? 9) <= 6);
    assert.ok(((await proxy.metrics()).get('sniproxy_keep_alive_rejections_total') ?? 0) > 0);
    assert.ok(((await proxy.metrics()).get('sniproxy_pool_hits_total') ?? 0) > 0);
  });

  test('a real client and a real server: kept connections, large answers, back-pressure', async () => {
    const large = randomBytes(3_000_000);
    const server = http.createServer((incoming, response) => {
      incoming.resume().on('end', () => response.end(incoming.url === '/large' ? large : 'ok'));
    });
    server.listen(0, '127.0.0.1');
    await until('it listens', () => server.listening);
    owner.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const other = await startProxy(
      owner,
      `connection_pool: { enabled: true }\nroutes: [{ match: real.test, backends: ["127.0.0.1:${portOf(server)}"] }]`,
    );
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const fetchOne = (path: string, method = 'GET') =>
      new Promise<Buffer>((resolve, reject) => {
        const sent = http.request(
          { port: other.port, host: '127.0.0.1', path, method, agent, headers: { host: 'real.test' } },
          (response) => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts)));
          },
        );
        sent.on('error', reject);
        sent.end(method === 'POST' ? large : undefined);
      });
    const all = await Promise.all(
      Array.from({ length: 24 }, (_, i) => fetchOne(i % 3 === 0 ? '/large' : '/small', i % 5 === 0 ? 'POST' : 'GET')),
    );
    assert.ok(all.every((got, i) => (i % 3 === 0 ? got.equals(large) : got.toString() === 'ok')));
    assert.ok(((await other.metrics()).get('sniproxy_pool_hits_total') ?? 0) >= 4);
    agent.destroy();
    await until('nothing is lent', async () => (await other.status()).pool?.leased === 0, FEW);
  });
});
