import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { previewImport } from '#server/nodes/index.ts';
import { type ImportFormat, importRequestSchema } from '#shared/node-import.ts';
import { type FleetMember, nodeInputSchema } from '#shared/nodes.ts';
import { cpuMs } from '#test/support/cpu-time.ts';

const read = (format: ImportFormat, text: string, registry: FleetMember[] = [], defaults: object = { user: 'sre' }) =>
  previewImport(importRequestSchema.parse({ format, text, defaults }), registry);
const short = (plan: ReturnType<typeof read>) => plan.rows.map(({ name, action, address }) => `${action} ${name} ${address}`);
const member = (name: string, host: string): FleetMember => ({
  ...nodeInputSchema.parse({ name, host, user: 'sre', labels: { zone: 'eu' } }),
  ...{ id: `n_${name}`, version: 3, createdAt: '2026-01-01T00:00:00.000Z' },
});

describe('ssh_config', () => {
  test('names become nodes; patterns and negations give values, the first that fits wins', () => {
    const plan = read(
      'ssh-config',
      [
        'Host edge-01 edge-02',
        '  HostName %h.example',
        '  Port=2222',
        'Host db-01',
        '  HostName "10.0.0.9"',
        '  ProxyJump bastion',
        'Host bastion',
        '  User jumper',
        '  HostName 10.0.0.1',
        'Host edge-* !edge-02',
        '  User deploy',
        'Host *',
        '  Port 22',
        '  User sre # all others',
      ].join('\r\n'),
    );
    assert.deepEqual(short(plan), [
      'add edge-01 deploy@edge-01.example:2222',
      'add edge-02 sre@edge-02.example:2222',
      'add db-01 sre@10.0.0.9:22 through jumper@10.0.0.1:22',
      'add bastion jumper@10.0.0.1:22',
    ]);
    assert.deepEqual(plan.problems, []);
  });

  test('what is not evaluated is said with its line, never guessed', () => {
    const plan = read('ssh-config', 'Include other\nHost a\n Port 99999\n ProxyCommand nc %h\nMatch user x\n User y\nHost "b\n');
    assert.deepEqual(
      plan.problems.map(({ line, severity }) => [line, severity]),
      [
        [1, 'note'],
        [3, 'error'],
        [4, 'note'],
        [5, 'note'],
        [7, 'error'],
      ],
    );
    assert.match(plan.problems[1]?.message ?? '', /^Port is "99999": it should be 1 to 65535/);
    assert.deepEqual(short(plan), ['invalid a sre@a:22'], 'nor is it reached at a port that nobody wrote');
  });

  test('a pattern of many stars is matched in bounded time', () => {
    const startedAt = cpuMs();
    read('ssh-config', `Host ${'*a'.repeat(200)}b ${'a'.repeat(300)}\n User x\nHost ${'a'.repeat(60)}`);
    assert.ok(cpuMs() - startedAt < 1000);
  });
});

const INI = `
mail.example ansible_host=10.0.0.3

[edge]
web[01:03].example ansible_port=2200
web02.example ansible_user=other

[edge:vars]
ansible_user = deploy
headroom_labels="zone=eu canary"

[core]
db-[a:b]

[prod:children]
edge
core

[prod:vars]
ansible_user=sre
headroom_unit=proxy # for all
`;
const YAML = `
all:
  vars: { ansible_user: sre }
  children:
    edge:
      hosts:
        web[01:02].example:
          ansible_port: 2200
        web02.example: { ansible_user: other }
      vars: { ansible_user: deploy }
    core:
      hosts: { db-a: null, db-b: }
`;

