import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '#test/support/free-port.ts';
import { backend, CLI, connect, readMetrics, request, startProxy, tempDir, patiently as until } from './harness.ts';
import { ACTIVATE, holdSocket } from './held-socket.ts';
import { startLoad } from './load.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const answering = (t: TestContext) => backend(t, (socket) => socket.on('data', () => socket.end(RESPONSE)).on('end', () => socket.end()));

/** A proxy on a socket that outlives it. */
async function activated(t: TestContext, socket: { fd: number; port: number }, config: string) {
  return await startProxy(t, config, {
    command: [...ACTIVATE, process.execPath, CLI],
    listen: [`127.0.0.1:${socket.port}`],
    fds: [socket.fd],
    env: { LISTEN_FDS: '1', LISTEN_FDNAMES: 'clients' },
  });
}

describe('socket activation', { concurrency: 2 }, () => {
  for (const workers of [1, 2])
    test(`restarts under load refuse and reset nobody (workers: ${workers})`, async (t) => {
      const { port } = await answering(t);
      const socket = await holdSocket(t);
      const config = `workers: ${workers}\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`;
      let proxy = await activated(t, socket, config);
      assert.equal(proxy.port, socket.port);
      const load = startLoad(t, socket.port, RESPONSE);
      for (let restart = 0; restart < 3; restart += 1) {
        const since = load.served;
        await until('the load runs', () => load.served > since + 30);
        proxy.signal('SIGTERM');
        assert.deepEqual(await proxy.exited, { code: 0, signal: null });
        proxy = await activated(t, socket, config);
      }
      const since = load.served;
      await until('the load runs', () => load.served > since + 30);
      await load.stop();
      assert.deepEqual(load.failures, [], `of ${load.served + load.failures.length} clients`);
    });

  test('systemd-socket-activate: the client that woke it is served, and the sockets are found by their addresses', async (t) => {
    const { port } = await answering(t);
    const [listen, metrics] = [await freePort(), await freePort()];
    const file = path.join(tempDir(t), 'config.yaml');
    fs.writeFileSync(
      file,
      `listen_addrs: ["127.0.0.1:${listen}"]\nmetrics: { address: "127.0.0.1:${metrics}" }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]\n`,
    );
    const addresses = ['-l', `127.0.0.1:${metrics}`, '-l', `127.0.0.1:${listen}`];
    const child = spawn('/usr/bin/systemd-socket-activate', [...addresses, process.execPath, CLI, '-c', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    const exited = once(child, 'exit');
    await until('it listens', () => output.includes(`Listening on 127.0.0.1:${listen}`));
    const client = await connect(t, listen);
    client.socket.write(request('a.test'));
    await until('the client is served', () => client.text() === RESPONSE, { timeoutMs: 60_000 });
    assert.equal((await readMetrics(metrics)).get('sniproxy_accepted_total'), 1);
    assert.doesNotMatch(output, /does not name|in use/);
    const queue = execFileSync('/usr/bin/ss', ['-Htln', `( sport = :${listen} )`], { encoding: 'utf8' }).split(/\s+/)[2];
    assert.equal(
      Number(queue),
      Math.min(4096, Number(fs.readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))),
      'the queue is as long as it may be',
    );
    client.socket.destroy();
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });

  test('a passed socket that the config does not name is served, with a warning; one by the name metrics is the metrics listener', async (t) => {
    const { port } = await answering(t);
    const [clients, metrics] = [await holdSocket(t), await holdSocket(t)];
    const proxy = await startProxy(t, `routes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`, {
      command: [...ACTIVATE, process.execPath, CLI],
      fds: [metrics.fd, clients.fd],
      env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'metrics:clients' },
    });
    assert.equal(proxy.adminPort, metrics.port);
    const client = await connect(t, clients.port);
    client.socket.write(request('a.test'));
    await until('the client is served', () => client.text() === RESPONSE);
    assert.match(proxy.output.stderr, new RegExp(`passes 127\\.0\\.0\\.1:${clients.port}, which listen_addrs does not name: it is served`));
  });

  test('sockets that were passed to another process are left alone', async (t) => {
    const socket = await holdSocket(t);
    const proxy = await startProxy(t, '', { fds: [socket.fd], env: { LISTEN_FDS: '1', LISTEN_PID: '1' } });
    assert.notEqual(proxy.port, socket.port);
    assert.doesNotMatch(proxy.output.stderr, /passes/);
  });

  test('a descriptor that is no socket is one clear line', async (t) => {
    const file = fs.openSync('/dev/null', 'r');
    t.after(() => fs.closeSync(file));
    await assert.rejects(
      startProxy(t, '', { command: [...ACTIVATE, process.execPath, CLI], fds: [file], env: { LISTEN_FDS: '1' } }),
      /ended with 1: sniproxy-server: descriptor 3, passed by LISTEN_FDS, is no TCP or UDP socket \(\/dev\/null\)/,
    );
  });
});
