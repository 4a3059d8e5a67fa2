import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { QUIC_V2 } from '../../../proxy-core/src/quic/versions.ts';
import { closed, refused } from './harness.ts';
import { type QuicProxy, startQuicProxy } from './quic-parts.ts';
import { fromServer, initials, quicBackend, randomId, short, speaker } from './quic-wire.ts';

const dropped = async (proxy: QuicProxy, reason: string) =>
  (await proxy.metrics()).get(`sniproxy_quic_dropped_total{reason="${reason}"}`) ?? 0;
const flows = async (proxy: QuicProxy) => {
  const metrics = await proxy.metrics();
  return ['dial', 'tunnel', 'stale'].reduce((sum, phase) => sum + (metrics.get(`sniproxy_quic_flows{phase="${phase}"}`) ?? 0), 0);
};
const routeTo = (name: string, ...ports: number[]) =>
  `routes: [{ match: ${name}, backends: [${ports.map((port) => `"127.0.0.1:${port}"`).join(', ')}] }]\n`;

describe('a hello in two datagrams', () => {
  for (const [what, order] of Object.entries({ 'in order': [0, 1], 'in reverse': [1, 0], 'each twice': [0, 0, 1, 1] }))
    test(`${what}, damaged ones before it: the backend gets every byte as it came, in that order, once`, async (t) => {
      const backend = await speaker(t);
      const proxy = await startQuicProxy(t, routeTo('a.test', backend.port));
      const client = await speaker(t);
      const packets = initials('a.test', { dcid: randomId(), scid: randomId() });
      const sent = order.map((i) => packets[i] ?? Buffer.alloc(0));
      const damaged = Buffer.from(packets[0]).fill(0, 800, 810);
      client.send(proxy.quicPort, damaged, Buffer.from(packets[0]).subarray(0, 1199), ...sent);
      // What comes once the name is known goes on at once; until an answer comes it may go to another backend, too.
      const wanted = what === 'each twice' ? [0, 0, 1, 1].map((i) => packets[i]) : sent;
      await until('the hello is forwarded', () => backend.got.length >= wanted.length);
      assert.deepEqual(
        backend.got.map(({ datagram }) => datagram),
        wanted,
      );
      const upstream = backend.got[0]?.port ?? 0;
      const answers = [fromServer(Buffer.alloc(0), randomId()), short(randomId())];
      backend.send(upstream, ...answers);
      await until('the answer is forwarded', () => client.got.length === answers.length);
      assert.deepEqual(
        client.got.map(({ datagram }) => datagram),
        answers,
      );
    });

  test('of QUIC version 2 (RFC 9369)', async (t) => {
    const backend = await speaker(t);
    const proxy = await startQuicProxy(t, routeTo('a.test', backend.port));
    const client = await speaker(t);
    client.send(proxy.quicPort, ...initials('a.test', { version: QUIC_V2, dcid: randomId() }));
    await until('the hello is forwarded', () => backend.got.length === 2);
  });

  test('whose second half never comes ends with hello_timeout, and holds no descriptor meanwhile', async (t) => {
    const proxy = await startQuicProxy(t, `timeouts: { client_hello: 2 }\n${routeTo('a.test', 9)}`);
    const before = proxy.fds();
    const client = await speaker(t);
    client.send(proxy.quicPort, initials('a.test', { dcid: randomId() })[0]);
    await until('it is waited for', async () => (await proxy.metrics()).get('sniproxy_quic_flows{phase="hello"}') === 1);
    await until('no descriptor is held', () => proxy.fds() <= before);
    await until('it is over', async () => refused(await proxy.metrics(), 'hello_timeout') === 1);
    assert.equal((await proxy.metrics()).get('sniproxy_quic_flows{phase="hello"}'), 0);
  });
});

