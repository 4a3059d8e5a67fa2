import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '#server/ssh/index.ts';
import { parseAnswer } from '../../../lib/server/ssh/answer.ts';
import { parseProbe } from '../../../lib/server/ssh/probe.ts';

const answer = (text: string) => parseAnswer(Buffer.from(text)) ?? assert.fail('there is no answer');

test('what login scripts print before the mark is not part of the answer', () => {
  const found = answer('now=1\nWelcome @headroom\n@headroom\nnow=2\nstate=armed\n');
  assert.equal(found.first('now'), '2');
  assert.equal(found.first('state'), 'armed');
  assert.equal(parseAnswer(Buffer.from('Welcome\n')), null);
});

test('bytes after the header are kept as they are', () => {
  const bytes = Buffer.from([0, 255, 10, 64, 10]);
  const found = parseAnswer(Buffer.concat([Buffer.from('@headroom\nnow=1\nmeta=640 root root 5\n'), bytes]), 'meta');
  assert.ok(found?.rest.equals(bytes));
});

test('a probe is read into values, with IPv6 listeners and odd process names', () => {
  const stat = `77 (a) b (c) S 1 ${'0 '.repeat(17)}4200 0 0`;
  const probe = parseProbe(
    answer(
      [
        '@headroom',
        'now=1700000000123',
        'MainPID=77',
        'NRestarts=2',
        'ActiveState=active',
        'SubState=running',
        'hz=100',
        'btime=1699990000',
        `stat=${stat}`,
        'comm=a) b (c',
        'limit=8192',
        'hard=524288',
        'capeff=000001ffffffffff',
        'uidmap=         0          0 4294967295',
        'nropen=1048576',
        'fds=41',
        'listener=[::]:443 77',
        'listener=127.0.0.1:9090 77',
        'listener=*:22 ',
        'socket=CLOSE-WAIT 12',
        `sha=${'a'.repeat(64)}`,
        '',
      ].join('\n'),
    ),
  );
  assert.deepEqual(probe, {
    nodeClockMs: 1_700_000_000_123,
    mainPid: 77,
    activeState: 'active',
    subState: 'running',
    nRestarts: 2,
    canReload: false,
    processStartMs: 1_699_990_000_000 + 42_000,
    openFds: 41,
    fdSoftLimit: 8192,
    fdHardLimit: 524_288,
    mayRaiseHard: true,
    kernelLimit: 1_048_576,
    comm: 'a) b (c',
    listeners: [
      { address: '::', port: 443, pid: 77 },
      { address: '127.0.0.1', port: 9090, pid: 77 },
      { address: '*', port: 22, pid: null },
    ],
    socketStates: { 'CLOSE-WAIT': 12 },
    configSha256: 'a'.repeat(64),
  });
});

test('a node where nothing runs is a probe without a process', () => {
  const probe = parseProbe(answer('@headroom\nnow=1\nMainPID=0\nActiveState=inactive\nsha=\n'));
  assert.equal(probe?.mainPid, null);
  assert.equal(probe?.openFds, null);
  assert.equal(probe?.configSha256, null);
});

test('the catalogue takes no unit, run or hash that could be an option or a path', () => {
  const act = { unit: 'sniproxy', configPath: '/etc/x/config.yaml', runId: 'r_1', notAfter: 1 };
  for (const unit of ['-H', '--help', 'a b', 'a;b', '', 'a/b'])
    assert.throws(() => catalogue.service({ ...act, unit, mode: 'restart' }), /a unit is/, unit);
  for (const runId of ['../x', 'a/b', '', 'a b', 'x'.repeat(65)])
    assert.throws(() => catalogue.backupConfig({ ...act, runId, expectedSha256: 'a'.repeat(64) }), /a run id is/, runId);
  assert.throws(() => catalogue.backupConfig({ ...act, expectedSha256: 'xyz' }), /a sha256 is/);
  assert.throws(() => catalogue.readConfig({ unit: 'sniproxy', configPath: 'etc/config.yaml' }), /a path is/);
});

test('over a hard limit goes only who has CAP_SYS_RESOURCE in the first user namespace', () => {
  const may = (caps: string, map: string) => parseProbe(answer(`@headroom\nnow=1\ncapeff=${caps}\nuidmap=${map}\n`))?.mayRaiseHard;
  const whole = '         0          0 4294967295';
  assert.equal(may('000001ffffffffff', whole), true);
  assert.equal(may('00000000a80425fb', whole), false, 'root of a container');
  assert.equal(may('000001ffffffffff', '         0       1000          1'), false, 'root of a rootless container');
  assert.equal(may('0000000000000000', whole), false);
  assert.equal(may('', ''), null);
});
