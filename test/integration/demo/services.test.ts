import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { authorize, connect, drainQuickly, startDemo } from '#test/support/demo-fleet.ts';
import { until } from '#test/support/until.ts';

const limits = (pid: number | null) => /^Max open files\s+(\d+)\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'))?.slice(1);

describe('the service manager of a demo node', () => {
  test('a restart drains, starts one new process with the same limits and ports, and demo.json has its pid', async (t) => {
    const demo = await startDemo(t);
    const old = demo.node();
    assert.deepEqual(limits(old.pid), ['8192', '8192']);
    drainQuickly(old);
    const { run } = await connect(t, old, { privateKey: authorize(demo, old) });
    const [one, two] = await Promise.all([run('systemctl restart sniproxy'), run('systemctl restart sniproxy.service')]);
    assert.deepEqual([one.code, two.code], [0, 0]);
    const now = demo.node();
    assert.notEqual(now.pid, old.pid);
    assert.ok(!fs.existsSync(`/proc/${old.pid}`));
    assert.deepEqual({ ...now, pid: 0 }, { ...old, pid: 0 });
    assert.deepEqual(limits(now.pid), ['8192', '8192']);
    assert.equal((await run('pgrep sniproxy-server')).stdout, `${now.pid}\n`);
    assert.equal(
      (await run('systemctl show -p MainPID,NRestarts,ActiveState,SubState sniproxy')).stdout,
      `MainPID=${now.pid}\nNRestarts=0\nActiveState=active\nSubState=running\n`,
    );
    const starts = fs.readFileSync(now.logPath, 'utf8').match(/: Started sniproxy\.service/g);
    assert.equal(starts?.length, 2, 'two restarts asked for at once are one');
  });

  test('a proxy that dies is started again and counted; one stopped by SIGSTOP is left alone', async (t) => {
    const demo = await startDemo(t);
    const { pid } = demo.node();
    assert.ok(pid);
    const { run } = await connect(t, demo.node(), { privateKey: authorize(demo, demo.node()) });
    process.kill(pid, 'SIGSTOP');
    assert.equal((await run('systemctl is-active sniproxy')).stdout, 'active\n');
    process.kill(pid, 'SIGCONT');
    assert.equal(demo.node().pid, pid);
    process.kill(pid, 'SIGKILL');
    const again = await until('another process', () => demo.node().pid !== pid && demo.node().pid);
    await until('it is active', async () => (await run('systemctl is-active sniproxy')).code === 0);
    assert.equal((await run('systemctl show -p MainPID,NRestarts sniproxy')).stdout, `MainPID=${again}\nNRestarts=1\n`);
  });

  test('a config that the proxy refuses fails the restart, and the unit goes on trying', async (t) => {
    const demo = await startDemo(t);
    const node = demo.node();
    const { run } = await connect(t, node, { privateKey: authorize(demo, node) });
    drainQuickly(node);
    const good = fs.readFileSync(node.configPath);
    fs.writeFileSync(node.configPath, 'listen_addrs: [');
    const failed = await run('systemctl restart sniproxy');
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /Job for sniproxy\.service failed/);
    fs.writeFileSync(node.configPath, good);
    await until('it runs again by itself', async () => (await run('systemctl is-active sniproxy')).stdout === 'active\n');
  });

  test('a transient timer puts a file back and restarts the unit although nobody is connected', async (t) => {
    const demo = await startDemo(t);
    const { configPath, pid } = demo.node();
    drainQuickly(demo.node());
    const session = await connect(t, demo.node(), { privateKey: authorize(demo, demo.node()) });
    const good = fs.readFileSync(configPath);
    const script = [
      `[ -e "$HOME/changed" ] || exit 0`,
      `cat "$HOME/backup" > ${configPath}`,
      'rm "$HOME/changed"',
      'systemctl restart sniproxy',
      'systemctl stop headroom-revert-t1.timer',
    ].join('; ');
    const arm = `cp ${configPath} $HOME/backup && systemd-run --quiet --collect --unit=headroom-revert-t1 --on-active=1 --on-unit-active=1 --timer-property=AccuracySec=1s /bin/sh -c '${script}'`;
    assert.deepEqual(await session.run(arm), { code: 0, signal: null, stdout: '', stderr: '' });
    assert.equal((await session.run('systemctl is-active headroom-revert-t1.timer')).stdout, 'active\n');
    assert.match(
      (await session.run('systemctl list-timers --all --no-legend')).stdout,
      / headroom-revert-t1\.timer headroom-revert-t1\.service\n$/,
    );
    assert.match((await session.run(arm)).stderr, /already loaded/);
    session.client.end();
    fs.appendFileSync(configPath, '# changed\n');
    fs.writeFileSync(demo.path(demo.node(), 'home', 'sre', 'changed'), '');
    await until('the node restored and restarted by itself', () => demo.node().pid !== pid && fs.readFileSync(configPath).equals(good), {
      timeoutMs: 15_000,
    });
    const { run } = await connect(t, demo.node(), { privateKey: authorize(demo, demo.node()) });
    await until('its timer is gone', async () => (await run('systemctl list-timers --all --no-legend')).stdout === '');
    assert.equal((await run('systemctl show -p LoadState --value headroom-revert-t1.timer')).stdout, 'not-found\n');
  });
});
