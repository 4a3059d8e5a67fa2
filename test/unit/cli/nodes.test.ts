import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';
import { NOW, problem, scriptedConsole } from '#test/support/scripted-console.ts';

const nodes = demoFleet().map((story) => fleetNode(story, NOW - 3_600_000, NOW));
const fleet = { asOf: new Date(NOW).toISOString(), nodes };
const member = (name: string, more: object = {}) => ({
  id: `n_${name}`,
  name,
  host: '10.0.0.1',
  user: 'sre',
  version: 1,
  createdAt: fleet.asOf,
  ...more,
});

const fileOf = (t: TestContext, name: string, text: string): string => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.writeFileSync(path.join(dir, name), text);
  return path.join(dir, name);
};

describe('headroom nodes', () => {
  test('ls shows who dies first at the top, filters by selector, and is JSON where no terminal is', async (t) => {
    const { cli } = await scriptedConsole(t, { 'GET fleet': [fleet] });
    const { code, lines } = await cli(['nodes', 'ls']);
    assert.equal(code, 0);
    assert.match(lines[0] ?? '', /^NODE +STATE +LEAK +FDS\/MIN +OPEN FDS/);
    const first = nodes.toSorted((a, b) => (a.timeToEmfileSeconds?.mid ?? 1e12) - (b.timeToEmfileSeconds?.mid ?? 1e12))[0];
    assert.ok(lines[1]?.startsWith(first?.name ?? '?'));
    assert.match(
      lines.at(-1) ?? '',
      new RegExp(`^${nodes.length} nodes, ${nodes.filter((n) => n.leak.verdict === 'leaking').length} leaking`),
    );
    const leaking = JSON.parse((await cli(['nodes', 'ls', 'leak=leaking'], { terminal: false })).text);
    assert.deepEqual(
      leaking.nodes.map((n: { name: string }) => n.name),
      nodes.filter((n) => n.leak.verdict === 'leaking').map((n) => n.name),
    );
    assert.match((await cli(['nodes', 'ls', 'name=none'])).text, /No node matches/);
    assert.match((await cli(['nodes', 'ls', '--text'], { terminal: false })).text, /^NODE/);
  });

  test('ls says why nodes are not up, of many the first ten', async (t) => {
    const away = Array.from({ length: 12 }, (_, i) => ({
      ...nodes[0],
      name: `edge-${i + 10}`,
      state: 'down',
      stateReason: 'neither answers',
    }));
    const { cli } = await scriptedConsole(t, { 'GET fleet': [{ ...fleet, nodes: away }] });
    const { text } = await cli(['nodes', 'ls']);
    assert.match(text, /\n\n! edge-10 down: neither answers\n[\s\S]*! edge-19 down: neither answers\n! and 2 nodes more/);
  });

  test('add sends the node once and says what comes next', async (t) => {
    const { cli, asked } = await scriptedConsole(t, { 'POST nodes': [{ id: 'n_1', name: 'edge-1' }] });
    const { code, text } = await cli([
      'nodes',
      'add',
      'edge-1',
      '--host',
      '10.0.0.1',
      '--user',
      'sre',
      '--label',
      'group=edge',
      '--metrics-via',
      'none',
    ]);
    assert.equal(code, 0);
    assert.match(text, /added edge-1, sre@10\.0\.0\.1:22\nnext: .*\/nodes\/n_1, then headroom nodes check edge-1/);
    assert.ok(asked[0]?.key, 'an Idempotency-Key goes with it');
    assert.partialDeepStrictEqual(asked[0]?.body, {
      name: 'edge-1',
      host: '10.0.0.1',
      sshPort: 22,
      labels: { group: 'edge' },
      metrics: { via: 'none' },
    });
  });

  test('import shows the plan, and stores only with --yes', async (t) => {
    const row = { line: 1, name: 'edge-1', action: 'add', address: 'sre@10.0.0.1:22', changes: [], problems: [] };
    const counts = { add: 1, change: 0, same: 0, 'left-out': 0, conflict: 0, invalid: 0 };
    const { cli, asked } = await scriptedConsole(t, {
      'POST nodes/import': ({ query }) => ({ stored: query.dryRun === undefined, counts, rows: [row], problems: [] }),
    });
    const file = fileOf(t, 'hosts.ini', '[edge]\nedge-1 ansible_host=10.0.0.1\n');
    const looked = await cli(['nodes', 'import', file, '--user', 'sre']);
    assert.deepEqual([looked.code, asked[0]?.query], [1, { dryRun: '1' }]);
    assert.match(looked.text, /\+ +edge-1 +sre@10\.0\.0\.1:22[\s\S]*Add --yes/);
    assert.equal((await cli(['nodes', 'import', file, '--yes', '--dry-run'])).code, 1);
    const stored = await cli(['nodes', 'import', file, '--yes']);
    assert.deepEqual([stored.code, asked[2]?.query], [0, {}]);
    assert.partialDeepStrictEqual(asked[0]?.body, { format: 'ansible-ini', defaults: { user: 'sre' } });
  });

  test('check finds the node by its name, and ends with 1 when something is missing', async (t) => {
    const fine = { key: 'ssh', title: 'SSH', status: 'pass', detail: 'answers', fix: null };
    const broken = { key: 'sudo', title: 'sudo', status: 'fail', detail: 'asks for a password', fix: 'put the sudoers file there' };
    const { cli, asked } = await scriptedConsole(t, {
      'GET nodes': [{ nodes: [member('edge-1')] }],
      'POST nodes/n_edge-1/check': [
        { ok: false, checks: [fine, broken] },
        { ok: true, checks: [fine] },
      ],
    });
    const bad = await cli(['nodes', 'check', 'edge-1']);
    assert.equal(bad.code, 1);
    assert.match(bad.text, /fail +sudo: asks for a password\n +→ put the sudoers file there\nedge-1 is not ready/);
    assert.equal((await cli(['nodes', 'check', 'n_edge-1'])).code, 0);
    assert.deepEqual([(await cli(['nodes', 'check', 'edge-9'])).code, asked.length], [2, 5]);
  });
});

