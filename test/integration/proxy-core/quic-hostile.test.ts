import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from '#test/support/until.ts';
import { connect, request } from './harness.ts';
import { httpBackend } from './http-backend.ts';
import { startQuicProxy } from './quic-parts.ts';
import { initials, quicBackend, randomId, short, speaker } from './quic-wire.ts';

test('an address that somebody else wrote on a few datagrams does not get what is on its way to the client', async (t) => {
  const id = randomId();
  const backend = await quicBackend(t, id);
  const proxy = await startQuicProxy(t, `routes: [{ match: a.test, backends: ["127.0.0.1:${backend.port}"] }]`);
  const client = await speaker(t);
  client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
  await until('it answers', () => client.got.length === 1);
  client.send(proxy.quicPort, short(id));
  await until('it is proved', () => backend.got.length >= 3);
  const upstream = backend.got[0]?.port ?? 0;
  const victim = dgram.createSocket('udp4');
  victim.bind(0, '127.0.0.2');
  await once(victim, 'listening');
  t.after(() => victim.close());
  let [bytes, sent] = [0, 0];
  victim.on('message', (datagram) => {
    bytes += datagram.length;
  });
  // The client is silent, and its backend still sends: to 127.0.0.2 go at most three times what is written in its name.
  await until(
    'the other has spoken alone for a while',
    async () => {
      victim.send(short(id), proxy.quicPort, '127.0.0.1');
      sent += 60;
      backend.send(upstream, ...Array.from({ length: 30 }, () => short(randomId(), 1200)));
      return sent >= 60 * 20;
    },
    { everyMs: 50 },
  );
  assert.ok(bytes <= 3 * sent, `${bytes} bytes for ${sent}`);
});

test('datagrams in somebody’s name, or for a name, take none of the places that TCP has in limits', async (t) => {
  const server = await httpBackend(t);
  await speaker(t, server.port);
  for (const [limit, reason] of [
    ['per_client', 'client_limit'],
    ['per_name', 'name_limit'],
  ]) {
    const proxy = await startQuicProxy(t, `limits: { ${limit}: 1 }\nroutes: [{ match: b.test, backends: ["127.0.0.1:${server.port}"] }]`);
    const client = await speaker(t);
    await until('no more are let in by QUIC', async () => {
      client.send(proxy.quicPort, ...initials('b.test', { dcid: randomId() }));
      return ((await proxy.metrics()).get(`sniproxy_refused_total{reason="${reason}"}`) ?? 0) > 0;
    });
    const byTcp = await connect(t, proxy.port);
    byTcp.socket.write(request('b.test'));
    await until('it is answered by TCP', () => byTcp.text().startsWith('HTTP/1.1 200 OK'));
  }
});
