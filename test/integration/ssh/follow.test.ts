import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps, type Ssh } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';
import { until } from '#test/support/until.ts';
import { lineStream } from '../../../app/api/v1/nodes/[id]/logs/line-stream.ts';

test('a followed log arrives line by line as text, and ends with who follows it', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
  await pin(db, 'n_1', server.fingerprint());
  const ops = createNodeOps(ssh, systemClock);
  const log = path.join(node.dir, 'log');
  fs.writeFileSync(log, '<b>one</b>\ndata: two\n');
  fs.writeFileSync(path.join(node.dir, 'bin', 'journalctl'), `#!/bin/sh\nexec tail -n +1 -f '${log}'\n`, { mode: 0o755 });
  const member = { ...node.member, sshPort: server.port, user: server.user };

  const browser = new AbortController();
  let ended = false;
  const response = lineStream(new Request('http://x/', { signal: browser.signal }), (signal, onLine) =>
    ops.follow(member, { lines: 10, signal, onLine }).finally(() => {
      ended = true;
    }),
  );
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString('utf8');
  })();
  await until('the first lines', () => text.includes('data: data: two\n\n'));
  fs.appendFileSync(log, 'three\n');
  await until('the next line', () => text.includes('data: three\n\n'));
  assert.ok(text.includes('data: <b>one</b>\n\n'));
  assert.ok(!text.includes('headroom') && !text.includes('now='), 'the script’s own lines are not part of the log');
  browser.abort();
  await reading;
  await until('the command has ended', () => ended);
  assert.equal((await ops.probe(member, { sockets: false })).value.activeState, 'active', 'the session goes on');
});

test('a log that cannot be followed says why, and the stream ends', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const { ssh } = await testSsh(t, server.privateKey, 'n_1');
  const member = { ...node.member, sshPort: server.port, user: server.user };
  const ops = createNodeOps(ssh, systemClock);
  const response = lineStream(new Request('http://x/'), (signal, onLine) => ops.follow(member, { lines: 10, signal, onLine }));
  assert.match(await response.text(), /event: problem\ndata: The host key of node-n-1 is not approved yet/);
});

test('who follows logs leaves channels for runs: the fourth follower of a node is refused, and a place that gets free is given again', async (t) => {
  const held: (() => void)[] = [];
  const exec: Ssh['exec'] = () => new Promise((_, reject) => held.push(() => reject(new Error('left'))));
  const ops = createNodeOps(
    { exec, openTcp: notAsked, hostKey: notAsked, hostKeys: notAsked, sessions: () => 0, close: notAsked },
    systemClock,
  );
  const { member } = fakeNode(t);
  const follow = () => ops.follow(member, { lines: 10, signal: new AbortController().signal, onLine: () => {} });
  const following = Array.from({ length: 3 }, () => follow().catch(() => 'left'));
  await assert.rejects(follow(), { code: 'request.rate-limited', message: /is followed 3 times already/ });
  const elsewhere = ops.follow({ ...member, id: 'n_other' }, { lines: 10, signal: new AbortController().signal, onLine: () => {} });
  held[0]?.();
  assert.equal(await following[0], 'left');
  const next = follow().catch(() => 'left');
  for (const leave of held) leave();
  assert.equal(await next, 'left');
  await assert.rejects(elsewhere, /left/);
});

const notAsked = () => Promise.reject(new Error('not asked'));
