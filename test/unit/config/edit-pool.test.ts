import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type Edit, editPool, readPool } from '#server/config/index.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { PoolSettings } from '#shared/runs.ts';

const edited = (text: string, settings: PoolSettings = { enabled: false }) => editPool(Buffer.from(text), settings).bytes.toString('utf8');
const refused = (text: string, words: RegExp, settings: PoolSettings = { enabled: false }) =>
  assert.throws(
    () => editPool(Buffer.from(text), settings),
    (error) => isHeadroomError(error) && error.code === 'config.invalid' && words.test(error.message),
    JSON.stringify(text),
  );

describe('one changed scalar', () => {
  for (const [what, before, after] of [
    [
      'comments and order',
      '# a\nconnection_pool: # b\n  # c\n  enabled: true   # d\n  max_per_host: 5\nz: 1\n',
      '# a\nconnection_pool: # b\n  # c\n  enabled: false   # d\n  max_per_host: 5\nz: 1\n',
    ],
    [
      'CRLF and a byte order mark',
      '\ufeffa: 1\r\nconnection_pool:\r\n    enabled: true\r\n',
      '\ufeffa: 1\r\nconnection_pool:\r\n    enabled: false\r\n',
    ],
    ['no newline at the end', 'connection_pool:\n  enabled: true', 'connection_pool:\n  enabled: false'],
    ['flow style', 'connection_pool: { max_per_host: 1, enabled: true, }\n', 'connection_pool: { max_per_host: 1, enabled: false, }\n'],
    ['JSON', '{"connection_pool": {"enabled": true}}', '{"connection_pool": {"enabled": false}}'],
    ['True', 'connection_pool:\n  enabled: True\n', 'connection_pool:\n  enabled: false\n'],
    ['a quoted true, which is text', 'connection_pool:\n  enabled: "true"\n', 'connection_pool:\n  enabled: false\n'],
    ['on, which is text', 'connection_pool:\n  enabled: on\n', 'connection_pool:\n  enabled: false\n'],
    ['an anchor that nothing uses', 'connection_pool: &p\n  enabled: &e true\n', 'connection_pool: &p\n  enabled: &e false\n'],
    [
      'the same key in other sections',
      'a:\n  enabled: true\nconnection_pool:\n  enabled: true\nmetrics:\n  enabled: true\n',
      'a:\n  enabled: true\nconnection_pool:\n  enabled: false\nmetrics:\n  enabled: true\n',
    ],
    [
      'a key without a value',
      'connection_pool:\n  enabled:\n  max_per_host: 5\n',
      'connection_pool:\n  enabled: false\n  max_per_host: 5\n',
    ],
    ['wide characters before it', 'a: "äöü😀"\nconnection_pool:\n  enabled: true\n', 'a: "äöü😀"\nconnection_pool:\n  enabled: false\n'],
  ] as const)
    test(`keeps ${what}`, () => assert.equal(edited(before), after));

  test('is no edit at all when the value is there already', () => {
    for (const text of ['connection_pool:\n  enabled: false # off\n', 'connection_pool: {enabled: False}'])
      assert.deepEqual(editPool(Buffer.from(text), { enabled: false }), { bytes: Buffer.from(text), edits: [] });
  });

  test('says where it was, in bytes', () => {
    const text = 'a: "äöü😀"\nconnection_pool:\n  enabled: true\n';
    const { edits } = editPool(Buffer.from(text), { enabled: false });
    assert.deepEqual(edits, [{ from: Buffer.from(text).indexOf('true'), to: Buffer.from(text).indexOf('true') + 4, text: 'false' }]);
  });
});

