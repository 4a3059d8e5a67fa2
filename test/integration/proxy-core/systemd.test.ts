import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { run, suiteOwner, tempDir } from './harness.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const here = path.join(import.meta.dirname, 'systemd');
const SPACES = ['-m', '-p', '-f', '-n', '-C', '-u', '-i'];
const UNSHARE = '/usr/bin/unshare';
const CONFIG = `listen_addrs: ["0.0.0.0:80", "0.0.0.0:443"]
workers: 2
shutdown_timeout: 5
routes:
  - { match: a.test, backends: ["127.0.0.1:18080"] }
  - { match: self.test, backends: ["192.0.2.1:80"] }
`;

/** Mounting over the file system of a machine takes its root, and a kernel that lets it. */
function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root can boot a systemd of its own';
  const dir = fs.mkdtempSync('/tmp/overlay-');
  try {
    const mounts = `mount -t tmpfs tmpfs ${dir} && mkdir ${dir}/u ${dir}/w ${dir}/r && mount -t overlay overlay -o lowerdir=/,upperdir=${dir}/u,workdir=${dir}/w ${dir}/r`;
    execFileSync(UNSHARE, [...SPACES, '/bin/sh', '-c', mounts], { stdio: 'ignore' });
    return false;
  } catch {
    return 'this machine does not let its root make namespaces and mounts';
  } finally {
    fs.rmdirSync(dir);
  }
}

describe('under the real systemd', () => {
  const skip = whyNot();
  const owner = suiteOwner();
  const saw = new Map<string, string>();
  let errors = '';

  before(async () => {
    if (skip) return;
    const built = await run('/bin/sh', ['-c', `cd '${root}' && PATH='${root}/node_modules/.bin':$PATH && npm run build -w proxy-core`]);
    assert.equal(built.code, 0, built.stderr);
    const work = tempDir(owner);
    for (const dir of ['fs', 'out']) fs.mkdirSync(path.join(work, dir));
    const config = path.join(work, 'config.yaml');
    fs.writeFileSync(config, CONFIG);
    const bundle = path.join(root, 'proxy-core/dist/sniproxy-server.mjs');
    const node = fs.realpathSync(process.execPath);
    const args = [path.join(here, 'boot.sh'), work, node, bundle, path.join(root, 'deploy'), config, here];
    const child = spawn(UNSHARE, [...SPACES, '--kill-child', '/bin/sh', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 100_000);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    await once(child, 'exit');
    clearTimeout(tooLong);
    const read = (name: string) =>
      fs.existsSync(path.join(work, 'out', name)) ? fs.readFileSync(path.join(work, 'out', name), 'utf8') : '';
    errors += read('errors');
    for (const line of read('out').split('\n')) {
      const at = line.indexOf('=');
      if (at > 0) saw.set(line.slice(0, at), line.slice(at + 1));
    }
    assert.equal(saw.get('done'), 'yes', `it did not come to its end: ${JSON.stringify([...saw])} ${errors}`);
  });

  const is = (name: string, value: string) => assert.equal(saw.get(name), value, `${name}: ${errors}`);

  test('the service is ready when it listens, as its own user, within its system calls, and knows its own addresses', { skip }, () => {
    is('start', '0');
    is('state', 'active');
    is('status', 'routing on 0.0.0.0:80, 0.0.0.0:443; config generation 1');
    is('user', 'sniproxy');
    is('seccomp', '2');
    is('answer', 'ok');
    is('loops_refused', '1'); // the kernel was asked for its addresses, which takes AF_NETLINK
  });

  test('every command of the incident document works as it is written', { skip }, () => {
    assert.ok(Number(saw.get('fds_shown')) > 10, saw.get('fds_shown'));
    is('watch_shows', '1');
    is('restart', '0');
    is('restarted', 'yes');
    assert.ok(Number(saw.get('journal_shows')) >= 1, 'journalctl -u sniproxy -f');
    is('pool_shown', 'sniproxy_pool_active_connections 0');
  });

  test('systemctl reload tells who reloads when the file is wrong, and the service goes on', { skip }, () => {
    is('reload', '0');
    assert.match(saw.get('reloaded') ?? '', /config generation 2$/);
    is('bad_reload', '1');
    is('bad_reload_state', 'active');
    is('bad_reload_failed', '1');
  });

  test('a drill is on by its file alone', { skip }, () => {
    is('drill', '1');
    is('drill_after', '0');
  });

  test('stop is a drain with exit code 0; a bad config is a failed start that says why', { skip }, () => {
    is('stopped', 'inactive success 0');
    is('bad_start', '1');
    assert.ok(Number(saw.get('bad_start_says')) >= 1);
  });

  test('restarts behind the socket unit refuse and reset nobody, under load; a killed service comes back', { skip }, (t) => {
    for (const restart of [1, 2, 3]) is(`restart_${restart}`, '0');
    t.diagnostic(`${saw.get('served')} clients served over three restarts`);
    assert.ok(Number(saw.get('served')) > 50, saw.get('served'));
    assert.deepEqual([saw.get('failures'), saw.get('first_failure')], ['0', '']);
    is('after_kill', 'ok');
  });
});