describe('Ansible inventories', () => {
  test('INI: ranges, group variables and children count as in Ansible; the nearer wins', () => {
    const plan = read('ansible-ini', INI);
    assert.deepEqual(short(plan), [
      'add mail.example sre@10.0.0.3:22',
      'add web01.example deploy@web01.example:2200',
      'add web02.example other@web02.example:2200',
      'add web03.example deploy@web03.example:2200',
      'add db-a sre@db-a:22',
      'add db-b sre@db-b:22',
    ]);
    assert.deepEqual(plan.problems, []);
  });

  test('YAML: the same', () => {
    assert.deepEqual(short(read('ansible-yaml', YAML)), [
      'add web01.example deploy@web01.example:2200',
      'add web02.example other@web02.example:2200',
      'add db-a sre@db-a:22',
      'add db-b sre@db-b:22',
    ]);
  });

  test('groups become labels, a ProxyJump the jump host', () => {
    const text =
      '[edge]\na ansible_ssh_common_args="-o ProxyJump=ops@bastion:2022 -o LogLevel=QUIET"\n[edge:vars]\nheadroom_labels=zone=eu';
    const before = read('ansible-ini', text, [member('a', 'a')]).rows[0];
    assert.deepEqual(before?.changes, [
      { field: 'labels', before: 'zone=eu', after: 'edge zone=eu' },
      { field: 'transport', before: 'ssh2', after: 'openssh' },
      { field: 'proxyJump', before: 'none', after: 'ops@bastion:2022' },
    ]);
  });

  test('a host with a value that cannot be used is no node, not one with a guess in its place', () => {
    const ini = read('ansible-ini', 'a ansible_port=ssh\nb ansible_host="{{ ip }}"\nc\n[g]\nd\n[g:vars]\nansible_port=0');
    assert.deepEqual(
      ini.rows.map(({ name, action }) => `${action} ${name}`),
      ['invalid a', 'invalid b', 'add c', 'invalid d'],
    );
    const yaml = read('ansible-yaml', 'all:\n  hosts:\n    a: { ansible_host: !vault x }\n    b: { ansible_port: [1] }\n    c:');
    assert.deepEqual(
      yaml.rows.map(({ name, action }) => `${action} ${name}`),
      ['invalid a', 'invalid b', 'add c'],
    );
  });

  for (const [what, format, text, line, words] of [
    ['a range the wrong way round', 'ansible-ini', 'web[9:1]', 1, /range \[9:1\].*smaller first/],
    ['a range of very many', 'ansible-ini', 'web[1:999999]', 1, /more than 2000 hosts/],
    ['a template', 'ansible-ini', 'web ansible_host="{{ ip }}"', 1, /is a template/],
    ['a section that is none', 'ansible-ini', '[edge:what]\nx', 1, /is no section/],
    ['a group in itself', 'ansible-ini', '[a:children]\nb\n[b:children]\na', 1, /contains itself/],
    ['an open quote', 'ansible-ini', '\nweb x="1', 2, /quote that is not closed/],
    ['a wrong key', 'ansible-yaml', 'all:\n  host:\n    a:', 2, /"host" in the group "all" is not known/],
    ['broken YAML', 'ansible-yaml', 'all: [', 1, /cannot be read as YAML/],
    ['an encrypted value', 'ansible-yaml', 'all:\n  hosts:\n    a:\n      ansible_host: !vault x', 4, /ansible_host is not a plain value/],
    ['a list for hosts', 'ansible-yaml', 'all:\n  hosts:\n    - a', 3, /is no mapping/],
  ] as const) {
    test(`${what} is said with its line`, () => {
      const { problems } = read(format, text);
      const problem = problems.find(({ message }) => words.test(message));
      assert.equal(problem?.line, line, JSON.stringify(problems));
    });
  }

  test('aliases that multiply end in a bounded time', () => {
    const bomb = ['a: &a {hosts: {x: }}', ...Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} {children: {p: *a, q: *a}}`)].join('\n');
    const startedAt = cpuMs();
    read('ansible-yaml', bomb);
    assert.ok(cpuMs() - startedAt < 2000);
  });
});

describe('CSV', () => {
  test('columns by name, quotes, line breaks in cells, semicolons', () => {
    const plan = read('csv', 'Name;Host;SSH port;labels\r\n"a";"10.0.0.1";2200;"zone=eu\ncanary"\nb;b.example;;\n');
    assert.deepEqual(short(plan), ['add a sre@10.0.0.1:2200', 'add b sre@b.example:22']);
    assert.deepEqual(
      plan.rows.map(({ line }) => line),
      [2, 4],
    );
  });

  test('wrong cells, columns and counts are said with their line', () => {
    const plan = read('csv', 'name,host,colour\na,10.0.0.1\nb,10.0.0.2,red\nc,,x\n"d');
    assert.deepEqual(
      plan.problems.map(({ line, severity }) => `${line} ${severity}`),
      ['1 note', '2 error', '5 error'],
    );
    assert.match(read('csv', 'host,user\nx,y').problems[0]?.message ?? '', /no column "name"/);
  });
});

describe('the plan', () => {
  test('adds, changes, same, conflicts and what is no node are told apart', () => {
    const registry = [member('edge-01', '10.0.0.1'), member('edge-02', '10.0.0.2'), member('edge-09', '10.0.0.9')];
    const plan = read(
      'csv',
      'name,host,user\nedge-01,10.0.0.1,\nedge-02,10.0.0.22,root\nnew,10.0.0.5,\nnew,10.0.0.6,\ntwin,10.0.0.9,\nBAD_NAME,10.0.0.7,\nodd,10.0.0.8,-x\n',
      registry,
    );
    assert.deepEqual(
      plan.rows.map(({ action }) => action),
      ['same', 'change', 'add', 'conflict', 'conflict', 'invalid', 'invalid'],
    );
    assert.deepEqual(plan.counts, { add: 1, change: 1, same: 1, 'left-out': 0, conflict: 2, invalid: 2 });
    assert.deepEqual(plan.rows[1]?.changes, [
      { field: 'host', before: '10.0.0.2', after: '10.0.0.22' },
      { field: 'user', before: 'sre', after: 'root' },
    ]);
    assert.match(plan.rows[3]?.problems[0] ?? '', /stands in line 4 already/);
    assert.match(plan.rows[4]?.problems[0] ?? '', /is the node edge-09 already/);
    assert.match(plan.rows[5]?.problems[0] ?? '', /^name is "BAD_NAME": must be lower case/);
    assert.match(plan.rows[6]?.problems[0] ?? '', /^user is "-x": must be a Unix user name/);
  });

  test('without a user anywhere the host is no node, and the message says so', () => {
    const plan = read('csv', 'name,host\na,10.0.0.1', [], {});
    assert.match(plan.rows[0]?.problems[0] ?? '', /^user is missing/);
  });
});

test('a host that was unticked is left out, and takes nobody’s name or address', () => {
  const request = importRequestSchema.parse({
    format: 'csv',
    text: 'name,host\na,10.0.0.1\nb,10.0.0.1',
    defaults: { user: 'sre' },
    leaveOut: ['a'],
  });
  assert.deepEqual(
    previewImport(request, []).rows.map(({ name, action }) => [name, action]),
    [
      ['a', 'left-out'],
      ['b', 'add'],
    ],
  );
});