describe('what is missing is inserted in the file’s own style', () => {
  for (const [what, before, after] of [
    [
      'a key',
      'connection_pool:\n    max_per_host: 3 # c\n\n# next\nb: 1\n',
      'connection_pool:\n    max_per_host: 3 # c\n    enabled: false\n\n# next\nb: 1\n',
    ],
    [
      'a key after a list',
      'connection_pool:\n  x:\n    - 1\n    - 2\nb: 1\n',
      'connection_pool:\n  x:\n    - 1\n    - 2\n  enabled: false\nb: 1\n',
    ],
    ['a key in flow style', 'connection_pool: {max_per_host: 3}\n', 'connection_pool: {max_per_host: 3, enabled: false}\n'],
    ['a section', 'a:\n    b: 1\n', 'a:\n    b: 1\nconnection_pool:\n    enabled: false\n'],
    ['a section set apart as the others are', 'a: 1\n\nb:\n  c: 1\n', 'a: 1\n\nb:\n  c: 1\n\nconnection_pool:\n  enabled: false\n'],
    ['a section with CRLF', 'a: 1\r\nb: 2\r\n', 'a: 1\r\nb: 2\r\nconnection_pool:\r\n  enabled: false\r\n'],
    ['a section without a newline at the end', 'a: 1', 'a: 1\nconnection_pool:\n  enabled: false'],
    ['a section before the end mark', '---\na: 1\n...\n', '---\na: 1\nconnection_pool:\n  enabled: false\n...\n'],
    ['a section that is only named', 'connection_pool: # later\nb: 1\n', 'connection_pool: # later\n  enabled: false\nb: 1\n'],
    ['a section that is null', 'connection_pool: ~ # none\n', 'connection_pool: { enabled: false } # none\n'],
    ['a section in an empty file', '', 'connection_pool:\n  enabled: false\n'],
    ['a section in a file of comments', '# only\n', '# only\nconnection_pool:\n  enabled: false\n'],
  ] as const)
    test(what, () => assert.equal(edited(before), after));

  test('several keys keep their order', () =>
    assert.equal(
      edited('connection_pool:\n  enabled: true\n', { enabled: false, max_per_host: 7, idle_timeout: 9 }),
      'connection_pool:\n  enabled: false\n  max_per_host: 7\n  idle_timeout: 9\n',
    ));
});

describe('refused, in a sentence, rather than changing something else', () => {
  for (const [what, text, words] of [
    ['not YAML', 'listen_addrs: [\n  : :', /not valid YAML: .*line 2, column/],
    ['a tab as indentation', 'a:\n\tb: 1\n', /not valid YAML/],
    ['two documents', 'a: 1\n---\nb: 1\n', /not valid YAML/],
    ['a key twice', 'connection_pool:\n  enabled: true\n  enabled: true\n', /a key is there twice.*line 3/],
    ['the section twice', 'connection_pool:\n  enabled: true\nconnection_pool:\n  enabled: true\n', /twice/],
    ['an anchor in use', 'connection_pool:\n  enabled: &x true\nb: *x\n', /enabled is the anchor &x/],
    ['an alias as the value', 'b: &x true\nconnection_pool:\n  enabled: *x\n', /enabled is the alias \*x/],
    ['an alias as the section', 'b: &p {enabled: true}\nconnection_pool: *p\n', /connection_pool is the alias \*p/],
    ['an anchor on the section in use', 'connection_pool: &p\n  enabled: true\nb: *p\n', /connection_pool is the anchor &p/],
    ['a merge into the section', 'b: &p {enabled: true}\nconnection_pool:\n  <<: *p\n', /merge/],
    ['a merge into the file', 'b: &p {connection_pool: {enabled: true}}\n<<: *p\n', /merge/],
    ['a tag', 'connection_pool:\n  enabled: !!str true\n', /tag/],
    ['text of several lines', 'connection_pool:\n  enabled: |\n    true\n', /several lines/],
    ['a list as the value', 'connection_pool:\n  enabled: [true]\n', /true or false/],
    ['a list as the section', 'connection_pool:\n- 1\n', /map of keys/],
    ['a list as the file', '- 1\n', /map of keys/],
  ] as const)
    test(what, () => refused(text, words));

  test('bytes that are not UTF-8, and a file over 1 MiB', () => {
    assert.throws(() => editPool(Buffer.from([0x61, 0xff, 0x3a]), { enabled: false }), /UTF-8/);
    assert.throws(() => editPool(Buffer.alloc(1024 * 1024 + 1, '#'), { enabled: false }), /1 MiB/);
  });

  test('an alias bomb ends in a sentence', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'.split('').map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`),
    ].join('\n');
    refused(`${bomb}\nconnection_pool:\n  enabled: true\n`, /cannot be used/);
  });
});

test('the pool is read as it takes effect', () => {
  const enabled = (text: string) => readPool(Buffer.from(text)).enabled;
  assert.equal(enabled('a: 1\n'), false, 'no section: off');
  assert.equal(enabled('connection_pool:\n  max_per_host: 1\n'), true, 'a section without enabled: on');
  assert.equal(enabled('connection_pool:\n  enabled: false\n'), false);
  assert.equal(enabled('connection_pool:\n  enabled: "false"\n'), null, 'text is neither');
  assert.equal(enabled('connection_pool: 7\n'), null);
});

