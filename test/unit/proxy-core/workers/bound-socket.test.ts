import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { bindSocket } from '../../../../proxy-core/src/workers/bound-socket.ts';

const at = { host: '127.0.0.1', port: 0 };

test('a bound socket has a port of its own and is not accepted from, until somebody listens on its descriptor', async (t) => {
  const socket = bindSocket('listen_addrs', at);
  assert.ok(socket.address.port > 0);
  const server = net.createServer((client) => client.end('hello'));
  await new Promise<void>((resolve) => server.listen({ fd: socket.fd }, resolve));
  t.after(() => server.close()); // it closes the descriptor, which in a worker is one of its own
  const client = net.connect(socket.address.port, '127.0.0.1');
  const [text] = await once(client, 'data');
  assert.equal(`${text}`, 'hello');
  client.destroy();
});

test('an address in use and one that is not of this machine are sentences that name the key', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const used = server.address();
  const port = used !== null && typeof used === 'object' ? used.port : 0;
  assert.throws(() => bindSocket('listen_addrs', { host: '127.0.0.1', port }), {
    name: 'StartError',
    message: `listen_addrs: 127.0.0.1:${port} is in use by another process; stop it, or write another address (EADDRINUSE)`,
  });
  assert.throws(
    () => bindSocket('listen_addrs', { host: '203.0.113.1', port: 0 }),
    /203\.0\.113\.1:0 is no address of this machine; .*\(EADDRNOTAVAIL\)/,
  );
});

test('on a Node without the function that makes them, it says what to write instead', (t) => {
  const before: unknown = Reflect.get(net, '_createServerHandle');
  t.after(() => Reflect.set(net, '_createServerHandle', before));
  Reflect.set(net, '_createServerHandle', undefined);
  assert.throws(
    () => bindSocket('listen_addrs', at),
    /workers cannot share listeners on Node v24[^:]*: write workers: 1, or start with socket activation/,
  );
});
