import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/support/until.ts';
import { backend, connect, exchange, request, startProxy } from './harness.ts';
import { httpBackend } from './http-backend.ts';

const FEW = { timeoutMs: 15_000 };

test('addresses are judged for each request of a connection, not for its first alone', async (t) => {
  const server = await httpBackend(t);
  const proxy = await startProxy(t, 'connection_pool: { enabled: true }\ndeny_destinations: ["127.0.0.9"]');
  for (const [host, seen] of [
    [`127.0.0.9:${server.port}`, /HTTP\/1\.1 403 Forbidden/],
    [`127.0.0.1:${proxy.port}`, /HTTP\/1\.1 421 Misdirected/],
  ] as const) {
    const client = await connect(t, proxy.port);
    client.socket.write(request(`127.0.0.1:${server.port}`));
    await until('the first is answered', () => client.text().includes('200 OK'), FEW);
    client.socket.write(request(host));
    await client.over();
    assert.match(client.text(), seen);
    client.socket.destroy();
  }
  assert.equal(server.got.length, 2);
});

test('limits.per_name counts a client under the name that it asks for now, and names that lead nowhere make no series', async (t) => {
  const server = await httpBackend(t);
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: true }\nlimits: { per_name: 1 }\nroutes:
  - { match: "*.dead.test", backends: ["127.0.0.1:1"] }
  - { match: "*.test", backends: ["127.0.0.1:${server.port}"] }`,
  );
  const ask = async (client: Awaited<ReturnType<typeof connect>>, host: string, answers: number) => {
    client.socket.write(request(host));
    await until('it is answered', () => client.text().split('HTTP/1.1 ').length === answers + 1, FEW);
  };
  const [first, second, third] = [await connect(t, proxy.port), await connect(t, proxy.port), await connect(t, proxy.port)];
  await ask(first, 'one.test', 1);
  await ask(second, 'one.test', 1);
  assert.match(second.text(), /^HTTP\/1\.1 502 .*per_name/s);
  await ask(first, 'two.test', 2);
  await ask(third, 'one.test', 1);
  assert.match(third.text(), /^HTTP\/1\.1 200 OK/);
  for (let i = 0; i < 150; i += 1)
    assert.match((await exchange(t, proxy.port, request(`n${i}.dead.test`))).toString('latin1'), /^HTTP\/1\.1 502 /);
  const named = [...(await proxy.metrics()).keys()].filter((series) => series.startsWith('sniproxy_bytes_transferred_total'));
  assert.deepEqual([...new Set(named.map((series) => /host="([^"]*)"/.exec(series)?.[1]))].sort(), ['one.test', 'other', 'two.test']);
  for (const { socket } of [first, second, third]) socket.destroy();
});

test('an answer that comes before the whole request: the rest goes on to the backend, and the client goes on with another', async (t) => {
  let got = 0;
  const server = await backend(t, (socket) => {
    let answered = false;
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (!answered || chunk.toString('latin1').startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      answered = true;
    });
  });
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: true }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  const client = await connect(t, proxy.port);
  client.socket.write('POST / HTTP/1.1\r\nHost: one.test\r\nContent-Length: 500000\r\n\r\nbegin');
  await until('it is answered', () => client.text().endsWith('ok'), FEW);
  client.socket.write('x'.repeat(499_995));
  await until('the rest is there', () => got > 500_000, FEW);
  client.socket.write(request('one.test'));
  await until('the next is answered', () => client.text().split('200 OK').length === 3, FEW);
  assert.equal(server.accepted(), 2, 'a socket that was answered on early is used no more');
  client.socket.destroy();
});

test('a stop does not wait for clients that are between two requests, and lets the others be answered', async (t) => {
  const server = await backend(t, (socket) => {
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('GET /later')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const proxy = await startProxy(
    t,
    `shutdown_timeout: 60\nconnection_pool: { enabled: true }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  const [resting, waiting] = [await connect(t, proxy.port), await connect(t, proxy.port)];
  resting.socket.write(request('one.test'));
  await until('it is answered', () => resting.text().endsWith('ok'), FEW);
  waiting.socket.write('GET /later HTTP/1.1\r\nHost: one.test\r\n\r\n');
  await until('it is lent a socket', async () => (await proxy.status()).pool?.leased === 1, FEW);
  proxy.signal('SIGTERM');
  await resting.over();
  assert.equal(waiting.state.ended, false);
  for (const socket of server.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlater');
  await until('it is answered, too', () => waiting.text().endsWith('later'), FEW);
  assert.deepEqual(await proxy.exited, { code: 0, signal: null });
});

test('a client that reads slowly gets all of a last answer, and is then let go', async (t) => {
  const large = 'x'.repeat(30_000_000);
  const server = await httpBackend(t, (_got, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`));
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: true }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  const client = await connect(t, proxy.port);
  client.socket.pause();
  client.socket.write(request('one.test', 'Connection: close'));
  await until('it is answered', () => server.got.length === 1, FEW);
  await until('the backend is held back', () => [...server.sockets].some(({ writableLength }) => writableLength > 0), FEW);
  client.socket.resume();
  await client.over(15_000);
  assert.ok(client.text().endsWith(large));
  assert.equal(client.state.error, '');
  await until('the proxy has let it go', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0, FEW);
});

test('without the pool, or with a request that names another version, nothing is pooled', async (t) => {
  const server = await httpBackend(t);
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: false }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  for (let i = 0; i < 3; i += 1) {
    const client = await connect(t, proxy.port);
    client.socket.write(request('one.test'));
    await until('it is answered', () => client.text().endsWith(`${i + 1}`), FEW);
    client.socket.end();
    await client.over();
  }
  assert.equal(server.opened(), 3);
  const { pool } = await proxy.status();
  assert.deepEqual([pool?.created, pool?.idle, pool?.leased, pool?.destroyed], [0, 0, 0, 0]);
});

test('a socket that its backend ends after an answer ends for the client that had it, also when another client was lent it meanwhile', async (t) => {
  const server = await backend(t, (socket) => {
    // What a slow backend does: its end comes when the next request is on its way already.
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.once('data', () => socket.end());
    });
  });
  const proxy = await startProxy(
    t,
    `connection_pool: { enabled: true }\ntimeouts: { idle: 600 }\nroutes: [{ match: one.test, backends: ["127.0.0.1:${server.port}"] }]`,
  );
  const [first, second] = [await connect(t, proxy.port), await connect(t, proxy.port)];
  first.socket.write(request('one.test'));
  await until('it is answered', () => first.text().endsWith('ok'), FEW);
  second.socket.write(request('one.test'));
  await until('it is asked again over a new socket', () => second.text().endsWith('ok') && server.accepted() === 2, FEW);
  await first.over(30_000);
  assert.equal(second.state.ended, false);
});
