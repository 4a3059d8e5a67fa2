import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { METRIC_NAMES, METRICS, POOL_WARNINGS } from '#contract/index.ts';
import { until } from '#test/support/until.ts';
import { backend, CLI, connect, exchange, portOf, type RunningProxy, readMetrics, request, run, startProxy, tempDir } from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const cli = (...args: string[]) => run(process.execPath, [CLI, ...args]);

function configFile(t: TestContext, text: string): string {
  const file = path.join(tempDir(t), 'config.yaml');
  fs.writeFileSync(file, text);
  return file;
}

describe('sniproxy-server -t', () => {
  test('says a good config is good, and ends with 0', async (t) => {
    const file = configFile(t, 'listen_addrs: ["0.0.0.0:443"]\n');
    assert.deepEqual(await cli('-t', '-c', file), { code: 0, stdout: `${file}: this config is good\n`, stderr: '' });
  });

  test('names file, line and column of each error and what to write instead, without a stack, and ends with 1', async (t) => {
    const file = configFile(t, 'listen_addrs: ["example.com:443"]\ntimeouts:\n  idle: 0\n');
    const { code, stderr, stdout } = await cli('-t', '-c', file);
    assert.deepEqual([code, stdout], [1, '']);
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      `sniproxy-server: ${file}:1:16: error: listen_addrs[0] must be "IP:port", like "0.0.0.0:443" or "[::]:443"; a host name cannot be listened on; it is the text "example.com:443"`,
      `sniproxy-server: ${file}:3:9: error: timeouts.idle must be more than 0 seconds, like 300; it is 0`,
    ]);
  });

  test('warns of the pool in the words of the incident document, of misspelt keys and of keys without effect', async (t) => {
    const file = configFile(t, 'listen_addrs: ["0.0.0.0:443"]\nconnection_pool:\n  enabled: true\nallowlst: [a]\nhttp3_config: {}\n');
    const { code, stderr } = await cli('-t', '-c', file);
    assert.equal(code, 0);
    for (const sentence of POOL_WARNINGS) assert.ok(stderr.includes(`${file}:3:12: warning: ${sentence}\n`), sentence);
    assert.match(stderr, /:4:1: warning: allowlst is not a key of this file and has no effect; did you mean allowlist\?/);
    assert.match(stderr, /:5:1: warning: http3_config is accepted and has no effect: HTTP\/3 goes through unopened/);
    assert.equal((await cli('-t', '--strict', '-c', file)).code, 1, 'with --strict a warning is an error');
  });

  test('warns when the limit of open files does not carry max_connections, with both numbers', async (t) => {
    const file = configFile(t, 'listen_addrs: ["0.0.0.0:443"]\nmax_connections: 100000000\n');
    const { code, stderr } = await cli('-t', '-c', file);
    assert.equal(code, 0);
    assert.match(stderr, /:2:18: warning: max_connections is 100000000, but a limit of \d+ open files carries \d+/);
  });
});

describe('the command line', () => {
  test('-V and -h answer on stdout and end with 0', async () => {
    assert.match((await cli('-V')).stdout, /^sniproxy-server \d+\.\d+\.\d+\n$/);
    const help = await cli('-h');
    assert.equal(help.code, 0);
    for (const word of ['--config', '--strict', '--print-config', '--drill', 'pool-leak', '/etc/sniproxy/config.yaml'])
      assert.ok(help.stdout.includes(word), word);
  });

  test('wrong use ends with 2 and one line', async () => {
    for (const args of [['--nope'], ['config.yaml'], ['--drill', 'nope'], ['-c']]) {
      const { code, stderr } = await cli(...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^sniproxy-server: [^\n]+\n$/);
    }
  });

  test('--print-config prints every default as YAML that is itself a good config', async (t) => {
    const { code, stdout } = await cli('--print-config', '-c', configFile(t, 'listen_addrs: ["0.0.0.0:443"]\n'));
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}half_close: 30$/m);
    assert.match(stdout, /^max_connections: \d+$/m);
    const again = await cli('--print-config', '-c', configFile(t, stdout));
    assert.equal(again.stdout, stdout);
  });

  test('a missing file and a port in use are one clear line each, and end with 1', async (t) => {
    const missing = await cli('-c', '/does/not/exist.yaml');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^sniproxy-server: \/does\/not\/exist\.yaml: the config file cannot be read: .*; name it with -c FILE\n$/);
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const file = configFile(t, `listen_addrs: ["127.0.0.1:${portOf(server)}"]\nmetrics: { enabled: false }\n`);
    const { code, stderr } = await cli('-c', file);
    assert.equal(code, 1);
    assert.match(stderr, /^sniproxy-server: listen_addrs: 127\.0\.0\.1:\d+ is in use by another process; .*\(EADDRINUSE\)\n$/);
  });
});

const keepAlive = (t: TestContext) => backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
const served = async (t: TestContext, proxy: RunningProxy, name: string) => {
  const client = await connect(t, proxy.port);
  client.socket.write(request(name));
  await until('there is an answer', () => client.text() !== '' || client.state.closed);
  return client;
};

