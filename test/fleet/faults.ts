import assert from 'node:assert/strict';
import { until } from '#test/support/until.ts';
import { told } from './console.ts';
import type { Host, Kind } from './hosts.ts';
import {
  AFTER,
  BEFORE,
  CONFIG,
  changedAndWaiting,
  configOf,
  editByHand,
  isActive,
  poolRun,
  putRight,
  reverted,
  starts,
  stepOf,
  type World,
  withFullDisk,
  withoutSudo,
} from './world.ts';

/**
 * What can happen in the middle of a run, on a real host. Each injects the fault, proves what the host and the console make of it, and leaves the
 * host as it was. `alone`: it ends the console, so nothing else may go on meanwhile.
 */
export type Fault = {
  name: string;
  /** what is kept, in words for the table */
  kept: string;
  kinds: readonly Kind[];
  alone?: boolean;
  run: (world: World, host: Host) => Promise<void>;
};

const ALL: readonly Kind[] = ['prepared', 'bare', 'foreign'];
const END_MS = 120_000;
/** A console that is started again is surely back within this time, also on a busy machine, seconds. */
const CONSOLE_BACK = 60;

const left = (world: World, host: Host) => world.hosts.exec(host, `ls -A ${CONFIG.replace(/\/[^/]*$/, '')}`);

async function endOf(world: World, id: string, timeoutMs = END_MS) {
  const run = await world.console.ended(id, timeoutMs);
  return { run, why: told(run) };
}

const linkCut: Fault = {
  name: 'the link is cut while a changed host waits',
  kept: 'the host puts its config back by itself and restarts once; the console says that it cannot be reached, and afterwards that it went back',
  kinds: ALL,
  async run(world, host) {
    const id = await changedAndWaiting(world, host);
    const before = await starts(world, host);
    await world.hosts.fleet('partition', host.i);
    try {
      await reverted(world, host);
      const node = await world.console.call('node', world.console.id(host));
      assert.match(`${node.state} ${node.stateReason}`, /down|did not answer|SSH/, 'the console says that it cannot reach it');
    } finally {
      await world.hosts.fleet('heal', host.i);
    }
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, 'rolled-back', why);
    assert.match(run.summary, /did not hear from the console in time/, why);
    assert.equal((await starts(world, host)) - before, 1, 'one restart, by the revert');
  },
};

const hostKeyChanged: Fault = {
  name: 'the host key changes while a changed host waits',
  kept: 'nothing more is sent to the host, which puts its config back; after the new key is pinned with a reason, the run says so',
  kinds: ALL,
  async run(world, host) {
    const id = await changedAndWaiting(world, host);
    await world.hosts.fleet('rekey', host.i);
    await world.hosts.exec(host, 'pkill -KILL -u sre || true');
    await until(
      'the key is seen to be another one',
      async () => (await world.console.call('node', world.console.id(host))).hostKey.blocked,
      {
        timeoutMs: 60_000,
      },
    );
    await reverted(world, host);
    await world.console.call('repin', world.console.id(host), await host.hostKey(), 'the host was given a new key');
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, 'rolled-back', why);
  },
};

const diskFull: Fault = {
  name: 'the disk is full',
  kept: 'the run ends before the edit; config.yaml is whole, no temporary file is left, the service was not touched',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    await withFullDisk(world, host, async () => {
      const { run, why } = await endOf(world, await world.console.startRun(poolRun(host)));
      assert.equal(run.status, 'failed', why);
      assert.match(why, /No space left|cannot be written|failed/i);
    });
    assert.equal(await configOf(world, host), BEFORE);
    assert.doesNotMatch(await left(world, host), /\.headroom\.|\.new/);
    assert.equal(await starts(world, host), before);
  },
};

const diskFillsUp: Fault = {
  name: 'the disk fills up while a changed host waits, and the run is aborted',
  kept: 'the backup itself is moved into place: the old config, and the service runs with it',
  kinds: ALL,
  async run(world, host) {
    const id = await changedAndWaiting(world, host);
    await withFullDisk(world, host, async () => {
      await world.console.call('abort', id);
      await reverted(world, host);
    });
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, 'aborted', why);
    assert.doesNotMatch(await left(world, host), /\.headroom\.|\.new/);
  },
};

const crash: Fault = {
  name: 'the host loses its power while it waits, and the console is gone',
  kept: 'a prepared host puts its config back after the boot; on a bare one the change stays until the console, back again, takes it up',
  kinds: ALL,
  alone: true,
  async run(world, host) {
    const id = await changedAndWaiting(world, host);
    await world.console.kill();
    await world.hosts.fleet('crash', host.i);
    await world.hosts.fleet('start', host.i);
    if (host.kind === 'prepared') await reverted(world, host);
    await world.console.start();
    if (host.kind !== 'prepared') {
      assert.equal(await configOf(world, host), AFTER, 'a transient timer does not survive');
      await until('the console takes it up', async () => stepOf(await world.console.call('run', id), 'gate').status === 'waiting', {
        timeoutMs: 60_000,
      });
      await until(
        'its timer is there again',
        async () => (await world.hosts.exec(host, 'systemctl list-timers --all --no-legend')).includes('headroom-revert'),
        { timeoutMs: 60_000 },
      );
      await world.console.call('abort', id);
      await reverted(world, host);
    }
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, host.kind === 'prepared' ? 'rolled-back' : 'aborted', why);
  },
};