describe('a connection is refused by the same words as a TLS one', () => {
  const cases: Record<string, { config: string; name: string | null }> = {
    no_route: { config: routeTo('a.test', 9), name: 'b.test' },
    no_sni: { config: routeTo('a.test', 9), name: null },
    allowlist: { config: `allowlist: ["*.example"]\n${routeTo('a.test', 9)}`, name: 'a.test' },
    name_limit: { config: `limits: { per_name: 1 }\n${routeTo('a.test', 9)}`, name: 'a.test' },
    client_limit: { config: `limits: { per_client: 1 }\n${routeTo('a.test', 9)}`, name: 'a.test' },
    max_connections: { config: `quic_config: { max_flows: 1 }\n${routeTo('a.test', 9)}`, name: 'a.test' },
    dns_failed: { config: 'default_backend: "nowhere.invalid:443"\nroutes: []\n', name: 'a.test' },
  };
  for (const [reason, { config, name }] of Object.entries(cases))
    test(reason, async (t) => {
      const silent = await speaker(t);
      const proxy = await startQuicProxy(t, config.replace(':9"', `:${silent.port}"`));
      const client = await speaker(t);
      const isLimit = /limit|max/.test(reason);
      if (isLimit) {
        client.send(proxy.quicPort, ...initials(name, { dcid: randomId() }));
        await until('the first is open', async () => (await flows(proxy)) === 1);
      }
      const again = initials(name, { dcid: randomId() });
      client.send(proxy.quicPort, ...again);
      await until('it is refused', async () => (refused(await proxy.metrics(), reason) ?? 0) >= 1);
      const line = await until('it has its line', () => proxy.connections().find((one) => one.reason === reason));
      assert.equal(line.protocol, 'quic');
      assert.equal(line.refused, true);
      assert.equal(client.got.length, 0, 'nothing is sent to an address that nobody has proved');
      // A backend that fails may be there when the client tries again, so each try is one; what was decided stays.
      if (isLimit || reason === 'dns_failed') return;
      client.send(proxy.quicPort, ...again);
      client.send(proxy.quicPort, ...initials(name, { dcid: randomId() }));
      await until('another is refused', async () => refused(await proxy.metrics(), reason) === 2);
    });

  test('loop, by the address that would be dialled', async (t) => {
    const { port } = await speaker(t);
    const proxy = await startQuicProxy(t, `fleet_addresses: ["127.0.0.1"]\n${routeTo('a.test', port)}`);
    const client = await speaker(t);
    client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    await until('it is refused', async () => refused(await proxy.metrics(), 'loop') === 1);
  });

  test('loop, when the backend is the listener itself', async (t) => {
    const first = await startQuicProxy(t, routeTo('a.test', 9));
    first.signal('SIGTERM');
    await first.exited;
    const proxy = await startQuicProxy(t, routeTo('a.test', first.quicPort), { quicPort: first.quicPort });
    const client = await speaker(t);
    client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    await until('it is refused', async () => refused(await proxy.metrics(), 'loop') === 1);
  });
});

