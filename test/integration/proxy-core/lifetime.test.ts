import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import { before, describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { helloFor } from '../../unit/proxy-core/hello-bytes.ts';
import {
  backend,
  blackHole,
  CLI,
  type Client,
  closed,
  connect,
  type RunningProxy,
  refused,
  request,
  startProxy,
  suiteOwner,
} from './harness.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** How much later than its deadline something may be seen on a busy machine. */
const LATE_MS = 15_000;
const elapsed = (since: number) => Date.now() - since;

/** What the backends of this file do, by the name that is asked for. */
const SERVE: Record<string, (socket: net.Socket) => void> = {
  // answers and keeps the connection, like any keep-alive server
  'keep.test': (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()),
  // answers only after the client has finished
  'after-eof.test': (socket) => socket.resume().on('end', () => socket.end(`${RESPONSE}late`)),
  // answers and finishes first
  'first.test': (socket) => socket.once('data', () => socket.end(RESPONSE)).resume(),
  // reads and never says anything, not even goodbye
  'silent.test': (socket) => socket.resume(),
  // sends a little again and again
  'ticking.test': (socket) => {
    const timer = setInterval(() => socket.write('.'), 100);
    socket.resume().on('close', () => clearInterval(timer));
  },
  'flood.test': (socket) => {
    const chunk = Buffer.alloc(65_536, 1);
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.once('data', more).on('drain', more).resume();
  },
  'reset.test': (socket) => socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), 50)).resume(),
  // never reads
  'deaf.test': (socket) => socket.pause(),
};

