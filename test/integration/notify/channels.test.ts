import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as channel from '#app/api/v1/channels/[id]/route.ts';
import * as channels from '#app/api/v1/channels/route.ts';
import { serveRoutes } from '#test/support/api-server.ts';
import { testConsole } from '#test/support/console.ts';
import { ADMIN, addChannel, SECRET, webhookTo } from './rig.ts';

describe('channels', () => {
  test('a secret is sealed, in no answer and no audit entry; who may not change channels does not see where they lead', async (t) => {
    const { runtime, token } = await testConsole(t);
    const url = await serveRoutes(t, { '/api/v1/channels': channels, '/api/v1/channels/[id]': channel });
    const ask = async (role: 'admin' | 'viewer') =>
      (await fetch(`${url}/api/v1/channels`, { headers: { authorization: `Bearer ${await token(role)}` } })).text();
    await webhookTo(runtime, 'https://hooks.example.com/a/secret-path');
    assert.match(await ask('admin'), /secret-path/);
    assert.equal((await ask('viewer')).includes('secret-path'), false);
    const row = await runtime.db.selectFrom('secrets').select('sealed').where('key', 'like', 'channel:%').executeTakeFirstOrThrow();
    const everything = [await ask('admin'), JSON.stringify(await runtime.audit.list({ limit: 50 })), row.sealed].join();
    assert.equal(everything.includes(SECRET), false);
    assert.equal(everything.includes(SECRET.slice(6)), false);
    for (const role of ['viewer', 'operator', 'approver'] as const) {
      const headers = { authorization: `Bearer ${await token(role)}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/v1/channels`, { method: 'POST', headers, body: '{}' });
      assert.equal(answer.status, 403, role);
    }
  });

  test('a secret that was given for one receiver is not sent to another', async (t) => {
    const { runtime } = await testConsole(t);
    const id = await webhookTo(runtime, 'https://hooks.example.com/a');
    const edit = (url: string, version: number, secret?: string) =>
      runtime.command(ADMIN, runtime.notify.verbs.channels.edit, {
        id,
        version,
        name: 'hook',
        target: { kind: 'webhook', url },
        ...(secret && { secret }),
      });
    await edit('https://hooks.example.com/b', 1);
    await assert.rejects(edit('https://evil.example.com/', 2), { code: 'request.invalid' });
    await edit('https://other.example.com/', 2, SECRET);
    await assert.rejects(edit('https://other.example.com/', 2, SECRET), { code: 'request.precondition-failed' });
    await runtime.command(ADMIN, runtime.notify.verbs.channels.remove, { id });
    assert.deepEqual(await runtime.db.selectFrom('secrets').select('key').where('key', 'like', 'channel:%').execute(), []);
  });

  test('leads to https, or where an admin allowed private addresses: what is not taken is told of by its field', async (t) => {
    const { runtime } = await testConsole(t);
    const closed = { allowPrivate: false, secret: SECRET };
    const hook = (url: string) => addChannel(runtime, { name: 'hook', target: { kind: 'webhook', url }, ...closed });
    await assert.rejects(hook('http://hooks.example.com/'), { code: 'channel.not-allowed' });
    await assert.rejects(hook('https://user:pass@hooks.example.com/'), { code: 'channel.not-allowed' });
    await assert.rejects(hook('file:///etc/passwd'), { code: 'request.invalid' });
    await assert.rejects(
      addChannel(runtime, { name: 'slack', target: { kind: 'slack' }, allowPrivate: false, secret: 'http://127.0.0.1/x' }),
      { code: 'channel.not-allowed' },
    );
    const id = await addChannel(runtime, { name: 'inside', target: { kind: 'webhook', url: 'https://localhost:1/' }, ...closed });
    const tested = await runtime.notify.test(id, 'ana');
    assert.match(tested.sentence, /leads to the private address .*: an admin can allow it/);
    await assert.rejects(
      hook('https://localhost/').then(() => hook('https://localhost/')),
      { code: 'channel.name-taken' },
    );
  });
});
