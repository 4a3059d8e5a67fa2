import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '#test/support/free-port.ts';
import {
  backend,
  type Client,
  closed,
  connect,
  type RunningProxy,
  refused,
  request,
  run,
  startProxy,
  patiently as until,
} from './harness.ts';
import { startLoad } from './load.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const sum = (metrics: Map<string, number>, name: string) =>
  [...metrics].reduce((total, [series, value]) => (series === name || series.startsWith(`${name}{`) ? total + value : total), 0);

async function twoWorkers(t: TestContext, config = '', options: { fdLimit?: number } = {}): Promise<RunningProxy> {
  // keeps the connection, unless it is asked not to
  const { port } = await backend(t, (socket) =>
    socket.on('data', (chunk) => (chunk.includes('close') ? socket.end(RESPONSE) : socket.write(RESPONSE))).on('end', () => socket.end()),
  );
  return await startProxy(t, `workers: 2\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]\n${config}`, options);
}

const workersOf = async (proxy: RunningProxy): Promise<number[]> =>
  (await run('/usr/bin/pgrep', ['-P', `${proxy.pid}`])).stdout.split('\n').filter(Boolean).map(Number);

async function tunnel(t: TestContext, proxy: RunningProxy): Promise<Client> {
  const client = await connect(t, proxy.port);
  client.socket.write(request('a.test'));
  await until('there is an answer', () => client.text() === RESPONSE || client.state.closed);
  assert.equal(client.text(), RESPONSE);
  return client;
}

/** The worker that holds this client's connection. */
function workerOf(proxy: RunningProxy, client: Client, workers: number[]): number {
  const row = execFileSync('/usr/bin/ss', ['-Htnp', `( sport = :${proxy.port} and dport = :${client.socket.localPort} )`], {
    encoding: 'utf8',
  });
  const pid = Number(/pid=([0-9]+)/.exec(row)?.[1]);
  assert.ok(workers.includes(pid), `no worker holds it: ${row}`);
  return pid;
}

