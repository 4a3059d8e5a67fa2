import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { labelsOf } from '#server/notify/labels.ts';
import { asMatchers, assertMatchers, covers, matchesAll, parseFilters, parseMatcher, selects } from '#server/notify/matchers.ts';
import { formatMatcher } from '#shared/silences.ts';

const signal = (node: string, labels: Record<string, string>) => ({ rule: 'leaking', nodeId: 'n_1', node, labels });

describe('matchers', () => {
  test('a label that is not there is the empty text, and a regular expression is anchored', () => {
    const labels = { alertname: 'leaking', node: 'edge-01' };
    const holds = (text: string) => matchesAll([parseMatcher(text)], labels);
    assert.deepEqual(
      ['node="edge-01"', 'node=edge-01', 'node!="x"', 'zone=""', 'zone!=""', 'node=~"edge"', 'node=~"edge.*"', 'node!~"core.*"'].map(holds),
      [true, true, true, true, false, false, true, true],
    );
  });

  test('what is written is what is read', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.boolean(), fc.boolean(), (value, isRegex, isEqual) => {
        const matcher = { name: 'node', value: value.replace(/[^\x20-\x7e]/g, ''), isRegex, isEqual };
        assert.deepEqual(parseMatcher(formatMatcher(matcher)), matcher);
      }),
    );
  });

  test('patterns that a text could make slow are refused, usual ones are not', () => {
    const of = (value: string) => [{ name: 'node', value, isRegex: true, isEqual: true }];
    for (const slow of [
      '(a+)+b',
      '(a|a)*b',
      '(.*a){20}',
      '.*.*.*.*x',
      '(?=a)a',
      '(a)\\1',
      '[',
      'a'.repeat(201),
      `${'.?'.repeat(60)}Z`,
      '(.|.)'.repeat(30),
      '.?.??(?:a|b).*',
    ])
      assert.throws(() => assertMatchers(of(slow)), { code: 'request.invalid' }, slow);
    for (const usual of [
      'edge-0[1-9]',
      'edge-.*',
      'node-down|scrape-blind',
      '(edge|core)-\\d+',
      '(?:a|b)c?',
      '.*-(edge|core)-.*',
      'https?',
      'a+?b*?',
    ])
      assert.doesNotThrow(() => assertMatchers(of(usual)), usual);
  });

  test('filters that whoever may read sends are held to the same', () => {
    assert.deepEqual(parseFilters(['node=~"edge-.*"']), [parseMatcher('node=~"edge-.*"')]);
    const many = Array.from({ length: 21 }, () => 'node="a"');
    for (const slow of [['node=~"(a+)+b"'], [`node=~"${'.?'.repeat(60)}Z"`], [`node="${' '.repeat(1000)}"`], many])
      assert.throws(() => parseFilters(slow), { code: 'request.invalid' }, slow[0]);
  });

  test('a selector and the matchers made of it cover the same nodes', () => {
    const word = fc.constantFrom('edge', 'core', 'a', 'edge-01', 'a.b');
    const key = fc.constantFrom('group', 'zone', 'name');
    const term = fc.oneof(
      fc.tuple(key, fc.array(word, { minLength: 1, maxLength: 2 })).map(([k, values]) => `${k}=${values.join(',')}`),
      fc.tuple(key, fc.constantFrom('edge*', '*', '?', 'a?b', 'e*1')).map(([k, glob]) => `${k}~${glob}`),
      fc.constantFrom('group', 'zone'),
    );
    const terms = fc.array(
      fc.tuple(term, fc.boolean()).map(([text, negated]) => (negated ? `!${text}` : text)),
      { minLength: 1, maxLength: 3 },
    );
    const labels = fc.dictionary(fc.constantFrom('group', 'zone'), fc.oneof(word, fc.constant('')), { maxKeys: 2 });
    fc.assert(
      fc.property(terms, word, labels, (parts, node, own) => {
        const selector = parts.join(' ');
        const one = signal(node, own);
        assert.equal(matchesAll(asMatchers(selector), labelsOf(one, 'info')), selects(selector, one), selector);
      }),
      { numRuns: 500 },
    );
  });

  test('labels of a node never take the place of alertname, node or severity', () => {
    assert.deepEqual(
      labelsOf(signal('edge-01', { node: 'other', severity: 'none', 'fault-domain': 'a', '0x': 'b', empty: '' }), 'critical'),
      {
        ...{ alertname: 'leaking', node: 'edge-01', severity: 'critical' },
        ...{ fault_domain: 'a', _0x: 'b', empty: 'true' },
      },
    );
  });

  test('a selector that cannot be read any more covers nothing: silence does not spread by an accident', () => {
    assert.equal(covers({ selector: '((', matchers: [], nodeId: null }, signal('edge-01', {}), 'info'), false);
    assert.equal(covers({ selector: '*', matchers: [], nodeId: 'n_2' }, signal('edge-01', {}), 'info'), false);
  });
});
