import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { SERVERS } from '#test/support/ssh-servers.ts';

/** Many windows of a channel; a pinned Node with the bundle is three times that. Noise, so that nothing shrinks on its way. */
const BYTES = 16 * 1024 * 1024;

for (const { name, start } of SERVERS)
  test(`a release of 16 MiB reaches the helper of a prepared node through ${name} whole, and becomes current`, async (t) => {
    const node = fakeNode(t, { prepared: true });
    const server = await start(t, { env: { PATH: node.env.PATH } });
    const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
    await pin(db, 'n_1', server.fingerprint());
    const member = { ...node.member, ...server.target('n_1') };
    const ops = createNodeOps(ssh, systemClock, { helperPath: node.helperPath });
    const root = path.join(node.dir, 'opt');
    fs.mkdirSync(path.join(root, 'releases', 'old'), { recursive: true });
    fs.symlinkSync('releases/old', path.join(root, 'current'));
    const tree = path.join(node.dir, 'tree');
    fs.mkdirSync(path.join(tree, 'bin'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'bin', 'sniproxy-server'), '#!/bin/sh\n', { mode: 0o755 });
    fs.writeFileSync(path.join(tree, 'bin', 'node'), randomBytes(BYTES));
    fs.writeFileSync(path.join(tree, 'VERSION'), '2.0.0\n');
    const file = path.join(node.dir, 'release.tar.gz');
    execFileSync('/bin/sh', ['-c', 'tar -C "$1" -cf - . | gzip -1 > "$2"', 'sh', tree, file]);
    const bytes = fs.readFileSync(file);
    const asked = { runId: 'r_1', sha256: createHash('sha256').update(bytes).digest('hex') };
    const put = await ops.release(member, { ...asked, operation: 'put', bytes, timeoutMs: 60_000 });
    assert.equal(put.value.acted, true);
    await ops.release(member, { ...asked, operation: 'switch' });
    const state = (await ops.release(member, { ...asked, operation: 'state' })).value;
    assert.deepEqual([state.version, state.current], ['2.0.0', `releases/${asked.sha256}`]);
    assert.equal(fs.statSync(path.join(root, 'releases', asked.sha256, 'bin', 'node')).size, BYTES);
  });
