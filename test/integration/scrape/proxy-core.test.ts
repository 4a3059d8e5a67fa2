import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { member, probeOf, rig } from './rig.ts';

const CLI = path.join(import.meta.dirname, '../../../proxy-core/src/cli.ts');

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A real proxy with its pool on. */
async function startProxy(t: TestContext) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-proxy-'));
  const [proxyPort, metricsPort] = [await freePort(), await freePort()];
  const config = `listen_addrs: ["127.0.0.1:${proxyPort}"]
timeouts: { connect: 5, client_hello: 5, idle: 300 }
metrics: { enabled: true, address: "127.0.0.1:${metricsPort}" }
connection_pool: { enabled: true }
`;
  const configPath = path.join(dir, 'config.yaml');
  fs.writeFileSync(configPath, config);
  const child = spawn(process.execPath, [CLI, '-c', configPath], { stdio: 'ignore' });
  t.after(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    pid: child.pid ?? 0,
    proxyPort,
    url: `http://127.0.0.1:${metricsPort}/metrics`,
    sha256: createHash('sha256').update(config).digest('hex'),
  };
}

test('a real proxy is read as it is: fds, limit, start, pool, config, connections', async (t) => {
  const proxy = await startProxy(t);
  const r = rig(t, { members: [member({ via: 'http', url: proxy.url })], intervalMs: 200 });
  r.state.probe = () => probeOf({ mainPid: proxy.pid, processStartMs: null, configSha256: null });
  r.scraper.start();
  const health = () => r.scraper.health('n_1');
  await until('up', () => health().state === 'up');
  const fds = () => fs.readdirSync(`/proc/${proxy.pid}/fd`).length;
  await until('the sample agrees with /proc', () => Math.abs((r.samples.at(-1)?.openFds ?? 0) - fds()) <= 2);
  const sample = r.samples.at(-1);
  assert.ok(sample);
  const limit = Number(/^Max open files\s+(\d+)/m.exec(fs.readFileSync(`/proc/${proxy.pid}/limits`, 'utf8'))?.[1]);
  assert.equal(sample.fdLimit, limit);
  assert.ok(Math.abs((sample.processStart ?? 0) - Date.now()) < 60_000);
  for (const key of [
    'connectionsActive',
    'connectionsStale',
    'withoutBackend',
    'poolActive',
    'poolIdle',
    'baselineFds',
    'acceptedTotal',
  ] as const)
    assert.ok(sample[key] !== null, key);
  for (const key of ['refusedTotal', 'bytesTotal', 'errorsTotal', 'rssBytes', 'cpuSeconds', 'eventLoopLagSeconds'] as const)
    assert.ok(sample[key] !== null, key);
  assert.equal(health().pool.enabled, true);
  assert.equal(health().configSha256, proxy.sha256);
  assert.equal(health().drill, null);
  assert.match(health().version ?? '', /^\d+\.\d+\.\d+/);

  const clients = Array.from({ length: 5 }, () => net.connect(proxy.proxyPort, '127.0.0.1').on('error', () => undefined));
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  await until(
    'five more connections',
    () => (r.samples.at(-1)?.acceptedTotal ?? 0) === 5 && (r.samples.at(-1)?.openFds ?? 0) >= (sample.openFds ?? 0) + 5,
  );
});
