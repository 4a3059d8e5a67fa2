import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import { HeadroomError } from '#server/kernel/errors.ts';
import { until } from '#test/support/until.ts';
import { member, metricsServer, pageOf, probeOf, rig, serving, sshFails } from './rig.ts';

const health = (r: ReturnType<typeof rig>) => r.scraper.health('n_1');

describe('a node with a metrics page', () => {
  test('one sample a reading, with the figures of the page, and an event for each', async (t) => {
    let fds = 100;
    const server = await metricsServer(
      t,
      serving(() => pageOf({ process_open_fds: fds++, sniproxy_pool_enabled: 1 })),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.scraper.start();
    await until('five samples', () => r.samples.length >= 5);
    assert.deepEqual(
      r.samples.map((s) => s.openFds),
      r.samples.map((_, i) => 100 + i),
    );
    assert.equal(r.samples[0]?.processStart, 1_700_000_000_000);
    assert.equal(r.samples[0]?.source, 'http');
    const events = r.events.filter((e) => e.type === 'fleet.sample');
    assert.equal(events.length, r.samples.length);
    assert.deepEqual([events[0]?.values.openFds, events[0]?.at], [100, r.samples[0]?.at]);
    assert.equal(server.connections(), 1, 'the connection is kept between readings');
    const { state, reason, ready, pool, configSha256 } = health(r);
    assert.deepEqual({ state, reason, ready, pool }, { state: 'up', reason: null, ready: true, pool: { enabled: true } });
    assert.equal(configSha256, 'aa'.repeat(32));
  });

  test('SSH that fails while metrics live is degraded, with the cause, and up again soon after it answers', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.state.probe = sshFails('ssh.host-key-changed', 'The host key of edge-1 changed: pinned SHA256:a, offered SHA256:b');
    r.scraper.start();
    await until('degraded', () => health(r).state === 'degraded');
    assert.match(health(r).reason ?? '', /host key of edge-1 changed/);
    assert.equal(health(r).sshError?.code, 'ssh.host-key-changed');
    r.state.probe = () => probeOf();
    r.scraper.nudge('n_1');
    await until('up', () => health(r).state === 'up');
    assert.equal(health(r).sshError, null);
  });

  test('one SSH timeout is doubted, the second is believed', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.scraper.start();
    await until('up', () => health(r).state === 'up' && r.state.probes > 0);
    r.state.probe = sshFails('ssh.timeout', 'SSH to 127.0.0.1:22 did not answer within 8 s');
    const before = r.state.probes;
    r.scraper.nudge('n_1');
    await until('a first timeout', () => r.state.probes > before);
    assert.equal(health(r).state, 'up');
    await until('degraded', () => health(r).state === 'degraded');
    assert.match(health(r).reason ?? '', /did not answer within 8 s/);
  });

  test('/ready that is not 200 is degraded and says what it said', async (t) => {
    const server = await metricsServer(
      t,
      serving(
        () => pageOf({}),
        () => ({ status: 503, body: '{"ready":false,"reason":"draining"}' }),
      ),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.scraper.start();
    await until('degraded', () => health(r).state === 'degraded');
    assert.match(health(r).reason ?? '', /draining/);
    server.answer(serving(() => pageOf({})));
    await until('up', () => health(r).state === 'up');
  });

  test('a failed reload is degraded', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({ sniproxy_config_reload_failed: 1 })),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.scraper.start();
    await until('degraded', () => health(r).state === 'degraded');
    assert.match(health(r).reason ?? '', /reload failed/);
  });

  test('a page that dies while SSH lives is scrape-blind: fds are counted over SSH at once, and the page is taken up again', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.state.probe = () => probeOf({ openFds: 8190 });
    r.scraper.start();
    await until('up', () => health(r).state === 'up' && r.state.probes > 0);
    await server.close();
    await until('a count over SSH', () => r.samples.at(-1)?.source === 'ssh-proc');
    assert.equal(r.samples.at(-1)?.openFds, 8190);
    assert.equal(r.samples.at(-1)?.processStart, 1_700_000_000_000, 'both sources agree on the process life');
    assert.equal(r.samples.at(-1)?.connectionsActive, null);
    assert.equal(health(r).state, 'scrape-blind');
    assert.match(health(r).reason ?? '', /refused the connection/);
    await server.listen();
    await until('up', () => health(r).state === 'up');
    assert.equal(r.samples.at(-1)?.source, 'http');
  });

  test('neither page nor SSH is down, with both causes; up again soon after both answer', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    await server.close();
    r.state.probe = sshFails('ssh.unreachable', 'SSH to 127.0.0.1:22 was refused: nothing listens on that port');
    r.scraper.start();
    await until('down', () => health(r).state === 'down');
    assert.match(health(r).reason ?? '', /refused the connection.*SSH to 127.0.0.1:22 was refused/);
    assert.equal(r.samples.length, 0, 'a gap stays a gap');
    await server.listen();
    r.state.probe = () => probeOf();
    await until('the page is back', () => health(r).state === 'degraded' || health(r).state === 'up');
  });

  test('what comes back together is seen together: a page that answers again makes SSH be asked at once', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.state.probe = sshFails('ssh.unreachable', 'SSH to 127.0.0.1:22 was refused: nothing listens on that port');
    await server.close();
    r.scraper.start();
    await until('down', () => health(r).state === 'down');
    r.state.probe = () => probeOf();
    await server.listen();
    await until('up', () => health(r).state === 'up', { timeoutMs: 3000 });
  });

  test('a page without fds gets them from the probe: one sample a probe, both halves in it', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => 'sniproxy_connections_active 40\nsniproxy_connections_total{protocol="unknown",status="success"} 60\n'),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.state.probe = () => probeOf({ openFds: 97 });
    r.scraper.start();
    await until('up', () => health(r).state === 'up' && r.state.probes > 0);
    r.scraper.nudge('n_1');
    await until('a sample', () => r.samples.length > 0);
    const [first] = r.samples;
    assert.deepEqual(
      [first?.openFds, first?.fdLimit, first?.connectionsActive, first?.acceptedTotal, first?.source],
      [97, 8192, 40, 100, 'http'],
    );
    assert.equal(first?.processStart, 1_700_000_000_000);
  });

  test('a restart shows as another process life at the next reading', async (t) => {
    let start = 1_700_000_000;
    const server = await metricsServer(
      t,
      serving(() => pageOf({ process_start_time_seconds: start })),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })] });
    r.scraper.start();
    await until('samples', () => r.samples.length >= 2);
    start += 60;
    await until('the new life', () => r.samples.at(-1)?.processStart === start * 1000);
    start += 1;
    const before = r.samples.length;
    await until('two more samples', () => r.samples.length >= before + 2);
    assert.equal(r.samples.at(-1)?.processStart, (start - 1) * 1000, 'a second of rounding is no restart');
  });
});