// Generated files: sections with comments, spacing, quotes and flow style, in any order.
const scalar = fc.constantFrom('1', '"x"', "'y # no comment'", 'true', 'plain text', '~', '0x1F', '[1, {a: 2}]', '{k: v}', '"\\u00e4 😀"');
const comment = fc.constantFrom('', '', ' # note', '   #x: y');
const blank = fc.constantFrom('', '', '\n', '# alone\n', '  # indented\n');
const pair = (key: string, value: fc.Arbitrary<string>, indent: string) =>
  fc.tuple(value, comment, blank).map(([v, c, b]) => `${b}${indent}${key}: ${v}${c}\n`);
const poolKeys = ['enabled', 'max_per_host', 'connection_ttl', 'idle_timeout', 'cleanup_interval'] as const;
const poolValue = (key: string) =>
  key === 'enabled' ? fc.constantFrom('true', 'false', 'True', 'on', '"true"') : fc.constantFrom('5', '100', '0x10', '"7"');
const section = fc
  .tuple(fc.shuffledSubarray([...poolKeys], { minLength: 1 }), fc.constantFrom('  ', '    ', ' '), comment, fc.boolean())
  .chain(([keys, indent, c, flow]) =>
    flow
      ? fc
          .tuple(...keys.map((key) => poolValue(key).map((v) => `${key}: ${v}`)))
          .map((parts) => `connection_pool: {${parts.join(', ')}}${c}\n`)
      : fc.tuple(...keys.map((key) => pair(key, poolValue(key), indent))).map((parts) => `connection_pool:${c}\n${parts.join('')}`),
  );
const other = fc.tuple(...['alpha', 'beta', 'gamma'].map((key) => pair(key, scalar, ''))).map((parts) => parts);
const file = fc
  .tuple(other, fc.option(section), fc.nat(3), fc.boolean(), fc.boolean(), fc.boolean())
  .map(([others, pool, place, crlf, bom, lastNewline]) => {
    const parts: string[] = [...others];
    if (pool !== null) parts.splice(place, 0, pool);
    let text = parts.join('');
    if (!lastNewline) text = text.replace(/\n+$/, '');
    if (crlf) text = text.replaceAll('\n', '\r\n');
    return bom ? `\ufeff${text}` : text;
  });
const settings: fc.Arbitrary<PoolSettings> = fc.record(
  {
    enabled: fc.boolean(),
    max_per_host: fc.integer({ min: 1, max: 1000 }),
    connection_ttl: fc.integer({ min: 1, max: 1000 }),
    idle_timeout: fc.integer({ min: 1, max: 1000 }),
  },
  { requiredKeys: [] },
);

/** The bytes outside the edits. */
function untouched(bytes: Buffer, edits: Edit[], side: 'before' | 'after'): Buffer {
  const kept: Buffer[] = [];
  let [at, shift] = [0, 0];
  for (const { from, to, text } of edits) {
    const start = side === 'before' ? from : from + shift;
    const end = side === 'before' ? to : start + Buffer.byteLength(text);
    kept.push(bytes.subarray(at, start));
    at = end;
    shift += Buffer.byteLength(text) - (to - from);
  }
  return Buffer.concat([...kept, bytes.subarray(at)]);
}

test('of any file, only the meant values change and only the meant bytes differ', () => {
  fc.assert(
    fc.property(file, settings, (text, wanted) => {
      const before = Buffer.from(text);
      const { bytes, edits } = editPool(before, wanted);
      const was = parse(text);
      const expected = Object.keys(wanted).length === 0 ? was : { ...was, connection_pool: { ...was.connection_pool, ...wanted } };
      assert.ok(isDeepStrictEqual(parse(bytes.toString('utf8')), expected), bytes.toString('utf8'));
      assert.ok(untouched(before, edits, 'before').equals(untouched(bytes, edits, 'after')));
      for (const edit of edits)
        assert.match(before.subarray(edit.from, edit.to).toString('utf8'), /^[^\n#]*$/, 'no line and no comment is ever replaced');
      assert.deepEqual(editPool(bytes, wanted).edits, [], 'doing it again changes nothing');
    }),
    { numRuns: 500 },
  );
});
