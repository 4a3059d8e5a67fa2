import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { closed, refused, suiteOwner, tempDir } from './harness.ts';
import { fetchByQuic, type QuicProxy, quicCertificate, sha256, startCaddy, startNgtcp2, startQuicProxy } from './quic-parts.ts';
import { badWire } from './quic-wire.ts';

const SMALL = Buffer.from('served over HTTP/3\n');
const BIG = randomBytes(12_000_000);
const flows = async (proxy: QuicProxy) => (await proxy.metrics()).get('sniproxy_quic_flows{phase="tunnel"}') ?? 0;
const moves = async (proxy: QuicProxy, by: 'id' | 'guess') => (await proxy.metrics()).get(`sniproxy_quic_moves_total{by="${by}"}`) ?? 0;

describe('ngtcp2 as the client of real servers', () => {
  const owner = suiteOwner();
  const root = tempDir(owner);
  fs.writeFileSync(path.join(root, 'small.txt'), SMALL);
  fs.writeFileSync(path.join(root, 'big.bin'), BIG);
  const pair = quicCertificate(owner, ['localhost']);
  const proxies = new Map<string, QuicProxy>();
  const throughTo = (name: string): QuicProxy => {
    const proxy = proxies.get(name);
    if (proxy === undefined) throw new Error(`no proxy before ${name}`);
    return proxy;
  };
  const gets = async (proxy: QuicProxy, flags: readonly string[], file = 'big.bin', seconds = 20) => {
    const got = await fetchByQuic(owner, proxy.quicPort, file, { flags, seconds });
    assert.equal(sha256(got), sha256(file === 'big.bin' ? BIG : SMALL), `${got?.length ?? 0} bytes came`);
  };

  before(async () => {
    const [caddy, ngtcp2, retrying] = await Promise.all([
      startCaddy(owner, { names: ['localhost'], root, ...pair }),
      startNgtcp2(owner, { root, ...pair }),
      startNgtcp2(owner, { root, ...pair }, ['--validate-addr']),
    ]);
    for (const [name, { port }] of Object.entries({ caddy, ngtcp2, retrying }))
      proxies.set(name, await startQuicProxy(owner, `routes: [{ match: localhost, backends: ["127.0.0.1:${port}"] }]\n`));
  });

  for (const server of ['caddy', 'ngtcp2']) {
    test(`${server}: a page and 12 MB come unchanged`, async () => {
      await gets(throughTo(server), [], 'small.txt');
      await gets(throughTo(server), []);
    });

    test(`${server}: with one datagram in 20 lost each way, 12 MB still come`, () => gets(throughTo(server), ['-t', '0.05', '-r', '0.05']));

    test(`${server}: the client's keys change, its own ids are empty, 0-RTT comes with the hello`, async () => {
      const dir = tempDir(owner);
      const session = [`--session-file=${dir}/session`, `--tp-file=${dir}/parameters`];
      await gets(throughTo(server), ['--key-update=20ms', '--scid=', ...session]);
      await gets(throughTo(server), session, 'small.txt');
    });

    test(`${server}: a NAT gives the client another port: its connection id leads it home`, async () => {
      const before = await moves(throughTo(server), 'id');
      await gets(throughTo(server), ['--change-local-addr=50ms', '--nat-rebinding', '--delay-stream=400ms']);
      assert.equal(await moves(throughTo(server), 'id'), before + 1);
    });
  }

  test('a wire that loses, doubles and reorders datagrams, the first ones too: 12 MB come unchanged', async () => {
    const wire = await badWire(owner, throughTo('ngtcp2').quicPort, { lost: 0.02, doubled: 0.05, late: 0.1 });
    const got = await fetchByQuic(owner, wire.port, 'big.bin', { seconds: 40 });
    assert.equal(sha256(got), sha256(BIG));
    assert.ok(wire.did.lost > 50 && wire.did.doubled > 100 && wire.did.late > 200, JSON.stringify(wire.did));
  });

  test('the client migrates in the middle of a transfer, with an id that nobody but its server knows', async () => {
    const before = await moves(throughTo('ngtcp2'), 'guess');
    await gets(throughTo('ngtcp2'), ['--change-local-addr=50ms', '--delay-stream=40ms', '-r', '0.02']);
    assert.equal(await moves(throughTo('ngtcp2'), 'guess'), before + 1);
  });

  test('a server that asks for a Retry first gets its token back', () => gets(throughTo('retrying'), []));

  test('the proxy is restarted under an open connection: with few backends it finds its way again', async () => {
    const { port } = await startNgtcp2(owner, { root, ...pair });
    const routes = `routes: [{ match: localhost, backends: ["127.0.0.1:${port}"] }]\nshutdown_timeout: 0\n`;
    const first = await startQuicProxy(owner, routes);
    const got = fetchByQuic(owner, first.quicPort, 'big.bin', { flags: ['--delay-stream=3s'] });
    await until('the connection is open', async () => (await flows(first)) === 1);
    first.signal('SIGTERM');
    assert.deepEqual(await first.exited, { code: 0, signal: null });
    const second = await startQuicProxy(owner, routes, { quicPort: first.quicPort });
    assert.equal(sha256(await got), sha256(BIG));
    assert.equal(await moves(second, 'guess'), 1);
  });

  test('a version that the proxy does not know goes to default_backend, which answers for itself', async () => {
    const { port } = await startNgtcp2(owner, { root, ...pair });
    const proxy = await startQuicProxy(owner, `default_backend: "127.0.0.1:${port}"\nroutes: []\n`);
    // 0x709a50c4 is a draft of version 2 that the parts of ngtcp2 both speak.
    await gets(proxy, ['-v', '0x709a50c4'], 'small.txt');
    await gets(proxy, ['-v', '0x1a2a3a4a', '--preferred-versions=v1'], 'small.txt');
    const without = throughTo('caddy');
    assert.equal(await fetchByQuic(owner, without.quicPort, 'small.txt', { flags: ['-v', '0x709a50c4'], seconds: 1 }), null);
    assert.equal(refused(await without.metrics(), 'unknown_version'), 1, 'counted once, however often the client sends it');
  });

  test('a backend that nobody listens on is left for the next at once, and counted when there is none', async () => {
    const { port } = await startNgtcp2(owner, { root, ...pair });
    const dead = await startNgtcp2(owner, { root, ...pair });
    await dead.stop();
    const proxy = await startQuicProxy(
      owner,
      `routes: [{ match: localhost, backends: ["127.0.0.1:${dead.port}", "127.0.0.1:${port}"] }]\n`,
    );
    await gets(proxy, [], 'small.txt');
    const alone = await startQuicProxy(owner, `routes: [{ match: localhost, backends: ["127.0.0.1:${dead.port}"] }]\n`);
    assert.equal(await fetchByQuic(owner, alone.quicPort, 'small.txt', { seconds: 1 }), null);
    const metrics = await alone.metrics();
    assert.ok((closed(metrics, 'connect_refused') ?? 0) >= 1);
    assert.equal(metrics.get('sniproxy_fds{kind="upstream"}'), 0);
  });
});
