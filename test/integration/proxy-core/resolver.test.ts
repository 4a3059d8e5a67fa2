import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { dnsServer } from '#test/support/dns-server.ts';
import { h2Get } from '#test/support/h2-bytes.ts';
import { until } from '#test/support/until.ts';
import { isIpv4 } from '../../../proxy-core/src/contract/addresses.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import { exchange, refused, request, startProxy } from './harness.ts';

const REPLY = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n';

/** A backend on one address of loopback that says which it is, and counts who connected. */
async function on(t: TestContext, host: string, port = 0): Promise<{ port: number; accepted: () => number }> {
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted += 1;
    socket.on('error', () => {});
    socket.once('data', () => socket.end(`${REPLY}${host}`));
  });
  server.listen(port, host);
  await once(server, 'listening');
  t.after(() => server.close());
  const at = server.address();
  return { port: at !== null && typeof at === 'object' ? at.port : 0, accepted: () => accepted };
}

/** A port of one address that leaves dials without an answer. */
async function deaf(t: TestContext, host: string): Promise<number> {
  const program = `require('net').createServer().listen({ port: 0, host: '${host}', backlog: 1 }, function () {
    require('fs').writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  const port = Number(said);
  for (let i = 0; i < 4; i += 1) {
    const filler = net.connect({ port, host }).on('error', () => {});
    t.after(() => filler.destroy());
  }
  return port;
}

describe('asked names', () => {
  test('j: a name that resolves to what is denied is refused, in any family and spelling, and nothing is sent there', async (t) => {
    const recorder = await on(t, '127.0.0.1');
    const own = Object.values(os.networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
    const addresses: Record<string, [a: string[], aaaa: string[]]> = {
      'loop.test': [['127.0.0.1'], []],
      'six.test': [[], ['::1']],
      'mapped.test': [[], ['::ffff:7f00:1']],
      'nat64.test': [[], ['64:ff9b::7f00:1']],
      'metadata.test': [['169.254.169.254'], []],
      'private.test': [['10.0.0.1', '192.168.0.1', '172.16.0.1'], ['fd00::1']],
      'cgnat.test': [['100.64.0.1'], ['fe80::1']],
      'any.test': [['0.0.0.0'], ['::']],
      'compatible.test': [[], ['::7f00:1', '2002:7f00:1::']],
      'own.test': [own.filter(isIpv4), own.filter((address) => !isIpv4(address) && !address.includes('%'))],
    };
    const dns = await dnsServer(t, (name, type) => addresses[name]?.[type === 'A' ? 0 : 1] ?? null);
    for (const pool of [false, true]) {
      const proxy = await startProxy(t, `resolver: { servers: ["${dns.address}"] }\nconnection_pool: { enabled: ${pool} }`);
      for (const name of Object.keys(addresses)) {
        assert.match((await exchange(t, proxy.port, request(`${name}:${recorder.port}`))).toString('latin1'), /^HTTP\/1\.1 403 /, name);
        assert.match((await exchange(t, proxy.port, h2Get(`${name}:${recorder.port}`))).toString('latin1'), /403 Forbidden/, name);
        assert.equal((await exchange(t, proxy.port, helloFor(name))).toString('hex'), '15030100020231', `${name}: the alert access_denied`);
      }
      assert.equal(refused(await proxy.metrics(), 'denied_destination'), 3 * Object.keys(addresses).length);
    }
    assert.equal(recorder.accepted(), 0);
  });

  test('j, case 91: a name that changes its address between two answers never reaches the denied one: what was judged is what is dialled', async (t) => {
    const allowed = await on(t, '127.0.0.2');
    const denied = await on(t, '127.0.0.3', allowed.port);
    let turn = 0;
    const dns = await dnsServer(t, (_name, type) => {
      if (type === 'AAAA') return [];
      turn += 1;
      return [turn % 2 === 1 ? '127.0.0.2' : '127.0.0.3'];
    });
    const proxy = await startProxy(t, `deny_destinations: ["127.0.0.3"]\nresolver: { servers: ["${dns.address}"] }`);
    const answers: string[] = [];
    for (let i = 0; i < 12; i += 1)
      answers.push((await exchange(t, proxy.port, request(`rebind.test:${allowed.port}`))).toString('latin1'));
    assert.deepEqual(
      answers.map((answer) => answer.slice(9, 12)),
      Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? '200' : '403')),
    );
    assert.equal(turn, 12, 'one lookup for each connection: there is no second one between the judgement and the dial');
    assert.deepEqual([allowed.accepted(), denied.accepted()], [6, 0]);
  });

  test('case 91: of several addresses those that are denied are left out, and the others dialled', async (t) => {
    const allowed = await on(t, '127.0.0.2');
    const denied = await on(t, '127.0.0.3', allowed.port);
    const dns = await dnsServer(t, (_name, type) => (type === 'A' ? ['127.0.0.3', '127.0.0.2'] : ['::1']));
    const proxy = await startProxy(t, `deny_destinations: ["127.0.0.3", "::1"]\nresolver: { servers: ["${dns.address}"] }`);
    assert.match((await exchange(t, proxy.port, request(`both.test:${allowed.port}`))).toString('latin1'), /127\.0\.0\.2$/);
    assert.equal(denied.accepted(), 0);
  });

  test('i: a name that resolves to this proxy is refused as a loop, by any address of it', async (t) => {
    const dns = await dnsServer(t, (name, type) =>
      name === 'fleet.test' ? (type === 'A' ? ['203.0.113.9'] : []) : type === 'A' ? ['127.0.0.1'] : ['::ffff:7f00:1'],
    );
    const proxy = await startProxy(t, `deny_destinations: []\nfleet_addresses: ["203.0.113.9"]\nresolver: { servers: ["${dns.address}"] }`);
    for (const name of [`me.test:${proxy.port}`, 'fleet.test:8443'])
      assert.match((await exchange(t, proxy.port, request(name))).toString('latin1'), /^HTTP\/1\.1 421 /, name);
    assert.equal(refused(await proxy.metrics(), 'loop'), 2);
  });

  test('are asked for once within their TTL, those that do not exist too', async (t) => {
    const server = await on(t, '127.0.0.2');
    const dns = await dnsServer(t, (name, type) => (name === 'none.test' ? null : type === 'A' ? ['127.0.0.2'] : []), 60);
    const proxy = await startProxy(t, `deny_destinations: []\nresolver: { servers: ["${dns.address}"] }`);
    for (let i = 0; i < 3; i += 1) {
      assert.match((await exchange(t, proxy.port, request(`Kept.test:${server.port}`))).toString('latin1'), /^HTTP\/1\.1 200 /);
      assert.match((await exchange(t, proxy.port, request('none.test'))).toString('latin1'), /^HTTP\/1\.1 502 /);
    }
    assert.deepEqual(dns.asked.sort(), ['kept.test A', 'kept.test AAAA', 'none.test A', 'none.test AAAA']);
    assert.equal(refused(await proxy.metrics(), 'dns_failed'), 3);
  });

  test('are given up at resolver.budget when nobody answers, and a client that leaves meanwhile leaves nothing', async (t) => {
    const dns = await dnsServer(t, () => 'silence');
    const proxy = await startProxy(t, `timeouts: { connect: 20 }\nresolver: { servers: ["${dns.address}"], budget: 0.4 }`);
    const since = Date.now();
    assert.match((await exchange(t, proxy.port, request('slow.test'))).toString('latin1'), /^HTTP\/1\.1 502 /);
    assert.ok(Date.now() - since >= 390 && Date.now() - since < 18_000, `${Date.now() - since} ms`);
  });

  test('an address that does not answer costs a moment, not timeouts.connect: the next is dialled beside it', async (t) => {
    const port = await deaf(t, '127.0.0.2');
    const live = await on(t, '127.0.0.3', port);
    const dns = await dnsServer(t, (_name, type) => (type === 'A' ? ['127.0.0.2', '127.0.0.3'] : []), 60);
    const proxy = await startProxy(t, `timeouts: { connect: 30 }\ndeny_destinations: []\nresolver: { servers: ["${dns.address}"] }`);
    const since = Date.now();
    assert.match((await exchange(t, proxy.port, request(`eyeballs.test:${port}`))).toString('latin1'), /127\.0\.0\.3$/);
    assert.ok(Date.now() - since < 20_000, `${Date.now() - since} ms`);
    assert.equal(live.accepted(), 1);
    await until('the attempt that lost is closed', async () => (await proxy.metrics()).get('sniproxy_fds{kind="upstream"}') === 0);
  });

  test('names of /etc/hosts are known without DNS', async (t) => {
    const server = await on(t, '127.0.0.1');
    const dns = await dnsServer(t, () => null);
    const proxy = await startProxy(
      t,
      `deny_destinations: []\nresolver: { servers: ["${dns.address}"] }\nroutes: [{ match: a.test, backends: ["localhost:${server.port}"] }]`,
    );
    assert.match((await exchange(t, proxy.port, request('a.test'))).toString('latin1'), /127\.0\.0\.1$/);
    assert.deepEqual(dns.asked, []);
  });
});
