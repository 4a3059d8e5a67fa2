import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '#server/config/document.ts';
import { previewImport } from '#server/nodes/index.ts';
import { IMPORT_FORMATS, importRequestSchema } from '#shared/node-import.ts';
import { labelsSchema } from '#shared/nodes.ts';
import { parseRunbookText, RunbookTextError } from '#shared/runbook-text.ts';
import { matchesGlob, matchesSelector, parseSelector } from '#shared/selector.ts';
import { yamlValue } from '#shared/yaml-value.ts';

// Texts that cost the reader more than their length. The caps are a hundred times what a laptop takes: what is quadratic or worse in them takes minutes.
const CAP_MS = 8000;

function bounded<T>(what: string, work: () => T): T {
  const started = performance.now();
  const result = work();
  const ms = performance.now() - started;
  assert.ok(ms < CAP_MS, `${what} took ${Math.round(ms)} ms`);
  return result;
}

const HEAD = '---\nkey: a\ntitle: t\nsummary: s\n---\n';
const inStep = (params: string) => `${HEAD}## A\n\`\`\`step\nkind: note\nparams:\n${params}\n\`\`\`\n`;
const many = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('\n');
const LAUGHS = `  a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghij'].map((c, i) => `  ${c}: &${c} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(', ')}]`).join('\n')}`;
const LONG = 200_000;

const YAML_BOMBS: Record<string, string> = {
  'a billion laughs': LAUGHS,
  'an alias of itself': '  a: &a [*a]',
  'a thousand aliases': `  a: &a 1\n${many(1000, (i) => `  k${i}: *a`)}`,
  'brackets in brackets': `  a: ${'['.repeat(LONG)}`,
  'maps in maps': `  a: ${'{b: '.repeat(LONG / 4)}`,
  'dashes in dashes': `  a:\n    ${'- '.repeat(LONG / 2)}`,
  'questions in questions': `  a:\n    ${'? '.repeat(LONG / 2)}`,
  'one key again and again': many(20_000, () => '  k: 1'),
};

describe('texts that cost more than their length', () => {
  for (const [what, params] of Object.entries(YAML_BOMBS)) {
    test(`a runbook with ${what} is refused, in words`, () => {
      assert.throws(() => bounded(what, () => parseRunbookText(inStep(params).slice(0, 255 * 1024))), RunbookTextError);
    });
    test(`a config and an inventory with ${what} are read no further`, () => {
      bounded(what, () => parseConfig(Buffer.from(`pool:\n${params}`)));
      bounded(what, () => previewImport(importRequestSchema.parse({ format: 'ansible-yaml', text: `all:\n${params}` }), []));
      assert.equal(bounded(what, () => yamlValue(`pool:\n${params}`)).ok, false);
    });
  }

  test('twenty thousand keys are twenty thousand steps', () => {
    assert.ok(bounded('keys', () => yamlValue(many(20_000, (i) => `k${i}: 1`))).ok);
  });

  test('lines of a runbook that a pattern could try in many ways are read once', () => {
    for (const line of [
      `# ${' '.repeat(LONG)}x${' '.repeat(20_000)}y`,
      `# a${' #'.repeat(LONG / 2)}x`,
      `# ${'#'.repeat(LONG)}x`,
      `#${'\t'.repeat(LONG)}\u2028`,
      `\`\`\`${' '.repeat(LONG)}\u0000`,
    ])
      assert.throws(() => bounded(JSON.stringify(line.slice(0, 12)), () => parseRunbookText(`${HEAD}${line}\n`)), RunbookTextError);
  });

  test('a selector costs pattern times text, whatever its stars', () => {
    const stars = `${'*a'.repeat(126)}b`;
    let steps = 0;
    const counted = new Proxy(Object(`${'a'.repeat(253)}`), {
      get: (target, key) => {
        steps++;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    assert.equal(matchesGlob(stars, counted), false);
    assert.ok(steps < 4 * stars.length * 253, `${steps} steps`);
    for (const text of [`name~${stars}`, 'a '.repeat(10_000), ' '.repeat(20_000), `name=${'a,'.repeat(10_000)}`, '!'.repeat(20_000)])
      bounded(text.slice(0, 12), () => parseSelector(text));
  });

  test('an import that names many hosts many ways is bounded in every format', () => {
    const texts = {
      hosts: many(15_000, (i) => `Host h${i} *a*b*c*`),
      plain: many(15_000, (i) => `Host h${i}`),
      quotes: '"'.repeat(LONG),
      brackets: 'web[1:999999999]'.repeat(100),
      ranges: 'a[1:9]'.repeat(2000),
      stars: `Host ${'*'.repeat(50_000)}\nHost ${'a'.repeat(50_000)}`,
      lines: '\n'.repeat(900_000),
    };
    for (const format of IMPORT_FORMATS)
      for (const [what, text] of Object.entries(texts))
        bounded(`${format} ${what}`, () => previewImport(importRequestSchema.parse({ format, text }), []));
  });
});

describe('names that mean something to JavaScript', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
  const isClean = () => {
    const plain: Record<string, unknown> = {};
    assert.deepEqual([plain.polluted, Object.keys(Object.prototype), Object.keys(Array.prototype)], [undefined, [], []]);
  };

  test('as labels match what is written there, and nothing that every object has', () => {
    for (const name of NAMES) {
      const parsed = parseSelector(name);
      if (parsed.ok) assert.equal(matchesSelector(parsed.selector, { id: 'n', name: 'n', labels: {}, facts: {} }), false, name);
    }
    const labels = labelsSchema.safeParse(JSON.parse('{"__proto__":{"polluted":"1"}}')).data ?? {};
    assert.deepEqual([Object.keys(labels), Object.getPrototypeOf(labels)], [[], Object.prototype]);
    isClean();
  });

  test('in JSON and YAML are keys like others, or refused', () => {
    const yaml = yamlValue('__proto__:\n  polluted: 1\nconstructor:\n  prototype:\n    polluted: 1\n');
    assert.ok(yaml.ok);
    try {
      parseRunbookText(inStep('  __proto__: {polluted: 1}\n  constructor: {prototype: {polluted: 1}}'));
    } catch (error) {
      assert.ok(error instanceof RunbookTextError);
    }
    parseConfig(Buffer.from('__proto__:\n  polluted: 1\n'));
    for (const format of IMPORT_FORMATS)
      for (const text of [
        'Host __proto__\n  HostName x\n',
        '[__proto__:vars]\npolluted=1\n[__proto__]\nh1\n',
        '__proto__:\n  hosts:\n    __proto__:\n      polluted: 1\n',
        'name,host,__proto__\na,b,c\n',
      ])
        previewImport(importRequestSchema.parse({ format, text }), []);
    isClean();
  });
});