describe('a node without a metrics page', () => {
  test('is judged and counted over SSH alone', async (t) => {
    const r = rig(t, { members: [member({ via: 'none' })] });
    r.scraper.start();
    await until('a sample', () => r.samples.length > 0);
    assert.deepEqual([r.samples[0]?.source, r.samples[0]?.openFds], ['ssh-proc', 100]);
    assert.deepEqual([health(r).state, health(r).reason], ['up', null]);
    r.state.probe = () => probeOf({ mainPid: null, activeState: 'failed', subState: 'failed', openFds: null });
    r.scraper.nudge('n_1');
    await until('degraded', () => health(r).state === 'degraded');
    assert.match(health(r).reason ?? '', /unit sniproxy has no process \(failed, failed\)/);
    r.state.probe = sshFails('ssh.unreachable', 'SSH to 127.0.0.1:22 was refused');
    r.scraper.nudge('n_1');
    await until('down', () => health(r).state === 'down');
  });
});

describe('metrics through the SSH session', () => {
  const tunnel = (channels: net.Socket[]) => (to: { host: string; port: number }) =>
    new Promise<net.Socket>((resolve, reject) => {
      const socket = net.connect(to.port, to.host, () => resolve(socket));
      socket.on('error', reject);
      channels.push(socket);
    });

  test('one channel is kept for all readings, and made anew once it is closed', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const channels: net.Socket[] = [];
    const r = rig(t, { members: [member({ via: 'ssh', url: server.url })], openTcp: tunnel(channels) });
    r.scraper.start();
    await until('four samples', () => r.samples.length >= 4);
    assert.equal(r.samples[0]?.source, 'ssh-metrics');
    assert.equal(channels.length, 1);
    channels[0]?.destroy();
    const before = r.samples.length;
    await until('more samples', () => r.samples.length >= before + 3);
    assert.equal(channels.length, 2);
    assert.equal(health(r).state, 'up');
  });

  test('a session that cannot be had is down with its own words, once', async (t) => {
    const r = rig(t, {
      members: [member({ via: 'ssh', url: 'http://127.0.0.1:9/metrics' })],
      openTcp: async () => sshFails('ssh.unreachable', 'SSH to 127.0.0.1:22 was refused')(),
    });
    r.state.probe = sshFails('ssh.unreachable', 'SSH to 127.0.0.1:22 was refused');
    r.scraper.start();
    await until('down', () => health(r).state === 'down');
    assert.equal(health(r).reason, 'SSH to 127.0.0.1:22 was refused');
  });
});