describe('what goes wrong', () => {
  test('a refusal is code, words and what to do; the exit code says whose turn it is', async (t) => {
    const { cli } = await scriptedConsole(t, {
      'GET fleet': [problem('auth.forbidden', 'this needs the permission fleet.read'), problem('server.unavailable', 'it is starting')],
      'POST nodes': [problem('request.invalid', 'one field is wrong', [{ path: 'host', message: 'must be a host name' }])],
    });
    const forbidden = await cli(['nodes', 'ls']);
    assert.deepEqual([forbidden.code, forbidden.error], [4, true]);
    assert.match(
      forbidden.text,
      /^headroom: You may not do this \(auth\.forbidden\)\n {2}this needs the permission fleet\.read\n {2}→ use a token/,
    );
    assert.equal((await cli(['nodes', 'ls'])).code, 4);
    const invalid = await cli(['nodes', 'add', 'edge-1', '--host', 'h', '--user', 'u']);
    assert.deepEqual([invalid.code, /host: must be a host name/.test(invalid.text)], [2, true]);
    const stranger = await cli(['nodes', 'ls'], { token: 'hr_bad' });
    assert.deepEqual([stranger.code, /auth\.required[\s\S]*make another one/.test(stranger.text)], [4, true]);
  });
});

describe('headroom export', () => {
  test('--pools has what each config.yaml says, in selectors that a preview takes, and says which could not be read', async (t) => {
    const names = Array.from({ length: 60 }, (_, i) => `edge-with-a-rather-long-name-in-frankfurt-${i + 10}`);
    const config = (enabled: boolean) => ({ path: '/c', text: '', sha256: 'x', poolEnabled: enabled, findings: [], drift: false });
    const { cli, notes } = await scriptedConsole(t, {
      'GET nodes': [{ nodes: [...names, 'away', 'off'].map((name) => member(name)) }],
      ...Object.fromEntries(names.map((name) => [`GET nodes/n_${name}/config`, [config(true)]])),
      'GET nodes/n_off/config': [config(false)],
      'GET nodes/n_away/config': [problem('ssh.unreachable', 'away: no answer in 10 s')],
    });
    const { code, text } = await cli(['export', '--pools', '--json']);
    assert.equal(code, 1);
    assert.deepEqual(notes, ['! away: away: no answer in 10 s']);
    const { pool } = JSON.parse(text);
    assert.ok(pool.every(({ selector }: { selector: string }) => selector.length <= 2000));
    const on = pool.filter((p: { settings: { enabled: boolean } }) => p.settings.enabled);
    assert.deepEqual(on.flatMap(({ selector }: { selector: string }) => selector.replace('name=', '').split(',')).length, 60);
    assert.deepEqual(pool.at(-1), { selector: 'name=off', settings: { enabled: false } });
  });
});