/** Each way that bytes can take through the proxy: sockets by their handle, those that are pooled, and streams where Node does not offer handles. */
const WAYS = [
  { way: 'by handles', pool: false, node: [] },
  { way: 'by handles, pool on', pool: true, node: [] },
  { way: 'by streams', pool: false, node: ['--import', 'data:text/javascript,process.binding=undefined'] },
];
for (const { way, pool, node } of WAYS)
  describe(`the life of a connection, ${way}`, { concurrency: 12 }, () => {
    const owner = suiteOwner();
    let proxy: RunningProxy;
    const sockets = new Map<string, Set<net.Socket>>();

    before(async () => {
      const hole = await blackHole(owner);
      const routes: string[] = [];
      for (const [name, serve] of Object.entries(SERVE)) {
        const server = await backend(owner, serve);
        sockets.set(name, server.sockets);
        routes.push(`  - { match: ${name}, backends: ["127.0.0.1:${server.port}"] }`);
      }
      proxy = await startProxy(
        owner,
        `timeouts: { connect: 2, client_hello: 3, idle: 3, half_close: 2, stalled_write: 2 }
connection_pool: { enabled: ${pool} }
routes:
${routes.join('\n')}
  - { match: black.test, backends: ["127.0.0.1:${hole}"] }`,
        { command: [process.execPath, ...node, CLI] },
      );
      assert.equal(/does not offer/.test(proxy.output.stderr), way === 'by streams');
    });

    const ask = async (name: string): Promise<Client> => {
      const client = await connect(owner, proxy.port);
      client.socket.write(request(name));
      return client;
    };
    const lineOf = (name: string) => proxy.connections().find((line) => line.name === name);
    /** a deadline was kept: not early, and not later than a busy machine explains */
    const at = (since: number, deadlineMs: number) =>
      assert.ok(elapsed(since) >= deadlineMs - 50 && elapsed(since) < deadlineMs + LATE_MS, `${elapsed(since)} ms`);
    const gone = (client: Client, timeoutMs: number) =>
      until('the connection is closed', () => client.state.ended || client.state.closed, { timeoutMs });

    test('a client that finishes after its request still gets the reply, and the backend sees its end', async () => {
      const client = await ask('after-eof.test');
      client.socket.end();
      await client.over();
      assert.equal(client.text(), `${RESPONSE}late`);
      assert.equal(client.state.error, '');
    });

    test('a client that finishes right behind its hello does so too, over TLS', async () => {
      const client = await connect(owner, proxy.port);
      client.socket.end(helloFor('after-eof.test'));
      await client.over();
      assert.equal(client.text(), `${RESPONSE}late`);
    });

    test('a backend that finishes first: the client sees the end, not a deadline', async () => {
      const client = await ask('first.test');
      await client.over();
      assert.equal(client.text(), RESPONSE);
      client.socket.end();
      await until('the backend is let go', () => sockets.get('first.test')?.size === 0);
      await until('it ended for no other reason', () => lineOf('first.test')?.reason === 'closed');
    });

    test('a client that finishes and a backend that never does are parted at timeouts.half_close', async () => {
      const client = await ask('silent.test');
      const since = Date.now();
      client.socket.end();
      await gone(client, 30_000);
      at(since, 2000);
    });

    test('a transfer in one direction outlives timeouts.idle and half_close', async () => {
      const since = Date.now();
      const open = await ask('ticking.test');
      const half = await ask('ticking.test');
      half.socket.end();
      await until(
        'ticks for longer than both',
        () => elapsed(since) > 5000 && Math.min(open.received().length, half.received().length) > 20,
        { timeoutMs: 15_000 },
      );
      open.socket.destroy();
      half.socket.destroy();
    });

    test('a tunnel that is silent both ways is cut at timeouts.idle', async () => {
      const since = Date.now();
      const client = await ask('keep.test');
      await until('the reply is there', () => client.text() === RESPONSE);
      await gone(client, 30_000);
      at(since, 3000);
    });

    test('slow headers, a slow hello and a silent client are closed at one deadline', async () => {
      const since = Date.now();
      const slow = await connect(owner, proxy.port);
      const hello = await connect(owner, proxy.port);
      const silent = await connect(owner, proxy.port);
      const bytes = helloFor('keep.test');
      const feeding = setInterval(() => {
        if (!slow.state.closed) slow.socket.write('X: y\r\n');
        if (!hello.state.closed) hello.socket.write(bytes.subarray(0, 1));
      }, 100);
      slow.socket.write('GET / HTTP/1.1\r\n');
      hello.socket.write(bytes.subarray(0, 20));
      for (const client of [slow, hello, silent]) await gone(client, 30_000);
      clearInterval(feeding);
      at(since, 3000);
    });

    test('a request that dribbles in before the deadline is served', async () => {
      const client = await connect(owner, proxy.port);
      for (const byte of request('keep.test')) {
        client.socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('the reply is there', () => client.text() === RESPONSE);
      client.socket.destroy();
    });

    test('a reset of the backend reaches the client as a reset, not as an end', async () => {
      const client = await ask('reset.test');
      await until('it is closed', () => client.state.closed);
      assert.match(client.state.error, /ECONNRESET/);
    });

    test('a reset of the client reaches the backend', async () => {
      const client = await ask('ticking.test');
      await until('it is connected', () => client.received().length > 0);
      const before = sockets.get('ticking.test')?.size ?? 0;
      client.socket.resetAndDestroy();
      await until('the backend is let go', () => (sockets.get('ticking.test')?.size ?? 0) < before);
    });

    test('a client that does not read is cut at stalled_write, and memory stays bounded meanwhile', async () => {
      const client = await ask('flood.test');
      client.socket.pause();
      await until('it is counted', async () => (closed(await proxy.metrics(), 'write_stalled') ?? 0) > 0, {
        timeoutMs: 30_000,
        everyMs: 200,
      });
      const rss = (await proxy.metrics()).get('process_resident_memory_bytes') ?? 0;
      assert.ok(rss < 250 * 1024 * 1024, `${rss} bytes`);
    });

    test('a backend that does not read is cut at stalled_write', async () => {
      const client = await ask('deaf.test');
      const chunk = randomBytes(65_536);
      const more = () => {
        while (!client.socket.destroyed && client.socket.write(chunk));
      };
      client.socket.on('drain', more);
      more();
      await gone(client, 30_000);
    });

    test('a backend that does not answer is given up at timeouts.connect', async () => {
      const since = Date.now();
      const client = await ask('black.test');
      await client.over(15_000);
      assert.match(client.text(), /^HTTP\/1\.1 504 /);
      at(since, 2000);
    });

    test('a client that leaves during the dial ends it at once', async () => {
      const client = await ask('black.test');
      const gone = async () => closed(await proxy.metrics(), 'client_gone') ?? 0;
      const before = await gone();
      await until('it is dialled', async () => ((await proxy.metrics()).get('sniproxy_connections_phase{phase="dial"}') ?? 0) > 0);
      client.socket.resetAndDestroy();
      await until('it is counted', async () => (await gone()) > before, { timeoutMs: 15_000 });
    });

    test('connect and leave: no backend hears of it', async () => {
      const client = await connect(owner, proxy.port);
      client.socket.end();
      await client.over();
    });
  });

describe('a thousand connections', () => {
  const owner = suiteOwner();
  test('leave descriptors exactly at the baseline, none in CLOSE_WAIT, and every counter true', async () => {
    const keep = await backend(owner, (socket) => socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()));
    const proxy = await startProxy(
      owner,
      `connection_pool: { enabled: true }
routes:
  - { match: "*.test", backends: ["127.0.0.1:${keep.port}"] }`,
    );
    const one = async (i: number) => {
      const client = await connect(owner, proxy.port);
      client.socket.write(i % 3 === 0 ? helloFor(`n${i}.test`) : request(i % 3 === 1 ? `n${i}.test` : 'unknown.example'));
      await until('there is an answer', () => client.received().length > 0);
      if (i % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.end();
      await until('it is closed', () => client.state.closed);
    };
    for (let at = 0; at < 1000; at += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => one(at + i)));
    await until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0);
    const metrics = await proxy.metrics();
    assert.equal(metrics.get('sniproxy_accepted_total'), 1000);
    const idle = metrics.get('sniproxy_pool_size') ?? 0;
    assert.ok(idle <= 1, `${idle} idle sockets for the next client`);
    await until('every descriptor is back', () => proxy.fds() === (metrics.get('sniproxy_fd_baseline') ?? 0) + idle);
    assert.equal(
      execFileSync('/usr/bin/ss', ['-Htn', 'state', 'close-wait', `( sport = :${proxy.port} or dport = :${keep.port} )`], {
        encoding: 'utf8',
      }),
      '',
    );
    assert.equal(refused(metrics, 'no_route'), 333);
    assert.equal(metrics.get('sniproxy_protocol_distribution_total{protocol="tls"}'), 334);
    for (const kind of ['client', 'upstream']) assert.equal(metrics.get(`sniproxy_fds{kind="${kind}"}`), 0);
    const hosts = [...metrics.keys()].filter((series) => series.startsWith('sniproxy_bytes_transferred_total'));
    assert.ok(hosts.length <= 2 * 101, `${hosts.length} series of bytes for 667 names`);
    const { pool } = await proxy.status();
    assert.equal(pool?.created, 333);
    assert.equal(pool?.destroyed, 333 - idle);
  });
});
