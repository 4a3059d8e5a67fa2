import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseFleetFile, planFleet } from '#shared/fleet-file.ts';
import { type FleetMember, nodeInputSchema } from '#shared/nodes.ts';

const member = (name: string, more: object = {}): FleetMember => ({
  ...nodeInputSchema.parse({ name, host: '10.0.0.1', user: 'sre', ...more }),
  id: `n_${name}`,
  version: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
});
const file = (nodes: string) => parseFleetFile(`nodes:\n${nodes}`);
const ONE = '  - { name: edge-1, host: 10.0.0.1, user: sre }\n';

describe('the fleet as a file', () => {
  test('what a node leaves out is the default, so a registry that says the same has nothing to do', () => {
    const plan = planFleet(file(ONE), [member('edge-1', { transport: 'ssh2', proxyJump: null })]);
    assert.deepEqual([plan.add, plan.change, plan.extra, plan.same], [[], [], [], 1]);
  });
  test('adds, changes with what differs, and what is not in the file', () => {
    const wanted = file(`${ONE}  - { name: edge-2, host: 10.0.0.2, user: sre, labels: { b: '1', a: '2' } }\n`);
    const plan = planFleet(wanted, [member('edge-2', { host: '10.0.0.9', labels: { a: '2', b: '1' } }), member('old')]);
    assert.deepEqual(
      plan.add.map((n) => n.name),
      ['edge-1'],
    );
    assert.deepEqual(
      plan.change.map(({ id, version, fields }) => ({ id, version, fields })),
      [{ id: 'n_edge-2', version: 3, fields: ['host'] }],
    );
    assert.deepEqual(
      plan.extra.map((n) => n.name),
      ['old'],
    );
  });
  test('applied to itself plans nothing, whatever the nodes', () => {
    const members = [member('a', { labels: { site: 'fra' }, sshPort: 2222 }), member('b', { metrics: { via: 'none' } })];
    const text = JSON.stringify({ nodes: members.map(({ id: _i, version: _v, createdAt: _c, ...node }) => node) });
    assert.equal(planFleet(parseFleetFile(text), members).same, 2);
  });
});

describe('a file that cannot be applied says where and why', () => {
  const refuses = (text: string, words: RegExp) => assert.throws(() => parseFleetFile(text), { name: 'FleetFileError', message: words });
  test('not YAML', () => refuses('nodes: [\n', /line \d: it is not YAML/));
  test('a key that does not exist', () => refuses('node: []\n', /the file: .*node/));
  test('a node that cannot be', () => refuses('nodes:\n  - { name: Edge, host: x, user: sre }\n', /nodes\.0\.name: must be lower case/));
  test('a field of a node that does not exist', () =>
    refuses('nodes:\n  - { name: a, host: x, user: sre, sshport: 22 }\n', /nodes\.0: .*sshport/));
  test('one name twice', () => refuses(`nodes:\n${ONE}${ONE}`, /nodes\.1\.name: edge-1 is there twice/));
  test('a pool setting that does not exist', () =>
    refuses('pool:\n  - { selector: "*", settings: { enable: false } }\n', /pool\.0\.settings/));
  test('an alias bomb', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`)
      .join('\n')}\n`;
    assert.throws(() => parseFleetFile(bomb));
  });
});