const sudoMissing: Fault = {
  name: 'sudo refuses',
  kept: 'the run ends before anything is changed and says what was refused; the self-test gives the command that repairs it',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    await withoutSudo(world, host, async () => {
      const { run, why } = await endOf(world, await world.console.startRun(poolRun(host)));
      assert.equal(run.status, 'failed', why);
      const test = await world.console.call('selfTest', world.console.id(host));
      const sudo = test.checks.find((check) => check.key === 'sudo');
      assert.equal(sudo?.status, 'fail');
      assert.match(sudo?.fix ?? '', /headroom-node-install/);
    });
    assert.equal(await configOf(world, host), BEFORE);
    assert.equal(await starts(world, host), before);
  },
};

const slowLink: Fault = {
  name: 'the link is slow: 400 ms ± 100, one packet in 50 lost',
  kept: 'the run goes to its end, with one restart',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    await world.hosts.fleet('slow', host.i, 400, 100, 2);
    try {
      const { run, why } = await endOf(world, await world.console.startRun(poolRun(host)), 240_000);
      assert.equal(run.status, 'succeeded', why);
    } finally {
      await world.hosts.fleet('slow', host.i, 0);
    }
    assert.equal(await configOf(world, host), AFTER);
    assert.equal((await starts(world, host)) - before, 1);
    await putRight(world, host);
  },
};

const editedByHand: Fault = {
  name: 'config.yaml is edited by hand between our look and our edit',
  kept: 'config.changed: the edit by hand stays as it is, the service is not restarted',
  kinds: ALL,
  alone: true,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await world.console.startRun(poolRun(host, { confirmSeconds: CONSOLE_BACK }), { dieAt: 'edit-config' });
    await until('the console is gone', () => !world.console.alive());
    const byHand = await editByHand(world, host);
    await world.console.start();
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, 'failed', why);
    assert.match(why, /changed/, why);
    assert.equal(await configOf(world, host), byHand);
    assert.equal(await starts(world, host), before);
    await putRight(world, host);
  },
};

const unitFails: Fault = {
  name: 'the service does not start with the new config',
  kept: 'the run fails, the host is put back at once: old config, service running',
  kinds: ALL,
  async run(world, host) {
    const dir = '/etc/systemd/system/sniproxy.service.d';
    const line = `ExecStartPre=/bin/sh -c "! grep -q \\"enabled: false\\" ${CONFIG}"`;
    await world.hosts.exec(host, `mkdir -p ${dir}; printf '%s\\n' '[Service]' '${line}' > ${dir}/refuses.conf; systemctl daemon-reload`);
    try {
      const { run, why } = await endOf(world, await world.console.startRun(poolRun(host)), END_MS + 60_000);
      assert.equal(run.status, 'failed', why);
      assert.match(run.summary, /config\.yaml was restored and the service restarted/, why);
      await reverted(world, host);
    } finally {
      await world.hosts.exec(host, `rm -f ${dir}/refuses.conf; systemctl daemon-reload`);
    }
  },
};

/** Each step that does something on the host, and those around it. */
export const KILL_STEPS = [
  'preflight',
  'arm-revert',
  'edit-config',
  'validate',
  'restart',
  'verify-process',
  'verify-logs',
  'disarm-revert',
] as const;

const consoleKilled = (step: (typeof KILL_STEPS)[number]): Fault => ({
  name: `the console is killed in "${step}"`,
  kept: 'a new console goes on with the run: one restart, the change is there',
  kinds: ALL,
  alone: true,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await world.console.startRun(poolRun(host, { confirmSeconds: CONSOLE_BACK }), { dieAt: step });
    await until('the console is gone', () => !world.console.alive(), { timeoutMs: 60_000 });
    await world.console.start();
    const { run, why } = await endOf(world, id);
    assert.equal(run.status, 'succeeded', why);
    assert.equal(await configOf(world, host), AFTER);
    assert.equal((await starts(world, host)) - before, 1, 'one restart');
    assert.ok(await isActive(world, host));
    await putRight(world, host);
  },
});

export const FAULTS = {
  linkCut,
  hostKeyChanged,
  diskFull,
  diskFillsUp,
  crash,
  sudoMissing,
  slowLink,
  editedByHand,
  unitFails,
  consoleKilled,
};
export const EVERY_FAULT: readonly Fault[] = [
  ...[linkCut, hostKeyChanged, diskFull, diskFillsUp, sudoMissing, slowLink, unitFails, editedByHand, crash],
  ...KILL_STEPS.map(consoleKilled),
];
