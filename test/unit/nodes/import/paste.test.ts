import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { previewImport } from '#server/nodes/index.ts';

const plan = (text: string) => previewImport({ format: 'paste', text, defaults: { user: 'sre' }, leaveOut: [] }, []);
const rows = (text: string) => plan(text).rows.map(({ name, action, address }) => `${name} ${action} ${address}`);

describe('a paste', () => {
  for (const [line, row] of [
    ['ssh -p 2222 ops@edge-01', 'edge-01 add ops@edge-01:2222'],
    ['$ ssh ops@edge-01 -p2222', 'edge-01 add ops@edge-01:2222'],
    ['ssh -l ops -o Port=2222 -v Edge-01.example.com', 'edge-01.example.com add ops@Edge-01.example.com:2222'],
    ['ssh -J ada@bastion:2200 edge-01', 'edge-01 add sre@edge-01:22 through ada@bastion:2200'],
    ['ssh://ops@edge-01:2222/', 'edge-01 add ops@edge-01:2222'],
    ['edge-01:2222', 'edge-01 add sre@edge-01:2222'],
    ['10.0.0.1', '10.0.0.1 add sre@10.0.0.1:22'],
    ['ops@[fd00::7]:2222', 'fd00--7 add ops@fd00::7:2222'],
    ['fd00::7', 'fd00--7 add sre@fd00::7:22'],
  ] as const)
    test(`of ${line} is ${row}`, () => assert.deepEqual(rows(line), [row]));

  test('of a block of ssh_config is read as ssh reads it', () =>
    assert.deepEqual(rows('Host edge-01\n  HostName 10.0.0.11\n  Port 2222\n  User ops\n'), ['edge-01 add ops@10.0.0.11:2222']));
  test('of CSV is read by its head line', () =>
    assert.deepEqual(rows('name,host,port\nedge-01,10.0.0.11,2222\n'), ['edge-01 add sre@10.0.0.11:2222']));
  test('of several services behind one address names them by their ports', () =>
    assert.deepEqual(rows('127.0.0.1:2201\n127.0.0.1:2202'), [
      '127.0.0.1 add sre@127.0.0.1:2201',
      '127.0.0.1-2202 add sre@127.0.0.1:2202',
    ]));

  for (const [line, said] of [
    ['ssh -p 99999 edge-01', /the port is "99999"/],
    ['ssh -p', /-p has no value/],
    ['ssh -Z edge-01', /"-Z" is no option/],
    ['ssh -v', /names no host/],
    ['edge-01 edge-02', /more than one word/],
    ['http://edge-01/', /is no host/],
    ["ssh 'edge-01", /quote that is not closed/],
  ] as const)
    test(`of ${line} is refused with its line, and nothing is guessed`, () => {
      const { rows: none, problems } = plan(`# hosts\n${line}`);
      assert.deepEqual(none, []);
      assert.deepEqual(
        problems.map((one) => [one.line, one.severity]),
        [[2, 'error']],
      );
      assert.match(problems[0]?.message ?? '', said);
    });

  test('says what it does not take over: keys, options, a command', () => {
    const { rows: all, problems } = plan('ssh -i ~/.ssh/edge ops@edge-01 sudo reboot');
    assert.equal(all[0]?.action, 'add');
    assert.match(problems[0]?.message ?? '', /-i ~\/\.ssh\/edge the command "sudo reboot" is not taken over/);
  });
});