describe('a node that forwards no connections', () => {
  const prohibited = async () => {
    const cause = Object.assign(new Error('(SSH) Channel open failure: open failed'), { reason: 1 });
    throw new HeadroomError('ssh.command-failed', 'edge-1 refused a connection to 127.0.0.1:9090', { cause });
  };
  const answer = (exitCode: number, stdout: string, stderr = '') => ({
    ...{ exitCode, stdout: Buffer.from(stdout), stderr, cut: false, firstOutputAt: 0 },
    receipt: { command: 'curl', exitCode, raw: '', sha256: '', at: 0, durationMs: 1 },
  });
  const url = 'http://127.0.0.1:9090/metrics';

  test('gives its page by curl on the node', async (t) => {
    const commands: string[] = [];
    const exec = (command: string) => {
      commands.push(command);
      return answer(0, `@headroom\n${pageOf({ process_open_fds: 55 })}`);
    };
    const r = rig(t, { members: [member({ via: 'ssh', url })], openTcp: prohibited, exec });
    r.scraper.start();
    await until('a sample', () => r.samples.length > 0);
    assert.deepEqual([r.samples[0]?.openFds, r.samples[0]?.source, commands[0]], [55, 'ssh-metrics', `curl -sS ${url}`]);
    await until('up', () => health(r).state === 'up');
  });

  test('and has no curl either: fds are counted over SSH, and it says both', async (t) => {
    const exec = () => answer(127, '@headroom\n', '/bin/sh: curl: not found');
    const r = rig(t, { members: [member({ via: 'ssh', url })], openTcp: prohibited, exec });
    r.scraper.start();
    await until('a count', () => r.samples[0]?.source === 'ssh-proc');
    assert.equal(health(r).state, 'scrape-blind');
    assert.match(health(r).reason ?? '', /forwards no connections .*curl: not found/);
  });
});

describe('the registry is followed', () => {
  test('added nodes are read, removed ones no more, moved ones at their new place', async (t) => {
    const one = await metricsServer(
      t,
      serving(() => pageOf({ process_open_fds: 1 })),
    );
    const two = await metricsServer(
      t,
      serving(() => pageOf({ process_open_fds: 2 })),
    );
    const r = rig(t, { members: [] });
    r.scraper.start();
    r.state.members = [member({ via: 'http', url: one.url })];
    r.changed();
    await until('the first place', () => r.samples.at(-1)?.openFds === 1);
    r.state.members = [member({ via: 'http', url: two.url }, { version: 2 })];
    r.changed();
    await until('the second place', () => r.samples.at(-1)?.openFds === 2);
    r.state.members = [];
    r.changed();
    await until('gone', () => health(r).state === 'unknown');
  });

  test('a node never asked is unknown', (t) => {
    const r = rig(t, { members: [] });
    assert.deepEqual([health(r).state, health(r).lastSample], ['unknown', null]);
  });

  test('focus reads more often until its time is over', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => pageOf({})),
    );
    const r = rig(t, { members: [member({ via: 'http', url: server.url })], intervalMs: 60_000 });
    r.scraper.start();
    await until('a first sample', () => r.samples.length === 1);
    r.scraper.focus('n_1', Date.now() + 10_000);
    await until('a second', () => r.samples.length >= 2, { timeoutMs: 3000 });
    await until('a third', () => r.samples.length >= 3, { timeoutMs: 4000 });
  });
});

test('stopping ends readings that hang, at once', async (t) => {
  const server = await metricsServer(t, () => undefined);
  const r = rig(t, { members: [member({ via: 'http', url: server.url })], intervalMs: 60_000 });
  r.scraper.start();
  await until('a request hangs', () => server.connections() === 1);
  const startedAt = performance.now();
  await r.scraper.stop();
  assert.ok(performance.now() - startedAt < 1000);
});