describe('SIGHUP', () => {
  test('takes over routes, limits, pool and log level; open tunnels stay; the pool warning is repeated', async (t) => {
    const { port } = await keepAlive(t);
    const proxy = await startProxy(t, `routes: [{ match: old.test, backends: ["127.0.0.1:${port}"] }]`);
    const old = await served(t, proxy, 'old.test');
    const before = await proxy.metrics();
    proxy.write(
      `routes: [{ match: new.test, backends: ["127.0.0.1:${port}"] }]\nconnection_pool: { enabled: true }\nmax_connections: 50\n`,
    );
    proxy.signal('SIGHUP');
    await until('reloaded', async () => (await proxy.metrics()).get('sniproxy_max_connections') === 50);
    assert.equal((await served(t, proxy, 'new.test')).text(), RESPONSE);
    assert.match((await served(t, proxy, 'old.test')).text(), /^HTTP\/1\.1 421/);
    old.socket.write(request('old.test'));
    await until('the old tunnel answers', () => old.text() === RESPONSE + RESPONSE);
    const after = await proxy.metrics();
    const info = (metrics: Map<string, number>) => [...metrics.keys()].find((series) => series.startsWith('sniproxy_config_info'));
    assert.match(info(before) ?? '', /generation="1"/);
    assert.match(info(after) ?? '', /generation="2"/);
    assert.equal(after.get('sniproxy_pool_enabled'), 1);
    for (const sentence of POOL_WARNINGS) assert.ok(proxy.output.stderr.includes(sentence), sentence);
  });

  test('with a bad file keeps the old config, says why and raises the metric, until a good one comes', async (t) => {
    const { port } = await keepAlive(t);
    const good = `routes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`;
    const proxy = await startProxy(t, good);
    assert.equal((await proxy.metrics()).get('sniproxy_config_reload_failed'), 0);
    for (const bad of ['routes: [', 'routes: [{ match: a.test }]', 'timeouts: { idle: 0 }']) {
      proxy.write(bad);
      proxy.signal('SIGHUP');
      await until('the metric is raised', async () => (await proxy.metrics()).get('sniproxy_config_reload_failed') === 1);
      assert.equal((await served(t, proxy, 'a.test')).text(), RESPONSE);
    }
    fs.rmSync(proxy.file);
    proxy.signal('SIGHUP');
    await until('the missing file is told', () => proxy.output.stderr.includes('cannot be read'));
    assert.match(proxy.output.stderr, /config\.yaml:3:\d+: error: this is not valid YAML/);
    assert.match(proxy.output.stderr, /the old config stays in force/);
    proxy.write(good);
    proxy.signal('SIGHUP');
    await until('the metric is lowered', async () => (await proxy.metrics()).get('sniproxy_config_reload_failed') === 0);
  });

  test('that turns the pool off under load: leased sockets end normally and nothing is left', async (t) => {
    const asked: net.Socket[] = [];
    const { port } = await backend(t, (socket) => socket.on('data', () => asked.push(socket)).on('end', () => socket.end()));
    const config = (enabled: boolean) =>
      `routes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]\nconnection_pool: { enabled: ${enabled} }`;
    const proxy = await startProxy(t, config(true));
    const ask = async () => {
      const client = await connect(t, proxy.port);
      client.socket.write(request('a.test'));
      return client;
    };
    const open = await Promise.all(Array.from({ length: 10 }, ask));
    await until('all are asked', () => asked.length === 10);
    assert.equal((await proxy.metrics()).get('sniproxy_pool_active_connections'), 10);
    proxy.write(config(false));
    proxy.signal('SIGHUP');
    await until('the pool is off', async () => (await proxy.metrics()).get('sniproxy_pool_enabled') === 0);
    open.push(await ask());
    await until('that one is asked too', () => asked.length === 11);
    assert.equal((await proxy.metrics()).get('sniproxy_pool_active_connections'), 10, 'nothing more is lent');
    for (const socket of asked) socket.write(RESPONSE);
    await until('all are answered', () => open.every((client) => client.text() === RESPONSE));
    await until('nothing is lent', async () => (await proxy.metrics()).get('sniproxy_pool_active_connections') === 0);
    for (const { socket } of open) socket.end();
    const { pool } = await proxy.status();
    assert.deepEqual([pool?.created, pool?.destroyed], [10, 10]);
    await until('every descriptor is back', async () => proxy.fds() === (await proxy.metrics()).get('sniproxy_fd_baseline'));
  });
});

