import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import * as fleetRoute from '#app/api/v1/fleet/route.ts';
import * as incidentsRoute from '#app/api/v1/incidents/route.ts';
import * as checkRoute from '#app/api/v1/nodes/[id]/check/route.ts';
import * as importRoute from '#app/api/v1/nodes/import/route.ts';
import * as nodesRoute from '#app/api/v1/nodes/route.ts';
import * as abortRoute from '#app/api/v1/runs/[id]/abort/route.ts';
import * as runRoute from '#app/api/v1/runs/[id]/route.ts';
import * as allowRoute from '#app/api/v1/runs/allow/route.ts';
import * as runsRoute from '#app/api/v1/runs/route.ts';
import * as stopRoute from '#app/api/v1/runs/stop-all/route.ts';
import { headroom } from '#cli/headroom.ts';
import { serveRoutes } from '#test/support/api-server.ts';
import { testConsole } from '#test/support/console.ts';

/** The console's own routes over HTTP, and the command line that asks them. */
async function place(t: TestContext) {
  const { token } = await testConsole(t);
  const url = await serveRoutes(t, {
    '/api/v1/fleet': fleetRoute,
    '/api/v1/nodes': nodesRoute,
    '/api/v1/nodes/import': importRoute,
    '/api/v1/nodes/[id]/check': checkRoute,
    '/api/v1/runs': runsRoute,
    '/api/v1/runs/stop-all': stopRoute,
    '/api/v1/runs/allow': allowRoute,
    '/api/v1/runs/[id]': runRoute,
    '/api/v1/runs/[id]/abort': abortRoute,
    '/api/v1/incidents': incidentsRoute,
  });
  const admin = await token('admin');
  const cli = async (words: string[], key = admin) => {
    const answer = await headroom(words, { env: { HEADROOM_URL: url, HEADROOM_TOKEN: key }, terminal: true });
    return { ...answer, text: answer.lines.join('\n') };
  };
  return { cli, token };
}

describe('the command line and the console', () => {
  test('nodes are added, imported, shown and checked', async (t) => {
    const { cli } = await place(t);
    assert.match((await cli(['nodes', 'ls'])).text, /No nodes yet/);
    const added = await cli(['nodes', 'add', 'edge-1', '--host', '127.0.0.1', '--port', '1', '--user', 'sre', '--label', 'group=edge']);
    assert.equal(added.code, 0, added.text);
    assert.equal((await cli(['nodes', 'add', 'edge-1', '--host', '127.0.0.1', '--user', 'sre'])).code, 2, 'the name is taken');
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-'));
    t.after(() => fs.rmSync(dir, { recursive: true }));
    fs.writeFileSync(path.join(dir, 'config'), 'Host edge-2\n  HostName 10.0.0.2\n  User sre\n');
    const looked = await cli(['nodes', 'import', path.join(dir, 'config')]);
    assert.deepEqual([looked.code, /\+ +edge-2 +sre@10\.0\.0\.2:22/.test(looked.text)], [1, true], looked.text);
    assert.equal((await cli(['nodes', 'import', path.join(dir, 'config'), '--yes'])).code, 0);
    assert.equal((await cli(['nodes', 'import', path.join(dir, 'config')])).code, 0, 'nothing is left to do');
    assert.match(
      (await cli(['nodes', 'ls', 'group=edge'])).text,
      /^NODE[^\n]*\nedge-1 +unknown[^\n]*\n\n! edge-1 unknown: Not asked yet\.\n\n1 node, 0 leaking/,
    );
    const check = await cli(['nodes', 'check', 'edge-1']);
    assert.deepEqual([check.code, /fail +[\s\S]*edge-1 is not ready/.test(check.text)], [1, true], check.text);
  });

  test('runs are started, shown, aborted, stopped and allowed; refusals have their code', async (t) => {
    const { cli, token } = await place(t);
    await cli(['nodes', 'add', 'edge-1', '--host', '127.0.0.1', '--port', '1', '--user', 'sre']);
    const none = await cli(['runs', 'start', 'fd-leak', 'name=edge-9']);
    assert.deepEqual([none.code, /selector\.no-match/.test(none.text)], [2, true]);
    const started = JSON.parse((await cli(['runs', 'start', 'fd-leak', 'name=edge-1', '--auto-gates', '--json'])).text);
    assert.equal(started.strategy.gates, 'auto');
    assert.match((await cli(['runs', 'ls', '--all'])).text, /fd-leak/);
    const aborted = await cli(['runs', 'abort', started.id]);
    assert.ok(aborted.code === 0 || /run\.wrong-state/.test(aborted.text), aborted.text);
    assert.equal((await cli(['runs', 'stop-all', 'a', 'test'])).code, 0);
    const stopped = await cli(['runs', 'start', 'fd-leak', 'name=edge-1']);
    assert.deepEqual([stopped.code, /runs\.stopped[\s\S]*headroom runs allow/.test(stopped.text)], [2, true], stopped.text);
    assert.match((await cli(['runs', 'ls'])).text, /ALL RUNS ARE STOPPED by .*: a test/);
    assert.equal((await cli(['runs', 'stop-all', 'x'], await token('viewer'))).code, 4);
    assert.equal((await cli(['runs', 'allow'])).code, 0);
    assert.deepEqual((await cli(['incidents', 'ls'])).lines, ['No incident is open.']);
    assert.equal((await cli(['incidents', 'ack', 'INC-1'])).code, 2);
  });
});
