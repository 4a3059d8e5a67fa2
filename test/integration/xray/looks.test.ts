import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps, type NodeOps } from '#server/ssh/index.ts';
import { createXray } from '#server/xray/index.ts';
import type { Actor, Role } from '#shared/access.ts';
import { type NodeFds, nodeFdsSchema } from '#shared/xray.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { holdFds } from '#test/support/fd-holder.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';

const ID = 'n_1';
const actor = (role: Role): Actor => ({ kind: 'user', id: `u_${role}`, name: role, role });
const coded = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;

/** A real SSH server in front of a node whose service is what the test holds. */
async function setUp(t: TestContext, wrap: (ops: NodeOps) => Pick<NodeOps, 'xray'> & Partial<Pick<NodeOps, 'readConfig'>> = (ops) => ops) {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const { ssh, db } = await testSsh(t, server.privateKey, ID);
  await pin(db, ID, server.fingerprint());
  const member = { ...node.member, ...server.target(ID) };
  const command = createCommand({
    db,
    audit: createAudit({ db }),
    events: createEventHub({ onError: assert.ifError }),
    clock: systemClock,
  });
  const nodes = { get: async () => member };
  const xray = createXray({ db, nodes, clock: systemClock, ops: wrap(createNodeOps(ssh, systemClock)) });
  const serve = (pid: number | null) => {
    if (node.mainPid() > 1) process.kill(node.mainPid(), 'SIGKILL');
    fs.writeFileSync(path.join(node.dir, 'facts', 'pid'), pid === null ? '' : String(pid));
  };
  const look = async (role: Role = 'operator', idempotencyKey?: string): Promise<NodeFds> => {
    await command(actor(role), await xray.look(ID), { id: ID }, { idempotencyKey });
    return nodeFdsSchema.parse(await xray.view(ID));
  };
  return { db, xray, serve, look, configPath: member.configPath };
}

describe('looks at the fds of a node, over SSH', () => {
  test('two of them say what grew, by whom, and what was there before', { timeout: 120_000 }, async (t) => {
    const { serve, look, xray, db } = await setUp(t);
    assert.deepEqual(await xray.view(ID), { looks: [], look: null, comparison: null, findings: [] });
    const quiet = await holdFds(t, { pairs: 5, gone: 3 });
    serve(quiet.pid);
    const first = await look();
    assert.equal(first.look?.openFds, quiet.openFds());
    assert.equal(first.comparison, null);
    assert.match(first.findings.map(({ title }) => title).join(), /3 sockets in CLOSE_WAIT/);

    await quiet.grow(40);
    const second = await look();
    assert.equal(second.comparison?.grew, 40);
    const [most] = second.comparison?.groups ?? [];
    assert.deepEqual(
      [most?.kind, most?.state, most?.peer, most?.local, most?.before, most?.now, most?.stayed],
      ['client', 'CLOSE_WAIT', '127.0.0.1', `:${quiet.port}`, 3, 43, 3],
    );
    assert.equal(second.findings[0]?.title, '43 sockets in CLOSE_WAIT');
    assert.match(second.findings[0]?.sentence ?? '', /3 of them were open \d+ s before/);
    assert.deepEqual(
      second.looks.map(({ openFds }) => openFds),
      [quiet.openFds(), quiet.openFds() - 40],
    );
    const audited = await db.selectFrom('audit').select(['action', 'object', 'result']).execute();
    assert.deepEqual(
      audited.map(({ action, object, result }) => `${action} ${object} ${result}`),
      [`node.inspect node:${ID} ok`, `node.inspect node:${ID} ok`],
    );

    const third = await look();
    const since = nodeFdsSchema.parse(await xray.view(ID, first.look?.id));
    assert.equal(third.comparison?.grew, 0);
    assert.deepEqual([since.comparison?.since.id, since.comparison?.grew], [first.look?.id, 40]);
    await assert.rejects(xray.view(ID, 'x_never'), coded('xray.look-not-found'));
  });

  test('name an upstream by the routes of config.yaml that lead to its address', { timeout: 60_000 }, async (t) => {
    const { serve, look, configPath } = await setUp(t);
    const holder = await holdFds(t, { pairs: 4 });
    serve(holder.pid);
    fs.writeFileSync(configPath, `routes:\n  - match: app.example.com\n    backends: ["127.0.0.1:${holder.port}"]\n`);
    const upstream = (fds: NodeFds) =>
      fds.look?.groups.find(({ kind, peer }) => kind === 'upstream' && peer === `127.0.0.1:${holder.port}`);
    assert.equal(upstream(await look())?.name, 'app.example.com');
    fs.rmSync(configPath);
    const nameless = upstream(await look());
    assert.deepEqual([nameless?.count, nameless?.name], [4, undefined]);
  });

  test('need the right to inspect, and a process', { timeout: 60_000 }, async (t) => {
    const { serve, look, xray } = await setUp(t);
    await assert.rejects(look('viewer'), coded('auth.forbidden'));
    assert.equal((await xray.view(ID)).look, null);
    serve(null);
    await assert.rejects(look('admin'), coded('node.no-process'));
  });

  test('asked for at the same time are one look, kept by each who asked; the last 20 stay', { timeout: 120_000 }, async (t) => {
    let calls = 0;
    const { look, xray, db } = await setUp(t, (ops) => {
      let kept: ReturnType<NodeOps['xray']> | undefined;
      // the same answer again and again: what is tested is what is kept
      return {
        xray: (...args) => {
          calls += 1;
          kept ??= ops.xray(...args);
          return kept;
        },
      };
    });
    await Promise.all([look(), look(), look()]);
    assert.equal(calls, 1);
    for (let i = 0; i < 22; i++) await look();
    const rows = await db.selectFrom('xrayLooks').select(['id', 'seen']).orderBy('at', 'desc').execute();
    assert.equal(rows.length, 20);
    assert.deepEqual(
      rows.slice(1).map(({ seen }) => seen),
      Array.from({ length: 19 }, () => ''),
    );
    assert.equal((await xray.view(ID)).looks.length, 20);
  });

  test('repeated with one Idempotency-Key are kept once', { timeout: 60_000 }, async (t) => {
    const { look } = await setUp(t);
    await look('operator', 'once');
    assert.equal((await look('operator', 'once')).looks.length, 1);
  });
});
