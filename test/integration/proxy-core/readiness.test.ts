import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { backend, connect, request, startProxy, tempDir, patiently as until } from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/**
 * What a service manager does with NOTIFY_SOCKET: datagrams of lines; a descriptor that comes along is a barrier, which closing it lifts.
 */
const RECEIVER = `
import socket, sys, os, json
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print('"bound"', flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 4096, 4)
    for fd in fds: os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`;

async function serviceManager(t: TestContext) {
  const socket = path.join(tempDir(t), 'notify');
  const child = spawn('/usr/bin/python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  await until('it receives', () => output.includes('bound'));
  const messages = () =>
    output
      .split('\n')
      .filter(Boolean)
      .map((line) => String(JSON.parse(line)))
      .filter((message) => message !== 'bound' && !message.startsWith('BARRIER'));
  return { socket, messages, latest: (start: string) => messages().findLast((message) => message.startsWith(start)) };
}

describe('readiness', { concurrency: 2 }, () => {
  for (const workers of [1, 2])
    test(`the service manager hears when it listens, reloads and stops (workers: ${workers})`, async (t) => {
      const { port } = await backend(t, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
      const manager = await serviceManager(t);
      const config = `workers: ${workers}\nshutdown_timeout: 20\nroutes: [{ match: a.test, backends: ["127.0.0.1:${port}"] }]`;
      const proxy = await startProxy(t, config, { env: { NOTIFY_SOCKET: manager.socket } });
      await until('it is ready', () => manager.latest('READY=1'));
      assert.match(
        manager.latest('READY=1') ?? '',
        new RegExp(`^READY=1\nSTATUS=routing on 127\\.0\\.0\\.1:${proxy.port}; config generation 1$`),
      );
      const client = await connect(t, proxy.port);
      client.socket.write(request('a.test'));
      await until('it was the truth', () => client.text() === RESPONSE);

      proxy.signal('SIGHUP');
      await until('the reload is over', () => manager.latest('READY=1')?.endsWith('generation 2'));
      assert.match(manager.latest('RELOADING=1') ?? '', /^RELOADING=1\nMONOTONIC_USEC=[0-9]+$/);
      proxy.write('routes: [');
      proxy.signal('SIGHUP');
      await until('a refused reload is over too', () => manager.latest('READY=1')?.includes('refused'));

      proxy.signal('SIGTERM');
      await until('it stops', () => manager.latest('STOPPING=1'));
      assert.match(manager.latest('STOPPING=1') ?? '', /EXTEND_TIMEOUT_USEC=2[0-9]000000$/);
      client.socket.destroy();
      assert.deepEqual(await proxy.exited, { code: 0, signal: null });
      const order = manager.messages().map((message) => message.split('=')[0]);
      assert.deepEqual(order, ['READY', 'RELOADING', 'READY', 'RELOADING', 'READY', 'STOPPING']);
    });

  test('without systemd-notify it serves all the same, and says what is missing', async (t) => {
    const manager = await serviceManager(t);
    const proxy = await startProxy(t, '', { env: { NOTIFY_SOCKET: manager.socket, PATH: tempDir(t) } });
    await until('it says so', () => proxy.output.stderr.includes('NOTIFY_SOCKET is set, and systemd-notify could not tell'));
    assert.equal((await proxy.metrics()).get('sniproxy_workers'), 1);
    assert.deepEqual(manager.messages(), []);
  });

  test('without NOTIFY_SOCKET nobody is told and nothing is started', async (t) => {
    const proxy = await startProxy(t, '', { env: { NOTIFY_SOCKET: '', PATH: tempDir(t) } });
    proxy.signal('SIGHUP');
    await until('it has reloaded', () => proxy.output.stdout.includes('config reloaded'));
    assert.equal(proxy.output.stderr, '');
  });
});
