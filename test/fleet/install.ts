// By hand, as root on Debian, 1 min: `node test/fleet/install.ts`. The runbook install-proxy on a real host without a proxy: put, serving; a host that has one
// is refused and left as it was; what does not serve is taken away without a trace.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createConsole, told } from './console.ts';
import { type Host, startHosts } from './hosts.ts';
import { stepOf } from './world.ts';

process.env.FLEET_DISK ??= '600m';
const TRACES = `{ find /opt /etc/sniproxy /etc/systemd/system -path '*sniproxy*' 2>/dev/null | sort; getent passwd sniproxy; ss -ltnH | awk '{ print $4 }' | sort; }; true`;
const EMPTY = `systemctl disable --now sniproxy.service sniproxy.socket 2>/dev/null; rm -rf /etc/systemd/system/sniproxy.* /etc/systemd/system/*/sniproxy.* /opt/sniproxy /etc/sniproxy /usr/local/bin/sniproxy-server; userdel sniproxy; systemctl daemon-reload; true`;

const hosts = await startHosts([{ kind: 'bare' }, { kind: 'bare' }]);
const console_ = createConsole(hosts);
const ran: string[] = [];
try {
  await console_.start();
  for (const host of hosts.hosts) await console_.register(host);
  const [bare, full] = [hosts.host(1), hosts.host(2)];
  await hosts.exec(bare, EMPTY);
  const nothing = await hosts.exec(bare, TRACES);
  assert.doesNotMatch(nothing, /sniproxy/);

  fs.mkdirSync(console_.releases(), { recursive: true });
  const good = sha256Of(
    execFileSync(process.execPath, ['scripts/release-proxy.ts', path.join(console_.releases(), 'good.tar.gz')]).toString(),
  );
  const mute = repack(path.join(console_.releases(), 'good.tar.gz'), path.join(console_.releases(), 'mute.tar.gz'));

  const broken = await install(bare, mute);
  assert.equal(broken.status === 'succeeded', false, told(broken));
  assert.match(stepOf(broken, 'verify-install').summary, /is gone again/, told(broken));
  assert.equal(await hosts.exec(bare, TRACES), nothing, 'without a trace');
  ran.push('a release that serves nothing was taken away without a trace');

  const run = await install(bare, good);
  assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', told(run));
  const { ok, checks } = await console_.call('selfTest', console_.id(bare));
  assert.equal(ok, true, JSON.stringify(checks));
  assert.match(await hosts.exec(bare, TRACES), /0\.0\.0\.0:443/);
  assert.equal((await hosts.exec(bare, 'systemctl is-active sniproxy; systemctl is-enabled sniproxy')).trim(), 'active\nenabled');
  ran.push(`installed and serving: ${run.targets[0]?.summary}`);

  const before = await hosts.exec(full, TRACES);
  const refused = await install(full, good);
  assert.match(stepOf(refused, 'check-host').summary, /a unit sniproxy is there already/, told(refused));
  assert.equal(await hosts.exec(full, TRACES), before);
  const again = await install(bare, good);
  assert.match(stepOf(again, 'check-host').summary, /there already/, told(again));
  assert.equal((await hosts.exec(bare, 'systemctl is-active sniproxy')).trim(), 'active');
  ran.push('a host that has a proxy was refused and left as it was');
} finally {
  await console_.stop();
  await hosts.stop();
  console.log(ran.map((line) => `ok  ${line}`).join('\n'));
}

async function install(host: Host, release: string) {
  const startedAt = performance.now();
  const id = await console_.startRun({
    runbook: 'install-proxy',
    selector: `name=${host.name}`,
    strategy: { batches: [1], gates: 'auto', onFail: 'abort' },
    params: { release },
  });
  const run = await console_.ended(id, 150_000);
  console.log(`${host.name}: ${run.status}, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return run;
}

function sha256Of(said: string): string {
  const found = /^([0-9a-f]{64}) /m.exec(said)?.[1];
  assert.ok(found, said);
  return found;
}

/** The same release with a program that says it is ready and listens nowhere. */
function repack(from: string, to: string): string {
  const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'mute-release-'));
  try {
    execFileSync('tar', ['-xzf', from, '-C', tree]);
    const program =
      '#!/bin/sh\nd=$(dirname "$(readlink -f "$0")")\n[ "$1" = -t ] && exit 0\nsystemd-notify --ready\nexec "$d/node" -e "setInterval(() => {}, 1000)"\n';
    fs.writeFileSync(path.join(tree, 'bin/sniproxy-server'), program, { mode: 0o755 });
    execFileSync('tar', ['--use-compress-program=gzip -1', '-cf', to, '-C', tree, '.']);
  } finally {
    fs.rmSync(tree, { recursive: true, force: true });
  }
  return createHash('sha256').update(fs.readFileSync(to)).digest('hex');
}
