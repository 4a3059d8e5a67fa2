import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { METRICS } from '#contract/index.ts';
import { isOfNodes, PERMISSIONS, type Permission, ROLES, roleMay } from '#shared/roles.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');
const sources = (pattern: RegExp) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => pattern.test(file) && fs.existsSync(path.join(root, file)))
    .map((file) => [file, read(file)] as const);
const operations = read('docs/operations.md');

describe('the permissions', () => {
  /** `token.read`, `token.write` * | see tokens | admin */
  const rows = [...operations.matchAll(/^\| ((?:`[a-z]+\.[a-z-]+`(?:, )?)+)( \*)? \| (.+) \| (\w+) \|$/gm)].flatMap(
    ([, names = '', star, , from = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ name, whole: star !== undefined, from })),
  );

  test('docs/operations.md tells each once, with the least role that has it, and whether a grant for some nodes gives it', () => {
    assert.deepEqual(rows.map(({ name }) => name).toSorted(), [...PERMISSIONS].toSorted());
    const isPermission = (name: string): name is Permission => PERMISSIONS.some((known) => known === name);
    for (const { name, whole, from } of rows) {
      assert.ok(isPermission(name));
      assert.equal(
        from,
        ROLES.find((role) => roleMay(role, name)),
        name,
      );
      assert.equal(whole, !isOfNodes(name), `${name}: * is for what only a grant everywhere gives`);
    }
  });

  test('each is asked for somewhere: at a route, or by a verb', () => {
    const doors = sources(/^(app\/.*route\.ts|lib\/server\/.*\.ts)$/).map(([, text]) => text);
    assert.deepEqual(
      PERMISSIONS.filter((name) => !doors.some((text) => text.includes(`'${name}'`))),
      [],
    );
  });
});

describe('the metrics', () => {
  const own = sources(/^lib\/server\/.*\.ts$/).flatMap(([, text]) =>
    [...text.matchAll(/\bname: '(headroom_\w+)'/g)].map(([, name = '']) => name),
  );
  const rules = read('deploy/prometheus-rules.yml');
  const dashboard = read('deploy/grafana-dashboard.json');
  const recorded = [...rules.matchAll(/record: (\S+)/g)].map(([, name = '']) => name);
  const exported = new Map<string, readonly string[]>(
    Object.entries(METRICS).map(([name, spec]) => [name, Object.keys(('labels' in spec && spec.labels) || {})]),
  );
  const STANDARD = [
    'process_open_fds',
    'process_max_fds',
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'process_start_time_seconds',
  ];
  /** What a scrape adds, and what the proxy says of which of its workers it is. */
  const TARGET_LABELS = ['node', 'job', 'instance', 'worker', 'le'];
  const isKnown = (name: string) => {
    const family = name.replace(/_(bucket|sum|count)$/, '');
    return [name, family].some((n) => exported.has(n) || own.includes(n) || recorded.includes(n) || STANDARD.includes(n));
  };

  test('of the console are in docs/operations.md, and no other', () => {
    const told = [...operations.matchAll(/^\| `(headroom_\w+)` \| .{5,} \|$/gm)].map(([, name]) => name);
    assert.ok(own.length >= 7);
    assert.deepEqual(told.toSorted(), own.toSorted());
  });

  test('that rules, dashboard and guides name are exported by the proxy or the console, or recorded by a rule', () => {
    const unknown: string[] = [];
    const texts = [
      ...sources(/^(docs\/.*|proxy-core\/.*|README)\.md$/),
      ['the rules', rules] as const,
      ['the dashboard', dashboard] as const,
    ];
    let seen = 0;
    for (const [file, text] of texts)
      for (const [name] of text.matchAll(/\b(?:sniproxy[_:]|headroom_(?!via\b)|process_)[a-z0-9_]+\b/g)) {
        seen += 1;
        if (!isKnown(name)) unknown.push(`${file}: ${name}`);
      }
    assert.ok(seen > 60, `${seen} names were found`);
    assert.deepEqual(unknown, []);
  });

  test('are asked for labels that they have', () => {
    const unknown: string[] = [];
    let seen = 0;
    for (const text of [rules, dashboard.replaceAll('\\"', '"')])
      for (const [, name = '', matchers = ''] of text.matchAll(/\b(sniproxy_\w+)\{([^}]*)\}/g))
        for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]~?/g)) {
          seen += 1;
          if (![...(exported.get(name) ?? []), ...TARGET_LABELS].includes(label)) unknown.push(`${name}{${label}}`);
        }
    assert.ok(seen > 8, `${seen} labels were found`);
    assert.deepEqual(unknown, []);
  });
});
