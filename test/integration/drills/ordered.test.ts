import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { backend, connect, DRILLS_ALLOWED, type RunningProxy, request, startProxy } from '../proxy-core/harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EACH = 20;

async function allowed(t: TestContext, options: { fdLimit?: number; allowed?: boolean } = {}) {
  const keep = await backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
  const config = `timeouts: { half_close: 1, idle: 20 }
connection_pool: { enabled: true }
routes: [{ match: keep.test, backends: ["127.0.0.1:${keep.port}"], send_proxy: v1 }]`;
  return startProxy(t, config, {
    ...(options.allowed === false ? {} : { command: DRILLS_ALLOWED }),
    ...(options.fdLimit === undefined ? {} : { fdLimit: options.fdLimit }),
  });
}

const order = (proxy: RunningProxy, name: string, o: { seconds?: number; scale?: number } = {}) => {
  const until = Math.ceil(Date.now() / 1000) + (o.seconds ?? 600);
  const text = JSON.stringify({ id: `d_${name}`, name, until, ...(o.scale === undefined ? {} : { scale: o.scale }) });
  fs.writeFileSync(`${proxy.file}.new`, text);
  fs.renameSync(`${proxy.file}.new`, `${proxy.file}.drill`);
};
const callOff = (proxy: RunningProxy) => fs.rmSync(`${proxy.file}.drill`);
const wasOver = (proxy: RunningProxy) => until('its journal says so', () => proxy.output.stderr.includes('a drill was under way'));

async function clients(t: TestContext, proxy: RunningProxy, count = EACH): Promise<void> {
  const one = async () => {
    const client = await connect(t, proxy.port);
    client.socket.write(request('keep.test'));
    await until('the reply is there', () => client.text().endsWith('ok'));
    client.socket.destroy();
  };
  await Promise.all(Array.from({ length: count }, one));
}
const settled = (proxy: RunningProxy, most: number) =>
  until(`at most ${most} descriptors`, () => proxy.fds() <= most || Promise.reject(new Error(`${proxy.fds()}`)), { timeoutMs: 15_000 });
const leaks = async (t: TestContext, proxy: RunningProxy, least: number) =>
  until(`${least} descriptors leaked`, async () => {
    await clients(t, proxy);
    return proxy.fds() >= least;
  });

describe('a drill that was ordered', () => {
  for (const name of ['pool-leak', 'eof-leak', 'slow-leak'])
    test(`${name} leaks until it is called off, then gives everything back; no page names it meanwhile`, async (t) => {
      const proxy = await allowed(t);
      await clients(t, proxy, 2);
      const base = proxy.fds();
      order(proxy, name, name === 'slow-leak' ? { scale: 2 } : {});
      await leaks(t, proxy, base + 2 * EACH);
      const metrics = await proxy.metrics();
      for (const [series, value] of metrics) if (series.startsWith('sniproxy_drill_active')) assert.equal(value, 0, series);
      assert.equal((await proxy.status()).drill, null);
      assert.doesNotMatch(proxy.output.stdout + proxy.output.stderr, /drill/i);
      callOff(proxy);
      await settled(proxy, base + 1);
      await until('the journal tells afterwards', () => proxy.output.stderr.includes(`"drill":"${name}"`));
      await clients(t, proxy);
      await settled(proxy, base + 1);
    });

  test('ends by itself when its time is over, though nobody calls it off', async (t) => {
    const proxy = await allowed(t);
    const base = proxy.fds();
    order(proxy, 'pool-leak', { seconds: 3 });
    await leaks(t, proxy, base + 10);
    await wasOver(proxy);
    await settled(proxy, base + 1);
    assert.match(proxy.output.stderr, /its time was over/);
  });

  test('that took every descriptor can still be called off', async (t) => {
    const proxy = await allowed(t, { fdLimit: 100 });
    const base = proxy.fds();
    order(proxy, 'scrape-blind', { scale: 30 });
    await until('the metrics page is dead', async () => {
      const client = await connect(t, proxy.port);
      client.socket.write(request('keep.test'));
      await until('an answer or an end', () => client.text() !== '' || client.state.closed || client.state.ended);
      client.socket.destroy();
      return proxy.fds() >= 98;
    });
    callOff(proxy);
    await settled(proxy, base + 4);
    assert.ok((await proxy.metrics()).size > 0, 'the page is read again');
  });

  test('holds over a restart of the proxy: a new process that finds it leaks on', async (t) => {
    const proxy = await allowed(t);
    order(proxy, 'pool-leak');
    const again = await startProxy(t, '', { command: [...DRILLS_ALLOWED, '-c', proxy.file] });
    const base = again.fds();
    const before = proxy.fds();
    await leaks(t, proxy, before + 10);
    assert.ok(base > 0);
  });

  test('is not taken from a file that asks for what is not known, for too long, or has ended', async (t) => {
    const proxy = await allowed(t);
    const base = proxy.fds();
    for (const text of [
      'no json',
      '{"id":"d","name":"rm -rf","until":9999999999}',
      JSON.stringify({ id: 'd', name: 'pool-leak', until: Date.now() / 1000 + 3 * 3600 }),
      JSON.stringify({ id: 'd', name: 'pool-leak', until: Date.now() / 1000 - 1 }),
    ]) {
      fs.writeFileSync(`${proxy.file}.drill`, text);
      await clients(t, proxy);
    }
    await settled(proxy, base + 1);
    assert.doesNotMatch(proxy.output.stderr, /a drill was/);
  });

  test('is not looked at by a proxy that was started without --drills-allowed', async (t) => {
    const proxy = await allowed(t, { allowed: false });
    assert.doesNotMatch(fs.readFileSync(`/proc/${proxy.pid}/cmdline`, 'latin1'), /drills allowed/);
    const base = proxy.fds();
    order(proxy, 'eof-leak');
    for (let i = 0; i < 5; i += 1) await clients(t, proxy);
    await settled(proxy, base + 1);
  });
});
