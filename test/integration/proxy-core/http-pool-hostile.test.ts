import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/support/until.ts';
import { backend, connect, exchange, request, startProxy } from './harness.ts';
import { httpBackend } from './http-backend.ts';

const FEW = { timeoutMs: 15_000 };
const pooledTo = (port: number) => `connection_pool: { enabled: true }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${port}"] }]`;
const answer = (body: string, ...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}Content-Length: ${body.length}\r\n\r\n${body}`;

test('a client that takes no answers is answered no further than what waits for it, and gets all in the end', async (t) => {
  const body = 'x'.repeat(16_000);
  for (const fields of [[], ['Connection: close']]) {
    const server = await httpBackend(t, (_got, socket) => socket.write(answer(body)));
    const proxy = await startProxy(t, pooledTo(server.port));
    const client = await connect(t, proxy.port);
    client.socket.pause();
    const asked = 3000;
    client.socket.write(request('one.test').repeat(asked - 1) + request('one.test', ...fields));
    let before = 0;
    const isQuiet = () => {
      const now = server.got.length;
      const quiet = now > 0 && now === before;
      before = now;
      return quiet;
    };
    await until('the backend is asked no more', isQuiet, { ...FEW, everyMs: 300 });
    assert.ok(before < asked / 2, `${before} of ${asked} were answered into memory`);
    // Its end comes behind what it asks, and takes nothing from it.
    client.socket.end();
    client.socket.resume();
    await client.over(20_000);
    assert.equal(client.text().split(body).length - 1, asked);
    assert.equal(client.state.error, '');
  }
});

test('a client that has finished still gets the answers that wait for it', async (t) => {
  const [size, asked] = [16_000, 1500];
  const server = await httpBackend(t, (_got, socket) => socket.write(answer('x'.repeat(size))));
  const proxy = await startProxy(t, pooledTo(server.port));
  const client = await connect(t, proxy.port);
  client.socket.pause();
  for (let i = 1; i <= asked; i += 1) {
    client.socket.write(request('one.test'));
    if (i % 100 === 0) await until('the proxy has read it', async () => (await proxy.status()).pool?.leased === 0, FEW);
  }
  client.socket.end();
  await until('the proxy has read it', async () => (await proxy.status()).pool?.leased === 0, FEW);
  client.socket.resume();
  await client.over(20_000);
  assert.equal(client.text().split('x'.repeat(size)).length - 1, asked);
});

test('an answer that goes on until the end of its connection, and is reset instead, is no whole one', async (t) => {
  const server = await httpBackend(t, (_got, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\na part', () => setTimeout(() => socket.resetAndDestroy(), 50));
  });
  const proxy = await startProxy(t, pooledTo(server.port));
  const client = await connect(t, proxy.port);
  client.socket.write(request('one.test'));
  await until('it is closed', () => client.state.closed || client.state.ended, FEW);
  assert.match(client.state.error, /ECONNRESET/);
});

test('a socket whose backend answered before it had the whole request is nobody else’s afterwards', async (t) => {
  const server = await backend(t, (socket) => {
    // Takes what follows its early answer for a request, and answers that later.
    let heads = 0;
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.includes('/smuggled')) setTimeout(() => socket.write(answer('poison')), 300);
      else if (text.includes(' HTTP/1.1')) {
        heads += 1;
        socket.write(answer(`fine ${heads}`));
      }
    });
  });
  const proxy = await startProxy(t, pooledTo(server.port));
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: one.test\r\n\r\n';
  const client = await connect(t, proxy.port);
  client.socket.write(`POST / HTTP/1.1\r\nHost: one.test\r\nExpect: 100-continue\r\nContent-Length: ${smuggled.length}\r\n\r\n`);
  await until('it is answered', () => client.text().includes('fine'), FEW);
  client.socket.write(smuggled);
  await until('it is given back', async () => (await proxy.status()).pool?.leased === 0, FEW);
  assert.equal((await proxy.status()).pool?.idle, 0);
  const victim = (await exchange(t, proxy.port, request('one.test', 'Connection: close'))).toString('latin1');
  assert.match(victim, /fine 1$/);
  client.socket.destroy();
});

test('a socket whose backend says that a 204 has a body is nobody else’s afterwards', async (t) => {
  const server = await httpBackend(t, (_got, socket) => {
    socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
  });
  const proxy = await startProxy(t, pooledTo(server.port));
  const client = await connect(t, proxy.port);
  client.socket.write(request('one.test'));
  await until('it is answered', () => client.text().includes('204'), FEW);
  await until('it is given back', async () => (await proxy.status()).pool?.leased === 0, FEW);
  assert.equal((await proxy.status()).pool?.idle, 0);
  client.socket.destroy();
});

test('a request whose used socket turns out to be dead is asked again, for a client that has finished, too', async (t) => {
  const server = await backend(t, (socket) => {
    let requests = 0;
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) socket.write(answer('fine'));
      else socket.resetAndDestroy();
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await startProxy(t, pooledTo(server.port));
  await exchange(t, proxy.port, request('one.test', 'Connection: close'));
  await until('its socket is kept', async () => (await proxy.status()).pool?.idle === 1, FEW);
  const client = await connect(t, proxy.port);
  client.socket.end(request('one.test'));
  await client.over();
  assert.match(client.text(), /^HTTP\/1\.1 200 OK.*fine$/s);
  assert.equal(server.accepted(), 2);
});

test('a socket that carried a request with a body is nobody else’s: a backend may not have read it', async (t) => {
  const smuggled = 'GET /stolen HTTP/1.1\r\nHost: one.test\r\nX: ';
  // It takes no body on any path: what comes behind the head is its next request, whose answer it would give to whoever sends the rest.
  const server = await backend(t, (socket) => {
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        const path = pending.split(' ')[1] ?? '';
        pending = pending.slice(end + 4);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
      }
    });
  });
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: true }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  const [hostile, other] = [await connect(t, proxy.port), await connect(t, proxy.port)];
  hostile.socket.write(`POST /posted HTTP/1.1\r\nHost: one.test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
  await until('it is answered', () => hostile.text().endsWith('/posted'), FEW);
  other.socket.write('GET /asked HTTP/1.1\r\nHost: one.test\r\n\r\n');
  await until('the other is answered', () => /\/(asked|stolen)$/.test(other.text()), FEW);
  assert.match(other.text(), /\/asked$/);
  assert.equal(server.accepted(), 2);
  hostile.socket.write('GET /again HTTP/1.1\r\nHost: one.test\r\n\r\n');
  await until('it goes on', () => hostile.text().endsWith('/again'), FEW);
});