describe('workers: 2', { concurrency: 2 }, () => {
  test('two processes serve, pgrep finds the primary alone, and there is one page that adds them up', async (t) => {
    const proxy = await twoWorkers(t);
    const workers = await workersOf(proxy);
    assert.equal(workers.length, 2);
    for (const pid of workers) assert.equal(fs.readFileSync(`/proc/${pid}/comm`, 'utf8'), 'sniproxy-worker\n');
    assert.equal(fs.readFileSync(`/proc/${proxy.pid}/comm`, 'utf8'), 'sniproxy-server\n');
    const found = (await run('/usr/bin/pgrep', ['sniproxy-server'])).stdout.split('\n').map(Number);
    assert.deepEqual([found.includes(proxy.pid), ...workers.map((pid) => found.includes(pid))], [true, false, false]);

    const load = startLoad(t, proxy.port, RESPONSE, { clients: 16 });
    await until('both have served', async () => {
      const { workers: shown } = (await proxy.status()) as unknown as { workers: { accepted: number }[] };
      return shown.length === 2 && shown.every(({ accepted }) => accepted > 20);
    });
    const open = [await tunnel(t, proxy), await tunnel(t, proxy)];
    await load.stop();
    assert.deepEqual(load.failures, []);
    await until('the load is over', async () => (await proxy.metrics()).get('sniproxy_connections_active') === open.length);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_accepted_total'), load.served + open.length);
    assert.equal(metrics.get('sniproxy_workers'), 2);
    assert.equal(sum(metrics, 'sniproxy_worker_connections'), open.length);
    assert.equal(closed(metrics, 'closed'), load.served);
    const fds = workers.map((pid) => fs.readdirSync(`/proc/${pid}/fd`).length);
    assert.ok(fds.includes(metrics.get('process_open_fds') ?? 0), `${metrics.get('process_open_fds')} of ${fds}`);
    assert.equal(metrics.get('process_open_fds'), Math.max(...fds), 'the one with more open is the one nearest the limit they share');
    assert.equal([...metrics.keys()].filter((series) => series.startsWith('process_start_time_seconds')).length, 1);
    await until('every connection has its line', () => proxy.connections().length >= load.served);
    for (const line of proxy.output.stdout.split('\n').filter(Boolean)) JSON.parse(line); // whole, whoever else wrote one
  });

  test('a worker that is killed loses its own tunnels only, is replaced and counted, and no other client notices', async (t) => {
    const proxy = await twoWorkers(t);
    const workers = await workersOf(proxy);
    const tunnels: Client[] = [];
    const held = () => tunnels.map((client) => workerOf(proxy, client, workers));
    await until('each worker holds a tunnel', async () => {
      const more = await Promise.all(Array.from({ length: 6 }, () => tunnel(t, proxy)));
      tunnels.push(...more);
      return new Set(held()).size === 2;
    });
    const holders = held();
    const [victim = 0, other = 0] = workers;
    const before = await proxy.metrics();
    const load = startLoad(t, proxy.port, RESPONSE);
    await until('the load runs', () => load.served > 20);
    process.kill(victim, 'SIGKILL');
    await until('its tunnels end', () => tunnels.every(({ state }, i) => state.closed || state.ended || holders[i] === other));
    await until('it is replaced', async () => {
      const now = await workersOf(proxy);
      return now.length === 2 && !now.includes(victim) && (await proxy.metrics()).get('sniproxy_workers') === 2;
    });
    const since = load.served;
    await until('the load goes on', () => load.served > since + 50);
    await load.stop();
    // what was in the victim's hands is lost with it; nothing else is
    assert.ok(load.failures.length <= 8, load.failures.join('\n'));
    assert.doesNotMatch(load.failures.join('\n'), /REFUSED|within/);
    for (const [i, client] of tunnels.entries()) {
      if (holders[i] === victim) continue;
      client.socket.write(request('a.test'));
      await until('the tunnel of the other works', () => client.text() === RESPONSE + RESPONSE);
    }
    const after = await proxy.metrics();
    assert.equal(after.get('sniproxy_worker_losses_total'), 1);
    assert.ok((closed(after, 'worker_lost') ?? 0) >= holders.filter((pid) => pid === victim).length);
    for (const [series, value] of before)
      if (/^sniproxy_.*_total(\{|$)/.test(series)) assert.ok((after.get(series) ?? 0) >= value, `${series} fell`);
    assert.match(proxy.output.stderr, new RegExp(`"a worker died".*"pid":${victim},"signal":"SIGKILL"`));
  });

  test('all workers killed at once: who waits in the queue is served by those that come after', async (t) => {
    const proxy = await twoWorkers(t);
    const workers = await workersOf(proxy);
    for (const pid of workers) process.kill(pid, 'SIGSTOP');
    const waiting = await Promise.all(Array.from({ length: 20 }, () => connect(t, proxy.port)));
    for (const { socket } of waiting) socket.write(request('a.test'));
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await until('all are served', () => waiting.every(({ text }) => text() === RESPONSE), { timeoutMs: 20_000 });
  });

  test('a reload reaches every worker, under one generation, and keeps tunnels', async (t) => {
    const proxy = await twoWorkers(t);
    const open = await tunnel(t, proxy);
    proxy.write('workers: 2\nmax_connections: 7\nroutes: [{ match: b.test, backends: ["127.0.0.1:1"] }]');
    proxy.signal('SIGHUP');
    await until('both have it', async () => (await proxy.metrics()).get('sniproxy_max_connections') === 7);
    const info = [...(await proxy.metrics()).keys()].filter((series) => series.startsWith('sniproxy_config_info'));
    assert.equal(info.length, 1);
    assert.match(info[0] ?? '', /generation="2"/);
    assert.equal(proxy.output.stdout.match(/"config reloaded"/g)?.length, 1);
    open.socket.write(request('a.test'));
    await until('the tunnel works', () => open.text() === RESPONSE + RESPONSE);
    proxy.write('routes: [');
    proxy.signal('SIGHUP');
    await until('a bad file is told', async () => (await proxy.metrics()).get('sniproxy_config_reload_failed') === 1);
    // one that comes later begins with what is in force
    process.kill((await workersOf(proxy))[0] ?? 0, 'SIGKILL');
    await until('it is replaced', async () => (await proxy.metrics()).get('sniproxy_worker_losses_total') === 1);
    await until('all have the config in force', async () => (await proxy.metrics()).get('sniproxy_max_connections') === 7);
  });

  test('a worker that hangs keeps nobody from the metrics, and is told as silent until it answers again', async (t) => {
    const proxy = await twoWorkers(t);
    const open = await tunnel(t, proxy);
    await until('it is counted', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 1);
    const hung = workerOf(proxy, open, await workersOf(proxy));
    process.kill(hung, 'SIGSTOP');
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_workers'), 1);
    assert.equal(metrics.get('sniproxy_connections_active'), 1, 'as it said last');
    const { workers: shown } = (await proxy.status()) as unknown as { workers: { pid: number; state: string }[] };
    assert.equal(shown.find(({ pid }) => pid === hung)?.state, 'silent');
    assert.match(proxy.output.stderr, /a worker does not answer/);
    process.kill(hung, 'SIGCONT');
    await until('it answers again', async () => (await proxy.metrics()).get('sniproxy_workers') === 2);
  });

  test('max_connections is divided: all together never hold more, and hold that many', async (t) => {
    const proxy = await twoWorkers(t, 'max_connections: 9');
    assert.equal((await proxy.metrics()).get('sniproxy_max_connections'), 9);
    const clients = await Promise.all(Array.from({ length: 60 }, () => connect(t, proxy.port)));
    for (const { socket } of clients) socket.write(request('a.test'));
    await until('each is served or closed', () => clients.every(({ state, text }) => state.closed || state.ended || text() === RESPONSE));
    const served = clients.filter(({ text }) => text() === RESPONSE).length;
    assert.ok(served <= 9 && served >= 5, `${served} served`);
    assert.equal(refused(await proxy.metrics(), 'max_connections'), 60 - served);
  });

  test('at the limit of open files they refuse by themselves, the page stays there, and they recover', async (t) => {
    const proxy = await twoWorkers(t, 'max_connections: 5000', { fdLimit: 80 });
    assert.match(
      proxy.output.stderr,
      /max_connections is 5000, but a limit of 80 open files carries \d+ \(2 per connection, and a reserve, in each of 2 workers\)/,
    );
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect(t, proxy.port)));
    for (const { socket } of clients) socket.write(request('a.test'));
    await until('each is served or closed', () => clients.every(({ state, text }) => state.closed || state.ended || text() === RESPONSE));
    const served = clients.filter(({ text }) => text() === RESPONSE).length;
    const full = await proxy.metrics();
    assert.equal(full.get('process_max_fds'), 80);
    assert.ok((full.get('process_open_fds') ?? 99) <= 80 - 8, `${full.get('process_open_fds')} open`);
    assert.ok(served >= 10, `${served} served`);
    assert.equal(refused(full, 'fd_headroom'), 200 - served, 'each refused client is counted');
    assert.equal(full.get('sniproxy_connections_active'), served);
    for (const { socket } of clients) socket.destroy();
    await until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0);
    assert.equal((await tunnel(t, proxy)).text(), RESPONSE);
  });

  test('of workers with different limits of open files the page tells the one nearest its own', async (t) => {
    const proxy = await twoWorkers(t);
    const [low = 0] = await workersOf(proxy);
    execFileSync('/usr/bin/prlimit', [`--pid=${low}`, '--nofile=100:2000']);
    proxy.signal('SIGHUP');
    await until('the lower limit is told', async () => (await proxy.metrics()).get('process_max_fds') === 100);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('process_open_fds'), fs.readdirSync(`/proc/${low}/fd`).length);
    assert.deepEqual(
      [...metrics].filter(([series]) => series.startsWith('sniproxy_worker_max_fds')).some(([, value]) => value === 100),
      true,
    );
  });

  test('SIGTERM drains all: nobody is accepted, a tunnel finishes, and it ends with 0', async (t) => {
    const proxy = await twoWorkers(t, 'shutdown_timeout: 20');
    const open = await tunnel(t, proxy);
    const workers = await workersOf(proxy);
    proxy.signal('SIGTERM');
    await until('it does not accept', () => refuses(proxy.port));
    open.socket.write(request('a.test'));
    await until('the tunnel works', () => open.text() === RESPONSE + RESPONSE);
    open.socket.end();
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
    for (const pid of workers) assert.equal(fs.existsSync(`/proc/${pid}`), false);
  });

  test('a second signal cuts at once', async (t) => {
    const proxy = await twoWorkers(t, 'shutdown_timeout: 60');
    const open = await tunnel(t, proxy);
    proxy.signal('SIGTERM');
    await until('it drains', () => proxy.output.stdout.includes('"draining"'));
    proxy.signal('SIGTERM');
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
    await until('the client is told', () => open.state.closed);
  });

  test('SIGTERM to one worker drains that one and it is replaced, without a loss', async (t) => {
    const proxy = await twoWorkers(t);
    const [first = 0] = await workersOf(proxy);
    const load = startLoad(t, proxy.port, RESPONSE);
    await until('the load runs', () => load.served > 20);
    process.kill(first, 'SIGTERM');
    await until('another is there', async () => {
      const now = await workersOf(proxy);
      return now.length === 2 && !now.includes(first) && (await proxy.metrics()).get('sniproxy_workers') === 2;
    });
    await load.stop();
    assert.deepEqual(load.failures, []);
    await until('every connection is counted', async () => (await proxy.metrics()).get('sniproxy_accepted_total') === load.served);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_worker_losses_total'), 0);
    assert.equal(closed(metrics, 'closed'), load.served);
  });

  test('UDP belongs to one worker, and to the one that replaces it', async (t) => {
    const port = await freePort();
    const proxy = await twoWorkers(t, `udp_listen_addrs: ["127.0.0.1:${port}"]`);
    const owners = () =>
      [...execFileSync('/usr/bin/ss', ['-Hlunp', `( sport = :${port} )`], { encoding: 'utf8' }).matchAll(/pid=([0-9]+)/g)].map((m) =>
        Number(m[1]),
      );
    const [owner = 0] = owners();
    assert.deepEqual([owners().length, (await workersOf(proxy)).includes(owner)], [1, true]);
    process.kill(owner, 'SIGKILL');
    await until('another has it', () => owners().length === 1 && owners()[0] !== owner);
    // the primary hands the socket over, and holds it for a moment
    await until('it is one of the workers', async () => (await workersOf(proxy)).includes(owners()[0] ?? 0));
  });

  test('when the primary is killed, its workers leave too and the address is free', async (t) => {
    const proxy = await twoWorkers(t);
    const workers = await workersOf(proxy);
    proxy.signal('SIGKILL');
    await until('the workers are gone', () => workers.every((pid) => !fs.existsSync(`/proc/${pid}`)));
    assert.ok(await refuses(proxy.port));
  });

  test('an address in use is one clear line and ends with 1', async (t) => {
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    t.after(() => other.close());
    const at = other.address();
    const proxy = await twoWorkers(t);
    const text = fs
      .readFileSync(proxy.file, 'utf8')
      .replace('"127.0.0.1:0"]', `"127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}"]`);
    fs.writeFileSync(proxy.file, text);
    const { code, stderr } = await run(process.execPath, [...(proxy.child.spawnargs.slice(1, 2) as string[]), '-c', proxy.file]);
    assert.equal(code, 1);
    assert.match(stderr, /^sniproxy-server: listen_addrs: 127\.0\.0\.1:\d+ is in use by another process; .*\(EADDRINUSE\)\n$/);
  });
});

const refuses = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
