import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  describeProblem,
  formatSelector,
  matchesGlob,
  matchesSelector,
  parseSelector,
  type Selector,
  type Term,
} from '#shared/selector.ts';
import { cpuMs } from '#test/support/cpu-time.ts';

const edge = {
  id: 'n_1',
  name: 'web-01',
  labels: { group: 'edge', zone: 'eu' },
  facts: { pool: 'on', leak: 'leaking', state: 'up', drift: 'no' },
};
const parsed = (text: string): Selector => {
  const result = parseSelector(text);
  if (!result.ok) throw new Error(result.problem.message);
  return result.selector;
};
const problemOf = (text: string) => {
  const result = parseSelector(text);
  assert.ok(!result.ok, `${text} should not be read`);
  return { ...result.problem, sentence: describeProblem(text, result.problem) };
};
const matches = (text: string) => matchesSelector(parsed(text), edge);

const key = fc
  .stringMatching(/^[a-z][a-z0-9_.-]{0,9}$/)
  .filter((k) => !['name', 'id', 'version', 'pool', 'leak', 'state', 'drift'].includes(k));
const value = fc.stringMatching(/^[A-Za-z0-9_.:/-]{1,12}$/);
const term: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ kind: fc.constant('all' as const), negated: fc.boolean() }),
  fc.record({ kind: fc.constant('has' as const), negated: fc.boolean(), key }),
  fc.record({ kind: fc.constant('is' as const), negated: fc.boolean(), key, value }),
  fc.record({ kind: fc.constant('like' as const), negated: fc.boolean(), key, value: fc.stringMatching(/^[a-z*?]{1,8}$/) }),
);

describe('selector', () => {
  test('terms are ANDed, on labels, facts and the name', () => {
    for (const text of ['*', 'name=web-01', 'name~web-*', 'group=edge zone=eu', 'group', '!canary', 'pool=on leak=leaking', '!state=down'])
      assert.equal(matches(text), true, text);
    for (const text of ['!*', 'name=web-02', 'name~db-*', 'group=edge zone=us', 'canary', '!group', 'drift=yes', 'pool=off'])
      assert.equal(matches(text), false, text);
  });

  test('what cannot be read is refused with its position and with what may stand there', () => {
    const open = problemOf('((');
    assert.equal(open.position, 1);
    assert.match(open.sentence, /position 1, in "\(\(": a term is key=value, key~glob, key or \*/);
    assert.equal(problemOf('group=edge zone=(eu').position, 17);
    assert.match(problemOf('leak=leeking').message, /leak is one of leaking, not-leaking, cannot-tell/);
    assert.match(problemOf('name=web-*').message, /for a glob write name~web-\*/);
    assert.match(problemOf('state').message, /state needs a value: state=up/);
    assert.match(problemOf('group=').message, /needs a value/);
    assert.match(problemOf('group==x').message, /a value is letters/);
    assert.match(problemOf('   ').sentence, /it is empty/);
    assert.match(problemOf('group edge>x').message, /after the key edge comes =, ~ or a space/);
  });

  test('a fact is never looked up among the labels, and an inherited property is no label', () => {
    const sly = { id: 'n_2', name: 'x', labels: { pool: 'on' } };
    assert.equal(matchesSelector(parsed('pool=on'), sly), false);
    assert.equal(matchesSelector(parsed('constructor'), sly), false);
  });

  test('every selector reads back as it is written', () => {
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), (terms) => {
        assert.deepEqual(parsed(formatSelector({ terms })), structuredClone({ terms }));
      }),
    );
  });

  test('any text is either read or refused at a position inside it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const result = parseSelector(text);
        if (result.ok) assert.ok(result.selector.terms.length > 0);
        else assert.ok(result.problem.position >= 1 && result.problem.position <= text.length + 1);
      }),
    );
  });

  test('a term and its negation never agree', () => {
    fc.assert(
      fc.property(term, fc.dictionary(key, value), (t, labels) => {
        const subject = { id: 'n', name: 'n', labels };
        const [plain, negated] = [false, true].map((n) => matchesSelector({ terms: [{ ...t, negated: n }] }, subject));
        assert.notEqual(plain, negated);
      }),
    );
  });

  test('a glob matches what the regular expression for it matches', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,10}$/), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        assert.equal(matchesGlob(pattern, text), expression.test(text));
      }),
      { numRuns: 500 },
    );
  });

  test('a hostile glob is done in no time', () => {
    const started = cpuMs();
    assert.equal(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(250)), false);
    assert.ok(cpuMs() - started < 200);
  });
});
