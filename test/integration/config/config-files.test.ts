import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createConfigFiles } from '#server/config/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { changePreviewSchema } from '#shared/changes.ts';
import { nodeConfigSchema } from '#shared/nodes.ts';
import { testDatabase } from '#test/support/database.ts';
import { fakeNode, setFact } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';
import { registerNode } from '#test/support/ssh-client.ts';

async function setUp(t: TestContext, ids = ['n_1']) {
  const db = await testDatabase(t);
  const nodes = ids.map((id) => fakeNode(t, { id }));
  for (const id of ids) await registerNode(db, id);
  const [first] = nodes;
  assert.ok(first);
  const members = nodes.map((node) => node.member);
  const configFiles = createConfigFiles({
    ...{ db, clock: systemClock, ops: createNodeOps(localSsh({ env: first.env }), systemClock) },
    nodes: {
      get: async (id) => members.find((member) => member.id === id) ?? assert.fail(id),
      match: async (selector) => (selector === 'none' ? [] : members),
      explain: async () => 'No node has the label zoen.',
    },
  });
  return { db, configFiles, nodes, node: first };
}

test('a config is read with its findings; the first one seen is agreed, another one is drift', async (t) => {
  const { db, configFiles, node } = await setUp(t);
  assert.equal(await configFiles.agreed('n_1'), null);
  const config = nodeConfigSchema.parse(await configFiles.read('n_1'));
  assert.equal(config.text, fs.readFileSync(node.configPath, 'utf8'));
  assert.equal(config.poolEnabled, true);
  assert.equal(config.drift, false);
  assert.equal(config.findings.filter((finding) => finding.severity === 'warning').length, 2);
  assert.equal(await configFiles.agreed('n_1'), config.sha256);
  fs.appendFileSync(node.configPath, '# by hand\n');
  setFact(node, 'sudo', `  ada : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/vim ${node.configPath}\n`);
  const changed = await configFiles.read('n_1');
  assert.equal(changed.drift, true);
  assert.ok(Math.abs(Date.parse(changed.changed?.at ?? '') - Date.now()) < 60_000);
  assert.deepEqual([changed.changed?.by, changed.changed?.command], ['ada', `/usr/bin/vim ${node.configPath}`]);
  await configFiles.note('n_1', changed.sha256);
  assert.equal(await configFiles.agreed('n_1'), config.sha256, 'only the first is agreed by itself');
  await configFiles.agree(db, 'n_1', changed.sha256);
  assert.equal((await configFiles.read('n_1')).drift, false);
});

test('a config that is not YAML is still shown, with what is wrong', async (t) => {
  const { configFiles, node } = await setUp(t);
  fs.writeFileSync(node.configPath, 'listen_addrs: [\n  : :');
  const config = await configFiles.read('n_1');
  assert.equal(config.poolEnabled, null);
  assert.equal(config.findings[0]?.severity, 'error');
  assert.equal(config.findings[0]?.line, 2);
});

test('a preview shows each node’s own diff or its own problem, and writes nothing', async (t) => {
  const { configFiles, nodes, node } = await setUp(t, ['n_1', 'n_2', 'n_3']);
  const [, second, third] = nodes;
  assert.ok(second && third);
  fs.writeFileSync(second.configPath, 'a: [\n');
  fs.rmSync(third.configPath);
  const before = fs.readFileSync(node.configPath);
  const preview = changePreviewSchema.parse(await configFiles.preview('all', { enabled: false }));
  assert.deepEqual(
    preview.nodes.map((one) => [one.nodeId, one.ok]),
    [
      ['n_1', true],
      ['n_2', false],
      ['n_3', false],
    ],
  );
  const [good, broken, missing] = preview.nodes;
  assert.deepEqual(
    good?.diff.filter((line) => line.kind !== 'same').map((line) => line.text),
    ['  enabled: true # as it was', '  enabled: false # as it was'],
  );
  assert.equal(good?.changedBytes, 5);
  assert.notEqual(good?.sha256Before, good?.sha256After);
  assert.match(broken?.problem ?? '', /config\.yaml: it is not valid YAML/);
  assert.match(missing?.problem ?? '', /is not there/);
  assert.ok(fs.readFileSync(node.configPath).equals(before));
  await assert.rejects(configFiles.preview('none', {}), (error) => isHeadroomError(error) && error.code === 'selector.no-match');
});
