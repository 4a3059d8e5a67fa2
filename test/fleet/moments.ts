import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '#shared/runs.ts';
import { until } from '#test/support/until.ts';
import { told } from './console.ts';
import type { Fault } from './faults.ts';
import type { Host, Kind } from './hosts.ts';
import {
  AFTER,
  BEFORE,
  CONFIG,
  CONFIRM,
  changedAndWaiting,
  configOf,
  editByHand,
  isActive,
  poolRun,
  putRight,
  REVERTED_MS,
  starts,
  stepOf,
  type World,
  withFullDisk,
  withoutSudo,
} from './world.ts';

// Faults between two steps and in the middle of one, at instants that nobody chose.

const ALL: readonly Kind[] = ['prepared', 'bare', 'foreign'];
const END_MS = 240_000;
const DIR = CONFIG.replace(/\/[^/]*$/, '');

/** Armed, its backup kept, and nothing written yet. */
async function armedAndPaused({ console }: World, host: Host): Promise<string> {
  const id = await console.startRun(poolRun(host), { pauseAt: 'arm-revert' });
  const paused = async () => {
    const run = await console.call('run', id);
    return run.status === 'paused' && stepOf(run, 'arm-revert').status === 'succeeded';
  };
  await until(`${host.name} is armed and the run paused`, paused, { timeoutMs: 60_000, everyMs: 100 });
  return id;
}

async function resumed({ console }: World, id: string): Promise<Run> {
  await console.call('resume', id);
  return await console.ended(id, END_MS);
}

/** What holds however a run ended: the file is whole, and new only where the run says so; the service runs; nothing waits; no step was done twice. */
async function assertWhole(world: World, host: Host, run: Run, startsBefore: number): Promise<void> {
  const why = told(run);
  const waits = () => world.hosts.exec(host, `ls ${DIR}/.headroom/*/deadline ${DIR}/.headroom/*/reverting 2>/dev/null || true`);
  await until(`nothing waits on ${host.name}`, async () => (await waits()) === '', { timeoutMs: REVERTED_MS, everyMs: 500 });
  assert.equal(await configOf(world, host), run.status === 'succeeded' ? AFTER : BEFORE, why);
  assert.ok(await isActive(world, host), why);
  assert.doesNotMatch(await world.hosts.exec(host, `ls -A ${DIR}`), /\.headroom\.|\.new/, 'no temporary file is left');
  const restarts = (await starts(world, host)) - startsBefore;
  const most = run.status === 'succeeded' ? 1 : 2;
  assert.ok(restarts <= most, `${restarts} restarts, ${most} at most: ${why}`);
  await putRight(world, host);
}

/** `seconds`: shorter than the deadline, or longer. */
const cutIn = (step: string, seconds: number): Fault => ({
  name: `the link is cut as "${step}" begins, for ${seconds} s`,
  kept: 'the run goes on, or the host is as before: never in between',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await world.console.startRun(poolRun(host));
    await until(`${step} is under way`, async () => stepOf(await world.console.call('run', id), step).status !== 'pending', {
      timeoutMs: 60_000,
      everyMs: 20,
    });
    await world.hosts.fleet('partition', host.i);
    try {
      await sleep(seconds * 1000);
    } finally {
      await world.hosts.fleet('heal', host.i);
    }
    await assertWhole(world, host, await world.console.ended(id, END_MS), before);
  },
});

const editedWhilePaused: Fault = {
  name: 'config.yaml is edited by hand between the arming and the edit, and the console is gone past the deadline',
  kept: 'the edit by hand stays, the service is not restarted, and the run says that the host restored itself',
  kinds: ALL,
  alone: true,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await armedAndPaused(world, host);
    const byHand = await editByHand(world, host);
    await world.console.kill();
    const over = () => world.hosts.exec(host, `ls ${DIR}/.headroom/${id}/reverted 2>/dev/null || true`);
    await until(`the deadline of ${host.name} is over`, async () => (await over()) !== '', { timeoutMs: REVERTED_MS, everyMs: 500 });
    assert.equal(await configOf(world, host), byHand);
    assert.equal(await starts(world, host), before);
    await world.console.start();
    await world.console.call('resume', id).catch(() => undefined);
    const run = await world.console.ended(id, END_MS);
    assert.equal(run.status, 'rolled-back', told(run));
    await putRight(world, host);
  },
};

const fullBeforeTheEdit: Fault = {
  name: 'the disk fills up between the backup and the edit',
  kept: 'the run fails in the edit; config.yaml is whole, the service was not touched, nothing waits',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await armedAndPaused(world, host);
    const run = await withFullDisk(world, host, () => resumed(world, id));
    assert.equal(run.status, 'failed', told(run));
    assert.equal(await starts(world, host), before);
    await assertWhole(world, host, run, before);
  },
};

const sudoGoneBeforeTheEdit: Fault = {
  name: 'sudo is taken away between the arming and the edit',
  kept: 'the run fails and says so; config.yaml and the service were not touched, and the armed host lets go by itself',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await armedAndPaused(world, host);
    const run = await withoutSudo(world, host, () => resumed(world, id));
    assert.ok(run.status !== 'succeeded', told(run));
    assert.equal(await starts(world, host), before);
    await assertWhole(world, host, run, before);
  },
};

const sudoGoneWhileItWaits: Fault = {
  name: 'sudo is taken away while a changed host waits, and the run is aborted',
  kept: 'nobody can ask the host for anything, and it puts its config back by itself',
  kinds: ALL,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await changedAndWaiting(world, host);
    const run = await withoutSudo(world, host, async () => {
      // on a busy machine the deadline may be over before
      await world.console.call('abort', id).catch(() => undefined);
      return await world.console.ended(id, END_MS);
    });
    assert.match(run.status, /^(aborted|rolled-back)$/, told(run));
    await assertWhole(world, host, run, before);
  },
};

/** Kills in a row, each somewhere within a run's usual length. */
const KILLS = 4;
const USUAL_MS = 5000;

const killedAnywhere: Fault = {
  name: `the console is killed ${KILLS} times in one run, at instants that nobody chose`,
  kept: 'the last one goes on to the end: one restart, the change is there',
  kinds: ALL,
  alone: true,
  async run(world, host) {
    const before = await starts(world, host);
    const id = await world.console.startRun(poolRun(host, { confirmSeconds: 120 }));
    for (let i = 0; i < KILLS; i++) {
      await sleep(Math.random() * (USUAL_MS / KILLS) * 2);
      await world.console.kill();
      await world.console.start();
    }
    const run = await world.console.ended(id, END_MS);
    assert.equal(run.status, 'succeeded', told(run));
    assert.equal((await starts(world, host)) - before, 1, 'one restart');
    await assertWhole(world, host, run, before);
  },
};

const STEPS = ['arm-revert', 'edit-config', 'validate', 'restart', 'verify-process', 'disarm-revert'] as const;

export const MOMENTS: readonly Fault[] = [
  ...STEPS.flatMap((step) => [cutIn(step, 5), cutIn(step, CONFIRM + 10)]),
  ...[fullBeforeTheEdit, sudoGoneBeforeTheEdit, sudoGoneWhileItWaits, editedWhilePaused, killedAnywhere],
];