describe('where datagrams go', () => {
  test('two connections of one client port go each to its own backend, by their ids', async (t) => {
    const ids = [randomId(8), randomId(5)] as const;
    const [a, b] = [await quicBackend(t, ids[0]), await quicBackend(t, ids[1])];
    const routes = [a, b].map(({ port }, i) => `  - { match: ${'ab'[i]}.test, backends: ["127.0.0.1:${port}"] }\n`);
    const proxy = await startQuicProxy(t, `routes:\n${routes.join('')}`);
    const client = await speaker(t);
    for (const name of ['a.test', 'b.test']) client.send(proxy.quicPort, ...initials(name, { dcid: randomId(), scid: randomId() }));
    await until('both answer', () => client.got.length === 2);
    const [toA, toB] = [short(ids[0]), short(ids[1])];
    client.send(proxy.quicPort, toA, toB);
    await until('both have theirs', () => a.has(toA) && b.has(toB));
    assert.ok(!a.has(toB) && !b.has(toA));
  });

  test('two servers that chose the same id are told apart by their clients', async (t) => {
    const id = randomId(4);
    const [a, b] = [await quicBackend(t, id), await quicBackend(t, id)];
    const routes = [a, b].map(({ port }, i) => `  - { match: ${'ab'[i]}.test, backends: ["127.0.0.1:${port}"] }\n`);
    const proxy = await startQuicProxy(t, `routes:\n${routes.join('')}`);
    for (const [name, backend] of [
      ['a.test', a],
      ['b.test', b],
    ] as const) {
      const client = await speaker(t);
      client.send(proxy.quicPort, ...initials(name, { dcid: randomId() }));
      await until('it answers', () => client.got.length === 1);
      const [mine, handshake] = [short(id), fromServer(id, randomId(), { first: 0xe0, size: 100 })];
      client.send(proxy.quicPort, mine, handshake);
      await until(`${name} has its own`, () => backend.has(mine) && backend.has(handshake));
    }
  });

  test('a client that moves gets a socket of its own to the same backend, and answers go where that says', async (t) => {
    const id = randomId();
    const backend = await quicBackend(t, id, () => short(randomId(), 40));
    const proxy = await startQuicProxy(t, routeTo('a.test', backend.port));
    const [first, second] = [await speaker(t), await speaker(t)];
    first.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    await until('it answers', () => first.got.length === 1);
    first.send(proxy.quicPort, short(id));
    await until('it answers again', () => first.got.length === 2);
    const moved = short(id);
    second.send(proxy.quicPort, moved);
    await until('the new address is answered', () => second.got.length === 1);
    assert.equal(first.got.length, 2, 'the old one is not');
    const [home, away] = [backend.got[0]?.port, backend.got.find(({ datagram }) => datagram.equals(moved))?.port];
    assert.notEqual(home, away, 'the backend sees that the client has moved');
    assert.equal(await flows(proxy), 1, 'it is one connection');
    // An id that came in secret is known again at the next move, once the client has used it.
    const secret = randomId();
    second.send(proxy.quicPort, short(secret));
    await until('it is answered', () => second.got.length === 2);
    const third = await speaker(t);
    third.send(proxy.quicPort, short(secret));
    await until('it is answered at the third address', () => third.got.length === 1);
    assert.equal((await proxy.metrics()).get('sniproxy_quic_moves_total{by="id"}'), 2);
  });

  test('what nothing is known of is counted, dropped and opens nothing, when there are many backends', async (t) => {
    const proxy = await startQuicProxy(t, routeTo('a.test', 9, 10, 11));
    const before = proxy.fds();
    const client = await speaker(t);
    client.send(proxy.quicPort, short(randomId()), Buffer.alloc(0), Buffer.from([0x80]), fromServer(randomId(), randomId(), { size: 100 }));
    await until(
      'they are dropped',
      async () => (await dropped(proxy, 'unknown_connection')) === 2 && (await dropped(proxy, 'malformed')) === 2,
    );
    await until('no descriptor is held', () => proxy.fds() <= before);
    assert.equal((await proxy.metrics()).get('sniproxy_accepted_total'), 0);
  });

  test('what nothing is known of is offered to one or two backends, and ends as quic_unknown when they do not know it', async (t) => {
    const backend = await speaker(t);
    const proxy = await startQuicProxy(t, `timeouts: { connect: 2 }\n${routeTo('a.test', backend.port)}`);
    const client = await speaker(t);
    const stray = short(randomId(), 100);
    client.send(proxy.quicPort, stray);
    await until('it is offered', () => backend.has(stray));
    // A stateless reset is of use to the client, and no sign that the connection lives.
    backend.send(backend.got[0]?.port ?? 0, short(randomId(), 40));
    await until('the client has the reset', () => client.got.length === 1);
    await until('it is over', async () => refused(await proxy.metrics(), 'quic_unknown') === 1);
    assert.equal(await flows(proxy), 0);
  });

  test('a backend that is silent is left for the next, which gets the whole first flight', async (t) => {
    const [silent, backend] = [await speaker(t), await speaker(t)];
    const proxy = await startQuicProxy(t, `timeouts: { connect: 1 }\n${routeTo('a.test', silent.port, backend.port)}`);
    const client = await speaker(t);
    const packets = initials('a.test', { dcid: randomId() });
    client.send(proxy.quicPort, ...packets);
    await until('the second has it all', () => packets.every((packet) => backend.has(packet)));
    assert.ok(packets.every((packet) => silent.has(packet)));
    backend.send(backend.got[0]?.port ?? 0, fromServer(Buffer.alloc(0), randomId()));
    await until('its answer arrives', () => client.got.length === 1);
    // It is remembered: the next connection begins with the one that answers.
    silent.got.length = 0;
    client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    await until('the next has come', () => backend.got.length === 4);
    assert.equal(silent.got.length, 0);
  });

  test('none that answers is connect_timeout', async (t) => {
    const silent = await speaker(t);
    const proxy = await startQuicProxy(t, `timeouts: { connect: 0.3 }\n${routeTo('a.test', silent.port)}`);
    const client = await speaker(t);
    client.send(proxy.quicPort, ...initials('a.test', { dcid: randomId() }));
    await until('it is over', async () => closed(await proxy.metrics(), 'connect_timeout') === 1);
    assert.equal((await proxy.metrics()).get('sniproxy_errors_total{error_type="connect_timeout",protocol="quic"}'), 1);
  });
});
