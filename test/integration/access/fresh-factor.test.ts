import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POST as shownCode } from '#app/api/v1/auth/step-up/route.ts';
import { POST as startRun } from '#app/api/v1/runs/route.ts';
import { addNode } from '#server/nodes/index.ts';
import { pinHostKey } from '#server/ssh/index.ts';
import type { Actor } from '#shared/access.ts';
import { codeOf, SYSTEM, withCode } from '#test/support/access.ts';
import { testConsole } from '#test/support/console.ts';

const key = (letter: string) => `SHA256:${letter.repeat(43)}`;

test('more than ten nodes at once, and another host key, take a second factor of the last ten minutes', async (t) => {
  const password = 'correct horse battery';
  const { runtime } = await testConsole(t, { HEADROOM_ADMIN_EMAIL: 'ada@example.com', HEADROOM_ADMIN_PASSWORD: password });
  const { access, command, db } = runtime;
  await access.prepare();
  const ids: string[] = [];
  for (let i = 0; i < 11; i++) {
    const node = {
      name: `edge-${i}`,
      host: '127.0.0.1',
      sshPort: 1,
      user: 'sre',
      metrics: { via: 'none' },
      labels: i < 10 ? { group: 'ten' } : {},
    };
    ids.push((await command(SYSTEM, addNode, node)).id);
  }
  const { cookies } = await access.signIn({ email: 'ada@example.com', password }, new Headers(), '192.0.2.1');
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
  const ada = async (): Promise<Actor> => {
    const actor = await access.authenticate(new Headers({ cookie }));
    assert.ok(actor);
    return actor;
  };
  const post = (route: typeof startRun, body: unknown) => {
    const headers = { cookie, 'content-type': 'application/json' };
    return route(new Request('http://127.0.0.1:3000/api/v1/x', { method: 'POST', headers, body: JSON.stringify(body) }), {
      params: Promise.resolve({}),
    });
  };
  const run = async (selector: string, dryRun = false) => {
    const answer = await (await post(startRun, { runbook: 'rolling-restart', selector, dryRun })).json();
    return answer.code ?? 'started';
  };
  const { secret } = await command(await ada(), access.accountVerbs.beginTotp, {});
  await command(await ada(), access.accountVerbs.confirmTotp, { code: codeOf(secret, Date.now()) });
  await db
    .updateTable('session')
    .set({ factorAt: Date.now() - 11 * 60_000 })
    .execute();

  assert.equal(await run('*'), 'auth.second-factor-needed');
  assert.deepEqual(await db.selectFrom('runs').select('id').execute(), []);
  assert.equal(await run('*', true), 'started');
  assert.equal(await run('group=ten'), 'started');
  const [first = ''] = ids;
  const pin = async (fingerprint: string) => command(await ada(), pinHostKey, { id: first, fingerprint, reason: 'reinstalled' });
  await pin(key('A'));
  await assert.rejects(pin(key('B')), withCode('auth.second-factor-needed'));

  assert.equal((await post(shownCode, { code: '000000' })).status, 401);
  assert.equal((await post(shownCode, { code: codeOf(secret, Date.now() + 30_000) })).status, 204);
  await pin(key('B'));
  // asked no more: what holds it now are the ten of before
  assert.equal(await run('*'), 'node.busy');
});
