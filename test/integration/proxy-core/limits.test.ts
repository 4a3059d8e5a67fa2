import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { backend, type Client, connect, type RunningProxy, refused, request, startProxy } from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function proxyWith(t: TestContext, config: string, options: { fdLimit?: number } = {}): Promise<RunningProxy> {
  const keep = await backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
  return await startProxy(t, `${config}\nroutes: [{ match: "*.test", backends: ["127.0.0.1:${keep.port}"] }]`, options);
}

/** Opens `count` clients that ask and stay; how many were served and how many were closed unserved. */
async function open(t: TestContext, proxy: RunningProxy, count: number, name = 'a.test') {
  const clients: Client[] = await Promise.all(Array.from({ length: count }, () => connect(t, proxy.port)));
  for (const client of clients) client.socket.write(request(name));
  await until('each is served or closed', () => clients.every(({ state, text }) => state.closed || state.ended || text() === RESPONSE));
  const served = clients.filter(({ text }) => text() === RESPONSE);
  return { clients, served, unserved: clients.filter((client) => !served.includes(client)) };
}
const leave = (clients: Client[]) => {
  for (const { socket } of clients) socket.destroy();
};
const idle = (proxy: RunningProxy) =>
  until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0);

describe('the limit of open files', () => {
  test('a limit that is changed in the running process is in force with a reload', async (t) => {
    const proxy = await proxyWith(t, 'max_connections: 200', { fdLimit: 2000 });
    const allowed = async () => (await proxy.metrics()).get('sniproxy_max_connections') ?? 0;
    assert.equal(await allowed(), 200);
    execFileSync('/usr/bin/prlimit', [`--pid=${proxy.pid}`, '--nofile=128:2000']);
    proxy.signal('SIGHUP');
    await until('the lower limit is in force', async () => (await allowed()) < 60);
    assert.equal((await proxy.metrics()).get('process_max_fds'), 128);
    execFileSync('/usr/bin/prlimit', [`--pid=${proxy.pid}`, '--nofile=2000:2000']);
    proxy.signal('SIGHUP');
    await until('the raised limit is in force', async () => (await allowed()) === 200);
  });

  test('a limit that carries nothing is a start error', async (t) => {
    await assert.rejects(proxyWith(t, '', { fdLimit: 34 }), /leaves room for no connection; raise LimitNOFILE/);
  });
});

describe('limits of the config', () => {
  test('limits.per_client and limits.per_name hold, and let go', async (t) => {
    const proxy = await proxyWith(t, 'limits: { per_client: 6, per_name: 4 }');
    const byName = await open(t, proxy, 5);
    assert.equal(byName.served.length, 4);
    assert.match(byName.unserved[0]?.text() ?? '', /^HTTP\/1\.1 502 /);
    const byClient = await open(t, proxy, 4, 'b.test');
    assert.ok(byClient.served.length <= 2);
    await until('both are counted', async () => {
      const metrics = await proxy.metrics();
      return refused(metrics, 'name_limit') === 1 && refused(metrics, 'client_limit') === byClient.unserved.length;
    });
    leave([...byName.clients, ...byClient.clients]);
    await idle(proxy);
    assert.equal((await open(t, proxy, 4, 'b.test')).served.length, 4);
  });
});
