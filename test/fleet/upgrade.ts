import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '#test/support/until.ts';
import { told } from './console.ts';
import type { Fault } from './faults.ts';
import type { Host } from './hosts.ts';
import { CONFIRM, isActive, starts, stepOf, type World } from './world.ts';

const DROP_IN = '/etc/systemd/system/sniproxy.service.d/release.conf';
const END_MS = 120_000;

/** As scripts/release-proxy.ts makes one; packed less well, in a third of the time. `launcher`: what the unit starts. */
function packRelease(world: World, name: string, launcher: string, withNode: boolean): string {
  const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'fleet-release-'));
  const file = path.join(world.console.releases(), `${name}.tar.gz`);
  try {
    for (const dir of ['bin', 'lib']) fs.mkdirSync(path.join(tree, dir));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (withNode) {
      fs.copyFileSync(process.execPath, path.join(tree, 'bin/node'));
      fs.copyFileSync(path.join(world.hosts.skel, 'opt/sniproxy/sniproxy-server.mjs'), path.join(tree, 'lib/sniproxy-server.mjs'));
    }
    fs.writeFileSync(path.join(tree, 'bin/sniproxy-server'), `#!/bin/sh\n${launcher}\n`, { mode: 0o755 });
    const manifest: unknown = JSON.parse(fs.readFileSync(path.resolve(import.meta.dirname, '../../proxy-core/package.json'), 'utf8'));
    const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '0';
    fs.writeFileSync(path.join(tree, 'VERSION'), `${withNode ? version : '99.0.0'}\n`);
    execFileSync('tar', ['--use-compress-program=gzip -1', '-cf', file, '-C', tree, '.']);
  } finally {
    fs.rmSync(tree, { recursive: true, force: true });
  }
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

const GOOD = 'd=$(dirname "$(readlink -f "$0")")\nexec "$d/node" --max-old-space-size=64 "$d/../lib/sniproxy-server.mjs" "$@"';

/** The steps of docs/prepared-nodes.md, with the program that is there as the first release. */
async function readyForUpgrades(world: World, host: Host): Promise<void> {
  await world.hosts.exec(
    host,
    `set -e; R=/opt/sniproxy
mkdir -p $R/releases/first/bin && cp /usr/local/bin/sniproxy-server $R/releases/first/bin/ && echo first > $R/releases/first/VERSION
ln -sfn releases/first $R/current
mkdir -p ${path.dirname(DROP_IN)}
printf '%s\\n' '[Service]' ExecStart= 'ExecStart=/opt/sniproxy/current/bin/sniproxy-server -c /etc/sniproxy/config.yaml --drill \${SNIPROXY_DRILL}' > ${DROP_IN}
systemctl daemon-reload; systemctl restart sniproxy`,
  );
  await until(`${host.name} serves from its first release`, () => isActive(world, host));
}

async function asBefore(world: World, host: Host): Promise<void> {
  await world.hosts.exec(
    host,
    `rm -rf ${DROP_IN} /opt/sniproxy/releases /opt/sniproxy/current; systemctl daemon-reload; systemctl restart sniproxy`,
  );
}

const upgrade = (host: Host, release: string) => ({
  runbook: 'upgrade-proxy',
  selector: `name=${host.name}`,
  strategy: { batches: [1], gates: 'auto' as const, confirmSeconds: CONFIRM, onInconclusive: 'continue' as const },
  params: { release },
});

async function upgraded(world: World, host: Host, release: string) {
  const run = await world.console.ended(await world.console.startRun(upgrade(host, release)), END_MS);
  return { run, why: told(run) };
}

const program = async (world: World, host: Host): Promise<string> =>
  (await world.hosts.exec(host, 'readlink /proc/$(systemctl show -p MainPID --value sniproxy)/exe; readlink /opt/sniproxy/current')).trim();

const goodVersion: Fault = {
  name: 'the proxy is upgraded to a version that works',
  kept: 'one restart; the process is a file of the new release, the first one lies beside it',
  kinds: ['prepared'],
  async run(world, host) {
    await readyForUpgrades(world, host);
    try {
      const sha256 = packRelease(world, 'good', GOOD, true);
      const before = await starts(world, host);
      const { run, why } = await upgraded(world, host, sha256);
      assert.equal(`${run.status}, ${run.verdict}`, 'succeeded, pass', why);
      assert.equal(await program(world, host), `/opt/sniproxy/releases/${sha256}/bin/node\nreleases/${sha256}`);
      assert.equal((await starts(world, host)) - before, 1, 'one restart');
      assert.equal((await world.hosts.exec(host, 'cat /opt/sniproxy/releases/first/VERSION')).trim(), 'first');
    } finally {
      await asBefore(world, host);
    }
  },
};

const badVersion: Fault = {
  name: 'the proxy is upgraded to a version that does not start',
  kept: 'the run fails, and the host is back on the version before, serving, by itself',
  kinds: ['prepared'],
  async run(world, host) {
    await readyForUpgrades(world, host);
    try {
      const was = await program(world, host);
      const sha256 = packRelease(world, 'bad', 'echo "this version does not start" >&2; exit 1', false);
      const { run, why } = await upgraded(world, host, sha256);
      assert.ok(['failed', 'rolled-back'].includes(run.status), why);
      assert.equal(stepOf(run, 'switch-release').status, 'succeeded', why);
      await until(
        `${host.name} serves with the version before`,
        async () => (await program(world, host)) === was && (await isActive(world, host)),
        {
          timeoutMs: 60_000,
          everyMs: 500,
        },
      );
    } finally {
      await asBefore(world, host);
    }
  },
};

const bareRefuses: Fault = {
  name: 'a bare host is asked for an upgrade',
  kept: 'it refuses in words before anything is pushed; the service was not touched',
  kinds: ['bare', 'foreign'],
  async run(world, host) {
    const before = await starts(world, host);
    const { run, why } = await upgraded(world, host, packRelease(world, 'refused', 'exit 1', false));
    assert.equal(run.status, 'failed', why);
    assert.match(stepOf(run, 'push-release').summary, /bare: code is pushed to prepared nodes only/, why);
    assert.equal(await starts(world, host), before);
    assert.equal(await world.hosts.exec(host, 'ls -d /opt/sniproxy/releases 2>/dev/null || true'), '');
  },
};

export const UPGRADES = { goodVersion, badVersion, bareRefuses };
