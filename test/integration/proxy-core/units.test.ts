import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { run, tempDir } from './harness.ts';

const DEPLOY = path.resolve(import.meta.dirname, '../../../deploy');
const UNITS = ['sniproxy.service', 'sniproxy.socket'];
const ANALYZE = '/usr/bin/systemd-analyze';
/** systemd's own measure, from 0 (nothing is exposed) to 10. */
const MOST_EXPOSURE = 2;

/** The units as they are shipped, but for the place of the program: a unit whose program is not there is not in order. */
function installed(t: TestContext): string[] {
  const dir = tempDir(t);
  const program = path.join(dir, 'sniproxy-server');
  fs.writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return UNITS.map((unit) => {
    const file = path.join(dir, unit);
    fs.writeFileSync(file, fs.readFileSync(path.join(DEPLOY, unit), 'utf8').replaceAll('/usr/local/bin/sniproxy-server', program));
    return file;
  });
}

describe('the units of deploy/', () => {
  test('systemd-analyze verify finds nothing', async (t) => {
    const { code, stdout, stderr } = await run(ANALYZE, ['verify', '--man=no', ...installed(t)]);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  test('systemd-analyze security: the exposure of the service stays low', async (t) => {
    const [service = ''] = installed(t);
    const { stdout } = await run(ANALYZE, ['security', '--offline=true', '--no-pager', service]);
    const words = /Overall exposure level for .*: ([0-9.]+) (\w+)/.exec(stdout);
    t.diagnostic(`exposure ${words?.[1]} (${words?.[2]})`);
    assert.ok(
      Number(words?.[1]) <= MOST_EXPOSURE,
      stdout
        .split('\n')
        .filter((line) => line.startsWith('✗'))
        .join('\n'),
    );
  });

  test('the service leaves the JIT alone, takes drills from their file only, and lets its child speak for it', () => {
    const unit = fs.readFileSync(path.join(DEPLOY, 'sniproxy.service'), 'utf8');
    const lines = unit.split('\n').filter((line) => !line.startsWith('#'));
    const values = (key: string) => lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
    assert.deepEqual(values('MemoryDenyWriteExecute'), []);
    assert.deepEqual(values('EnvironmentFile'), ['-/etc/sniproxy/drill']);
    assert.deepEqual([values('Type'), values('NotifyAccess')], [['notify'], ['all']]);
    assert.deepEqual(values('LimitNOFILE'), ['1048576']);
    assert.match(values('RestrictAddressFamilies')[0] ?? '', /\bAF_NETLINK\b/);
    assert.ok(Number(values('TimeoutStopSec')[0]) > 30, 'longer than the default of shutdown_timeout');
  });
});
