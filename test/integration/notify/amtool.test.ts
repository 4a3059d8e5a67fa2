import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import * as groups from '#app/api/v2/alerts/groups/route.ts';
import * as alerts from '#app/api/v2/alerts/route.ts';
import * as receivers from '#app/api/v2/receivers/route.ts';
import * as silence from '#app/api/v2/silence/[id]/route.ts';
import * as silences from '#app/api/v2/silences/route.ts';
import * as status from '#app/api/v2/status/route.ts';
import type { Role } from '#shared/access.ts';
import { serveRoutes } from '#test/support/api-server.ts';
import { testConsole } from '#test/support/console.ts';
import { alertOf, say } from './rig.ts';

const run = promisify(execFile);
const ROUTES = {
  '/api/v2/alerts': alerts,
  '/api/v2/alerts/groups': groups,
  '/api/v2/silences': silences,
  '/api/v2/silence/[id]': silence,
  '/api/v2/status': status,
  '/api/v2/receivers': receivers,
};

async function amtoolOn(t: TestContext, role: Role = 'operator') {
  const { runtime, token } = await testConsole(t);
  const url = await serveRoutes(t, ROUTES);
  const config = path.join(runtime.config.dataDir, 'amtool-http.yml');
  fs.writeFileSync(config, `authorization:\n  type: Bearer\n  credentials: ${await token(role)}\n`);
  const amtool = async (...args: string[]): Promise<string> =>
    (await run('amtool', [...args, `--alertmanager.url=${url}`, `--http.config.file=${config}`], { encoding: 'utf8' })).stdout;
  const signal = alertOf({ kind: 'signal', key: 'signal:s_1', title: 'edge-01 leaks 62 fds/min', severity: 'warning' });
  const other = alertOf({
    kind: 'signal',
    key: 'signal:s_2',
    title: 'edge-02 is down',
    text: '',
    signals: [{ rule: 'node-down', nodeId: 'n_2', node: 'edge-02', labels: {} }],
  });
  await say(runtime, signal);
  await say(runtime, other);
  return { runtime, url, amtool, signal };
}

