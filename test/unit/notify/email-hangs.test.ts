import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { SendFailure } from '#server/notify/reach.ts';
import { sendEmail } from '#server/notify/senders/email.ts';
import { until } from '#test/support/until.ts';

test('a mail server that goes on saying a little holds nobody up once the sending is ended', { timeout: 20_000 }, async (t) => {
  const ended = new AbortController();
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    // a greeting of several lines that has no last one
    socket.resume();
    const drip = setInterval(() => socket.write('220-mail.test\r\n'), 20);
    socket.once('close', () => clearInterval(drip));
    ended.abort(new Error('the console stops'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const target = {
    ...{
      kind: 'email' as const,
      host: '127.0.0.1',
      port: address.port,
      tls: 'none' as const,
      user: '',
      from: 'h@x.test',
      to: ['a@x.test'],
    },
    caCertificate: '',
  };
  const startsAt = new Date(0).toISOString();
  const alert = { key: 'test:1', kind: 'incident', state: 'firing', severity: 'info', title: 'A test', text: '', link: '/' } as const;
  const told = {
    id: 'dl_1',
    event: 'test' as const,
    alert: { ...alert, signals: [], startsAt, endsAt: null, by: null },
    at: 0,
    consoleUrl: 'http://h.test',
  };
  const reach = { allowPrivate: true, caCertificate: '' };
  await assert.rejects(
    sendEmail({ target, secret: '', reach }, told, ended.signal),
    (error) => error instanceof SendFailure && error.again,
  );
  await until('the connection is given back', () => sockets.length === 1 && sockets.every((socket) => socket.destroyed));
});
