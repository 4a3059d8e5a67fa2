import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
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
  test('64 descriptors and 200 clients: it refuses by itself, counts, stays scrapeable and calm, and recovers', async (t) => {
    const proxy = await proxyWith(t, 'max_connections: 5000', { fdLimit: 64 });
    const cpu = () => {
      const stat = fs.readFileSync(`/proc/${proxy.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return (Number(stat[11]) + Number(stat[12])) / 100;
    };
    assert.match(proxy.output.stderr, /max_connections is 5000, but a limit of 64 open files carries \d+ .*LimitNOFILE to 1\d{4}/);
    const { clients, served, unserved } = await open(t, proxy, 200);
    assert.ok(served.length >= 5, `${served.length} served`);
    const full = await proxy.metrics();
    assert.equal(refused(full, 'fd_headroom'), unserved.length, 'each refused client is counted');
    assert.equal(full.get('sniproxy_connections_active'), served.length);
    assert.equal(full.get('process_max_fds'), 64);
    assert.ok((full.get('process_open_fds') ?? 99) <= 64 - 8, `${full.get('process_open_fds')} open`);
    assert.ok(2 * served.length <= (full.get('sniproxy_fd_budget') ?? 0));
    const [before, since] = [cpu(), Date.now()];
    await until('a second has passed', () => Date.now() - since > 1000);
    assert.ok(cpu() - before < 0.3, `${cpu() - before} CPU seconds in one`);
    leave(clients);
    await idle(proxy);
    const again = await open(t, proxy, 3);
    assert.equal(again.served.length, 3);
  });

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
  test('max_connections: N are served, N+1 is refused and counted, and a free slot is used again', async (t) => {
    const proxy = await proxyWith(t, 'max_connections: 10');
    const { clients, served, unserved } = await open(t, proxy, 11);
    assert.equal(served.length, 10);
    assert.equal(refused(await proxy.metrics(), 'max_connections'), 1);
    leave(unserved);
    leave(served.slice(0, 1));
    await until('one slot is free', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 9);
    assert.equal((await open(t, proxy, 1)).served.length, 1);
    leave(clients);
  });

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

  test('thousands of made-up hosts make no series, and the memory for them is given back', async (t) => {
    const proxy = await proxyWith(t, 'log: { access: false }');
    const ours = (metrics: Map<string, number>) => [...metrics.keys()].filter((series) => series.startsWith('sniproxy_')).length;
    const before = ours(await proxy.metrics());
    const client = async (i: number) => {
      const one = await connect(t, proxy.port);
      one.socket.write(request(`h${i}-${Math.random().toString(36).slice(2)}.example`));
      await one.over();
      one.socket.destroy();
    };
    for (let at = 0; at < 3000; at += 100) await Promise.all(Array.from({ length: 100 }, (_, i) => client(at + i)));
    await idle(proxy);
    const metrics = await proxy.metrics();
    assert.equal(refused(metrics, 'no_route'), 3000);
    assert.equal(ours(metrics), before);
  });
});