describe('SIGTERM', () => {
  const config = (port: number, seconds: number) =>
    `shutdown_timeout: ${seconds}\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`;
  const accepts = (port: number) =>
    new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });

  test('stops accepting at once, is not ready, lets a tunnel finish and ends with 0', async (t) => {
    const { port } = await keepAlive(t);
    const proxy = await startProxy(t, config(port, 20));
    const ready = () => fetch(`http://127.0.0.1:${proxy.adminPort}/ready`, { headers: { connection: 'close' } });
    assert.equal((await ready()).status, 200);
    const client = await served(t, proxy, 'a.test');
    proxy.signal('SIGTERM');
    await until('it does not accept', async () => !(await accepts(proxy.port)));
    assert.equal((await ready()).status, 503);
    client.socket.write(request('a.test'));
    await until('the tunnel works', () => client.text() === RESPONSE + RESPONSE);
    client.socket.end();
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
  });

  test('cuts a tunnel that hangs at shutdown_timeout and ends with 0', async (t) => {
    const { port } = await keepAlive(t);
    const proxy = await startProxy(t, config(port, 1));
    const client = await served(t, proxy, 'a.test');
    const since = Date.now();
    proxy.signal('SIGINT');
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
    assert.ok(Date.now() - since >= 950 && Date.now() - since < 30_000, `${Date.now() - since} ms`);
    await until('the client is told', () => client.state.closed);
    await until('its line says why', () => proxy.connections().at(-1)?.reason === 'shutdown');
  });

  test('a second signal cuts at once', async (t) => {
    const { port } = await keepAlive(t);
    const proxy = await startProxy(t, config(port, 60));
    await served(t, proxy, 'a.test');
    proxy.signal('SIGTERM');
    await until('it drains', () => proxy.output.stdout.includes('"draining"'));
    proxy.signal('SIGTERM');
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
  });

  test('without tunnels it ends at once', async (t) => {
    const proxy = await startProxy(t, 'shutdown_timeout: 60');
    const since = Date.now();
    proxy.signal('SIGTERM');
    assert.deepEqual(await proxy.exited, { code: 0, signal: null });
    assert.ok(Date.now() - since < 30_000);
  });
});

describe('a running process', () => {
  test('is called sniproxy-server, as pgrep compares it', async (t) => {
    const proxy = await startProxy(t, '');
    assert.equal(fs.readFileSync(`/proc/${proxy.pid}/comm`, 'utf8'), 'sniproxy-server\n');
    assert.ok((await run('/usr/bin/pgrep', ['sniproxy-server'])).stdout.split('\n').includes(`${proxy.pid}`));
  });

  test('exports every metric of the contract, closed label sets whole and at 0, before the first client', async (t) => {
    const proxy = await startProxy(t, '');
    const metrics = await proxy.metrics();
    for (const name of METRIC_NAMES) {
      const spec = METRICS[name];
      const series = [...metrics.keys()].filter((key) => key === name || key.startsWith(`${name}{`) || key.startsWith(`${name}_count`));
      assert.ok(series.length > 0, `${name} has no series`);
      const labels = 'labels' in spec ? Object.entries(spec.labels) : [];
      if (spec.type === 'histogram' || labels.some(([, values]) => values === null)) continue;
      const wanted = labels.reduce((n, [, values]) => n * (values?.length ?? 1), 1);
      assert.equal(series.length, wanted, name);
    }
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds'])
      assert.ok((metrics.get(name) ?? 0) > 0, name);
    assert.equal(metrics.get('process_open_fds'), (metrics.get('sniproxy_fd_baseline') ?? 0) + 1, 'the scraper is the only client');
  });

  test('has /health, /ready and /status, and real 404 and 405', async (t) => {
    const proxy = await startProxy(t, '');
    const at = (where: string, method = 'GET') => fetch(`http://127.0.0.1:${proxy.adminPort}${where}`, { method });
    for (const where of ['/health', '/ready', '/status', '/metrics', '/']) assert.equal((await at(where)).status, 200, where);
    assert.equal((await at('/nope')).status, 404);
    assert.equal((await at('/metrics/')).status, 404);
    const post = await at('/metrics', 'POST');
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
    assert.equal(await (await at('/metrics', 'HEAD')).text(), '');
    assert.match((await at('/metrics')).headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.equal((await proxy.status()).fds?.limit, (await proxy.metrics()).get('process_max_fds'));
  });

  test('goes on when nobody reads its log', async (t) => {
    const { port } = await keepAlive(t);
    const dir = tempDir(t);
    const file = path.join(dir, 'config.yaml');
    const [listen, admin] = await Promise.all([freePort(), freePort()]);
    fs.writeFileSync(
      file,
      `listen_addrs: ["127.0.0.1:${listen}"]\nmetrics: { address: "127.0.0.1:${admin}" }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]\n`,
    );
    // A pipe of 64 KiB that is never read.
    const child = spawn(process.execPath, [CLI, '-c', file], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.pause();
    t.after(() => child.kill('SIGKILL'));
    await until('it listens', () => readMetrics(admin));
    const name = `${'x'.repeat(60)}.example`;
    for (let at = 0; at < 600; at += 50) await Promise.all(Array.from({ length: 50 }, () => exchange(t, listen, request(name))));
    assert.match((await exchange(t, listen, request(name))).toString(), /^HTTP\/1\.1 421/);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  return port;
}
