import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { isListening, startDemo } from '#test/support/demo-fleet.ts';
import { until } from '#test/support/until.ts';

describe('the end of a demo', () => {
  test('Ctrl-C on npm run demo ends every process within 10 s, also stopped ones, and frees the ports', async (t) => {
    const demo = await startDemo(t, { command: ['npm', 'run', 'demo', '--'] });
    const { pid, sshPid, sshPort } = demo.node();
    assert.ok(demo.process.pid && pid && sshPid);
    process.kill(sshPid, 'SIGSTOP');
    process.kill(-demo.process.pid, 'SIGINT');
    const ended = () => demo.process.exitCode !== null || demo.process.signalCode !== null;
    await until('nothing is left', () => ended() && demo.left().length === 0, { timeoutMs: 10_000 });
    assert.equal(await isListening(sshPort), false);
    assert.ok(!fs.existsSync(`${demo.dataDir}/demo.json`) && !fs.existsSync(`${demo.dataDir}/demo.sock`));
    assert.match(demo.output(), /nothing is left running/);
  });

  test('a supervisor that is killed takes its processes with it', async (t) => {
    const demo = await startDemo(t);
    assert.ok(demo.left().length >= 5);
    demo.process.kill('SIGKILL');
    await until('nothing is left', () => demo.left().length === 0, { timeoutMs: 10_000 });
  });

  test('a data directory in use and a wrong option are refused with one sentence, and the demo that runs goes on', async (t) => {
    const demo = await startDemo(t);
    const again = (...args: string[]) =>
      spawnSync(process.execPath, ['lib/demo/main.ts', '--no-console', ...args], {
        encoding: 'utf8',
        env: { ...process.env, HEADROOM_DATA_DIR: demo.dataDir },
      });
    const [busy, wrong] = [again(), again('--fast')];
    assert.deepEqual([busy.status, wrong.status], [2, 2]);
    assert.match(
      busy.stderr,
      /^demo: a demo runs in .* already \(process \d+\): stop it first, or set HEADROOM_DATA_DIR to another folder\n$/,
    );
    assert.match(wrong.stderr, /^demo: Unknown option '--fast'/);
    assert.equal(wrong.stderr.trim().split('\n').length, 1);
    assert.ok(demo.node().pid);
  });
});
