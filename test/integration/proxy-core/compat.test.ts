import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { NO_EFFECT, POOL_WARNINGS } from '#contract/index.ts';
import { until } from '#test/support/until.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import { CLI, CURL, request, run, tempDir } from './harness.ts';

const FILES = path.join(import.meta.dirname, 'sniproxy-rs');
const CONFIGS = ['shipped', 'basic', 'full', 'minimal'] as const;
type Name = (typeof CONFIGS)[number];
const fileOf = (name: Name) => path.join(FILES, `${name}.yaml`);
const isRoot = process.getuid?.() === 0;
/** A network that is empty, so that ports 22, 80 and 443 are free; without root, by way of a user namespace. */
const APART = ['/usr/bin/unshare', '-n', '-m', ...(isRoot ? [] : ['-r'])];
const inside = (pid: number) => ['-t', `${pid}`, '-n', ...(isRoot ? [] : ['-U', '--preserve-credentials'])];
/** Long enough for the answer of a backend in the same machine. */
const ANSWER_MS = 700;

/** Runs a config as it is, on its own ports, in a network where ip.me is a machine with a public address. */
async function runUnchanged(t: TestContext, name: Name) {
  const hosts = path.join(tempDir(t), 'hosts');
  fs.writeFileSync(hosts, '127.0.0.1 localhost\n93.184.216.34 ip.me www.example.com evilcdn.net\n');
  const [unshare = '', ...apart] = APART;
  const args = [
    ...apart,
    '/bin/sh',
    path.join(FILES, 'world.sh'),
    process.execPath,
    CLI,
    fileOf(name),
    hosts,
    path.join(FILES, 'backend.mjs'),
  ];
  const child = spawn(unshare, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const pid = child.pid ?? 0;
  const exited = once(child, 'exit');
  t.after(() => {
    try {
      process.kill(-pid, 'SIGKILL'); // the backend and its network end with it
    } catch {} // all of them are gone
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  await Promise.race([
    until('it has started', () => output.includes('"started"'), { timeoutMs: 60_000 }),
    exited.then(() => Promise.reject(new Error(`it ended: ${output}`))),
  ]);
  const nsenter = (...command: string[]) => run('/usr/bin/nsenter', [...inside(pid), ...command]);
  const send = async (port: number, bytes: Buffer | string, ms = ANSWER_MS): Promise<{ text: string; closed: boolean; ms: number }> =>
    JSON.parse(
      (await nsenter(process.execPath, path.join(FILES, 'client.mjs'), `${port}`, Buffer.from(bytes).toString('hex'), `${ms}`)).stdout,
    );
  const proxy = {
    pid,
    exited,
    send,
    output: () => output,
    http: async (host: string) => (await send(80, request(host))).text,
    get: async (url: string) => (await nsenter(CURL, '-s', '-m', '5', url)).stdout,
    tcp: async () => (await nsenter('/usr/bin/ss', '-Htln')).stdout,
  };
  await until('the backend answers', async () => name === 'minimal' || (await proxy.http('ip.me')).includes('80 '), { timeoutMs: 60_000 });
  return proxy;
}

describe('configs of SNIProxy-rs', { concurrency: 4 }, () => {
  for (const name of CONFIGS)
    test(`${name}.yaml is a good config, each value is in force, and what has no effect is warned about by name`, async () => {
      const { code, stderr } = await run(process.execPath, [CLI, '-t', '-c', fileOf(name)]);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /error|not a key/);
      const wrote: Record<string, unknown> = parse(fs.readFileSync(fileOf(name), 'utf8'));
      const at = (key: string) =>
        key.split('.').reduce<unknown>((value, step) => (value instanceof Object ? Reflect.get(value, step) : undefined), wrote);
      for (const key of Object.keys(NO_EFFECT)) {
        const there = at(key) !== undefined && at(key) !== null;
        assert.equal(stderr.includes(`warning: ${key} is accepted and has no effect`), there, key);
      }
      const poolIsOn = at('connection_pool.enabled') === true;
      for (const sentence of POOL_WARNINGS) assert.equal(stderr.includes(sentence), poolIsOn, sentence);
      const told: Record<string, unknown> = parse((await run(process.execPath, [CLI, '--print-config', '-c', fileOf(name)])).stdout);
      for (const [key, value] of Object.entries(wrote)) {
        if (value === null || key === 'max_connections') continue; // that one is told as the limit of open files allows it
        assert.partialDeepStrictEqual(told[key], value, key);
      }
    });

  test('shipped.yaml: its three ports and its metrics, and its allowlist lets ip.me through alone', async (t) => {
    const proxy = await runUnchanged(t, 'shipped');
    const hello = helloFor('ip.me');
    assert.equal((await proxy.send(443, hello)).text, `443 ${hello.length}`, 'the hello reaches the backend whole');
    assert.match(await proxy.http('www.example.com'), /^HTTP\/1\.1 403 /);
    assert.equal((await proxy.send(443, helloFor('www.example.com'))).text.charCodeAt(0), 0x15, 'a TLS alert');
    for (const port of [22, 80, 443, 9090]) assert.match(await proxy.tcp(), new RegExp(` 0\\.0\\.0\\.0:${port} `));
    const metrics = await proxy.get('http://127.0.0.1:9090/metrics');
    assert.match(metrics, /^sniproxy_protocol_distribution_total\{protocol="tls"\} 2$/m);
    assert.match(metrics, /^sniproxy_connections_total\{protocol="tls",status="refused"\} 1$/m);
    assert.match(metrics, /^sniproxy_bytes_transferred_total\{host="ip\.me",direction="tx"\} [1-9]/m);
    assert.match(metrics, /^sniproxy_connection_duration_seconds_count\{protocol="tls"\} 2$/m);
    for (const idle of ['sniproxy_pool_size', 'sniproxy_pool_active_connections', 'sniproxy_connections_active'])
      assert.match(metrics, new RegExp(`^${idle} 0$`, 'm'));
  });

  test('basic.yaml: allowlist by exact name, below a name and by suffix; client_hello, max_connections and shutdown_timeout', async (t) => {
    const proxy = await runUnchanged(t, 'basic');
    assert.match(await proxy.http('www.example.com'), /80 /);
    assert.match(await proxy.http('nobody.example.com'), /^HTTP\/1\.1 502 /, 'allowed, and not to be resolved');
    assert.match(await proxy.http('ip.me.example.org'), /^HTTP\/1\.1 403 /);
    assert.match(await proxy.http('evilcdn.net'), /^HTTP\/1\.1 403 /, 'a look-alike is no name below');
    const silent = await proxy.send(443, '', 30_000);
    assert.ok(silent.closed && silent.ms >= 1900, `closed after ${silent.ms} ms`);
    assert.match(await proxy.get('http://127.0.0.1:9090/metrics'), /^sniproxy_max_connections 40$/m);
    const open = proxy.send(80, request('ip.me'), 15_000);
    await until('a tunnel is open', async () => /^sniproxy_connections_active 1$/m.test(await proxy.get('http://127.0.0.1:9090/metrics')));
    const since = Date.now();
    process.kill(proxy.pid, 'SIGTERM');
    assert.deepEqual(await proxy.exited, [0, null]);
    assert.ok(Date.now() - since >= 1900, `${Date.now() - since} ms`);
    assert.equal((await open).closed, true);
  });

  test('full.yaml: ssh_routes, the pool with its warnings, timeouts.idle and a listener of IPv6', async (t) => {
    const proxy = await runUnchanged(t, 'full');
    assert.match((await proxy.send(22, 'SSH-2.0-client\r\n')).text, /^SSH-2\.0-backend\r\n/);
    for (const sentence of POOL_WARNINGS) assert.ok(proxy.output().includes(sentence), sentence);
    const idle = await proxy.send(443, helloFor('ip.me'), 30_000);
    assert.ok(idle.closed && idle.ms >= 1900, `closed after ${idle.ms} ms`);
    assert.match(await proxy.tcp(), /\[::\]:8443 |\*:8443 /);
    const metrics = await proxy.get('http://127.0.0.1:9000/metrics');
    assert.match(metrics, /^sniproxy_pool_enabled 1$/m);
    assert.match(metrics, /^sniproxy_pool_misses_total [1-9]/m, 'plaintext HTTP has asked the pool');
    assert.match(metrics, /^sniproxy_closed_total\{reason="idle_timeout"\} [1-9]/m);
    assert.match(metrics, /^sniproxy_protocol_distribution_total\{protocol="ssh"\} 1$/m);
  });

  test('minimal.yaml: serves, and nothing listens for metrics', async (t) => {
    const proxy = await runUnchanged(t, 'minimal');
    await until('the backend answers', async () => (await proxy.http('ip.me')).includes('80 '), { timeoutMs: 60_000 });
    const hello = helloFor('ip.me');
    assert.equal((await proxy.send(443, hello)).text, `443 ${hello.length}`);
    assert.doesNotMatch(await proxy.tcp(), /:9090 /);
  });
});