describe('Debian’s amtool, with a token in its HTTP config file', () => {
  test('reads the signals that fire, filtered by matchers', async (t) => {
    const { amtool } = await amtoolOn(t);
    const all = await amtool('alert', 'query');
    assert.match(all, /leaking .*edge-01 leaks 62 fds\/min/);
    assert.match(all, /node-down .*edge-02 is down/);
    const one = JSON.parse(await amtool('alert', 'query', 'alertname=~"leak.*"', 'group=edge', '-o', 'json'));
    assert.deepEqual(
      one.map((a: { labels: object }) => a.labels),
      [{ alertname: 'leaking', node: 'edge-01', severity: 'warning', group: 'edge', zone: 'a' }],
    );
    assert.equal(one[0].status.state, 'active');
  });

  test('adds, reads, updates and expires a silence, and what it holds is suppressed meanwhile', async (t) => {
    const { runtime, amtool, signal } = await amtoolOn(t);
    const id = (
      await amtool('silence', 'add', 'alertname=leaking', 'node=~"edge-0[1-3]"', '-d', '2h', '-a', 'ana', '-c', 'we know')
    ).trim();
    assert.match(id, /^[0-9a-f-]{36}$/);
    await say(runtime, signal);
    assert.match(await amtool('silence', 'query'), new RegExp(`${id}.*alertname="leaking" node=~"edge-0\\[1-3\\]".*we know`));
    assert.equal((await amtool('alert', 'query', '-o', 'json')).includes('edge-01'), false);
    const [held] = JSON.parse(await amtool('alert', 'query', '--silenced', 'alertname=leaking', '-o', 'json'));
    assert.deepEqual(held.status, { state: 'suppressed', silencedBy: [id], inhibitedBy: [] });

    await amtool('silence', 'update', id, '-d', '4h', '-c', 'we still know');
    const [kept] = await runtime.notify.silences();
    assert.deepEqual([kept?.id, kept?.reason, kept?.createdBy], [id, 'we still know', 'ana, by test operator']);
    const hours = (Date.parse(kept?.endsAt ?? '') - Date.now()) / 3_600_000;
    assert.ok(hours > 3.9 && hours < 4.1, `ends in ${hours} h`);

    await amtool('silence', 'expire', id);
    await say(runtime, signal);
    assert.equal(await amtool('silence', 'query', '-q'), '');
    assert.equal((await amtool('silence', 'query', '--expired', '-q')).trim(), id);
    assert.match(await amtool('alert', 'query'), /edge-01/);
  });

  test('reads status, receivers and groups as an Alertmanager’s', async (t) => {
    const { amtool } = await amtoolOn(t);
    assert.match(await amtool('cluster', 'show'), /Cluster Status: *disabled/i);
    assert.match(await amtool('config', 'show'), /receivers/);
  });

  test('is refused without a token, and a viewer’s token silences nothing', async (t) => {
    const { url, amtool, runtime } = await amtoolOn(t, 'viewer');
    for (const where of Object.keys(ROUTES).map((p) => p.replace('[id]', 'x'))) assert.equal((await fetch(url + where)).status, 401, where);
    await assert.rejects(run('amtool', ['alert', 'query', `--alertmanager.url=${url}`]));
    await assert.rejects(amtool('silence', 'add', 'alertname=leaking', '-c', 'quiet'));
    assert.match(await amtool('alert', 'query'), /leaking/);
    assert.deepEqual(await runtime.notify.silences(), []);
  });

  test('cannot make a silence without an end within a month, or one that a text could make slow', async (t) => {
    const { amtool } = await amtoolOn(t);
    const refused = (words: RegExp) => ({ stderr: words });
    await assert.rejects(amtool('silence', 'add', 'alertname=leaking', '-d', '90d', '-c', 'too long'), refused(/BadRequest.*30 days/));
    await assert.rejects(amtool('silence', 'add', 'node=~"(a+)+b"', '-c', 'slow'), refused(/BadRequest.*(slow|repeat)/));
    await assert.rejects(amtool('alert', 'query', 'node=~"(a+)+b"'), refused(/BadRequest.*(slow|repeat)/));
    await assert.rejects(amtool('silence', 'expire', '11111111-1111-4111-8111-111111111111'), refused(/404/));
  });

  test('asks with its other options, and takes back what it exported', async (t) => {
    const { runtime, amtool } = await amtoolOn(t);
    assert.match(await amtool('alert', 'query', 'leaking'), /edge-01/);
    assert.doesNotMatch(await amtool('alert', 'query', 'node!~edge-01', 'severity=~"warning|critical"', '-o', 'extended'), /edge-01/);
    for (const none of ['--inhibited', '--unprocessed', '--receiver=other', 'zone=b'])
      assert.equal((await amtool('alert', 'query', none, '-o', 'json')).trim(), '[]', none);
    const [soon, later] = [1, 3].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
    await amtool('silence', 'add', 'leaking', '-c', 'now');
    await amtool('silence', 'add', 'node=edge-02', '-c', 'a window', '-a', 'bo', `--start=${soon}`, `--end=${later}`);
    assert.match(await amtool('silence', 'query', 'node=edge-02'), /bo, by .*a window/);
    assert.doesNotMatch(await amtool('silence', 'query', '--within', '90m'), /a window/);
    const kept = path.join(runtime.config.dataDir, 'silences.json');
    fs.writeFileSync(kept, await amtool('silence', 'query', '-o', 'json'));
    const ids = (await amtool('silence', 'query', '-q')).trim().split('\n');
    await amtool('silence', 'expire', ...ids);
    assert.equal((await amtool('silence', 'import', kept)).trim().split('\n').length, 2);
    const back = (await runtime.notify.silences()).filter(({ state }) => state !== 'expired');
    assert.deepEqual(back.map(({ createdBy, reason }) => `${createdBy.replace(/^.*, by/, 'by')}: ${reason}`).sort(), [
      'by test operator: a window',
      'by test operator: now',
    ]);
    assert.ok(back.every(({ createdBy }) => createdBy.split(', by ').length === 2));
  });
});
