import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import { backend, connect, request, startProxy, patiently as until } from './harness.ts';
import { startLoad } from './load.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const answering = (t: TestContext) =>
  backend(t, (socket) =>
    socket.on('data', (chunk) => (chunk.includes('close') ? socket.end(RESPONSE) : socket.write(RESPONSE))).on('end', () => socket.end()),
  );

describe('reload under load', { concurrency: 2 }, () => {
  for (const workers of [1, 2])
    test(`twenty in a row fail no client and end no tunnel; each is a generation (workers: ${workers})`, async (t) => {
      const { port } = await answering(t);
      const config = (n: number) =>
        `workers: ${workers}\nmax_connections: ${500 + n}\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`;
      const proxy = await startProxy(t, config(0));
      const tunnel = await connect(t, proxy.port);
      tunnel.socket.write(request('a.test'));
      await until('the tunnel is open', () => tunnel.text() === RESPONSE);
      const load = startLoad(t, proxy.port, RESPONSE);
      for (let n = 1; n <= 20; n += 1) {
        const since = load.served;
        proxy.write(n % 5 === 0 ? 'routes: [' : config(n)); // every fifth is wrong
        proxy.signal('SIGHUP');
        await until(
          'it is taken or refused',
          () => (proxy.output.stdout + proxy.output.stderr).match(/"config reloaded"|reload was refused/g)?.length === n,
        );
        await until('clients are served', () => load.served > since + 5);
      }
      await load.stop();
      assert.deepEqual(load.failures, [], `of ${load.served + load.failures.length} clients`);
      tunnel.socket.write(request('a.test'));
      await until('the tunnel works', () => tunnel.text() === RESPONSE + RESPONSE);
      const { config: told } = await proxy.status();
      assert.equal(told?.generation, 17);
      const { oldest } = (await proxy.status()) as unknown as { oldest: { generation: number }[] };
      assert.deepEqual(
        oldest.map(({ generation }) => generation),
        [1],
        'the tunnel is told with the generation that it began with',
      );
      await until('only the tunnel is left', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 1);
      const metrics = await proxy.metrics();
      const byGeneration = [...metrics].filter(([series, count]) => series.startsWith('sniproxy_connections_generation') && count > 0);
      assert.deepEqual(byGeneration, [['sniproxy_connections_generation{generation="older"}', 1]]);
      assert.equal(metrics.get('sniproxy_connections_generation{generation="17"}'), 0);
      assert.equal(metrics.get('sniproxy_max_connections'), 519);
      assert.equal(metrics.get('sniproxy_config_reload_failed'), 1, 'the last one was wrong');
    });

  test('a limit of open files that is raised takes effect within 10 s, without a reload', async (t) => {
    const { port } = await answering(t);
    const proxy = await startProxy(t, `max_connections: 200\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`, {
      fdLimit: 2000,
    });
    execFileSync('/usr/bin/prlimit', [`--pid=${proxy.pid}`, '--nofile=128:2000']);
    proxy.signal('SIGHUP');
    await until('the lower limit is in force', async () => ((await proxy.metrics()).get('sniproxy_max_connections') ?? 999) < 60);
    execFileSync('/usr/bin/prlimit', [`--pid=${proxy.pid}`, '--nofile=2000:2000']);
    const since = Date.now();
    await until('the raised limit is in force', async () => (await proxy.metrics()).get('sniproxy_max_connections') === 200, {
      timeoutMs: 15_000,
      everyMs: 200,
    });
    assert.ok(Date.now() - since < 11_500, `${Date.now() - since} ms`);
    assert.equal((await proxy.metrics()).get('process_max_fds'), 2000);
  });
});
