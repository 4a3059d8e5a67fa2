import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { describeClosed, standingOf } from '#server/runs/rules/standing.ts';
import { type ChangeRule, type ChangeRuleInput, changeRuleInputSchema } from '#shared/change-rules.ts';

const NODE = { id: 'n_1', name: 'edge-1', labels: { site: 'fra' } };
const at = (text: string) => Date.parse(`${text}Z`);
const rule = (input: object): ChangeRule => ({
  ...(changeRuleInputSchema.parse({ selector: '*', reason: 'because', ...input }) as ChangeRuleInput),
  id: 'cr_1',
  createdBy: 'sre',
  createdAt: '2026-01-01T00:00:00.000Z',
});
const freeze = (from: string, to: string, more: object = {}) =>
  rule({ kind: 'freeze', from: `2026-${from}:00.000Z`, to: `2026-${to}:00.000Z`, ...more });
const nights = (more: object = {}) => rule({ kind: 'window', days: ['tue', 'wed'], from: '22:00', to: '02:00', ...more });

describe('when a node may be changed', () => {
  test('without a rule, or with rules for other nodes, always', () => {
    const elsewhere = freeze('01-01T00:00', '12-31T00:00', { selector: 'site=ams' });
    for (const rules of [[], [elsewhere]]) assert.equal(standingOf(rules, NODE, at('2026-05-05T12:00')).closed, null);
  });

  test('not in a freeze, from its first instant to before its last; of two the later end counts', () => {
    const rules = [freeze('05-05T10:00', '05-05T12:00'), freeze('05-05T11:00', '05-06T12:00')];
    assert.equal(standingOf(rules, NODE, at('2026-05-05T10:00') - 1).closed, null);
    assert.equal(standingOf(rules, NODE, at('2026-05-05T10:00')).closed?.until, at('2026-05-05T12:00'));
    const both = standingOf(rules, NODE, at('2026-05-05T11:30')).closed;
    assert.equal(both?.until, at('2026-05-06T12:00'));
    assert.match(both === null ? '' : describeClosed(both), /^frozen until 2026-05-06 12:00 UTC by sre: because$/);
    assert.equal(standingOf(rules, NODE, at('2026-05-06T12:00')).closed, null);
  });

  test('only in its windows, past midnight too, and it says when the next one opens', () => {
    // 2026-05-05 is a Tuesday.
    assert.equal(standingOf([nights()], NODE, at('2026-05-05T21:59')).closed?.until, at('2026-05-05T22:00'));
    assert.equal(standingOf([nights()], NODE, at('2026-05-05T22:00')).closed, null);
    assert.equal(standingOf([nights()], NODE, at('2026-05-07T01:59')).closed, null, 'Wednesday night goes on into Thursday');
    assert.equal(standingOf([nights()], NODE, at('2026-05-07T02:00')).closed?.until, at('2026-05-12T22:00'));
    assert.equal(standingOf([nights()], NODE, at('2026-05-05T01:00')).closed?.until, at('2026-05-05T22:00'), 'Monday night is none');
  });

  test('several windows add up, and a freeze outweighs an open one', () => {
    const noon = rule({ kind: 'window', days: ['tue'], from: '12:00', to: '13:00' });
    assert.equal(standingOf([nights(), noon], NODE, at('2026-05-05T12:30')).closed, null);
    assert.equal(standingOf([nights(), noon], NODE, at('2026-05-05T13:00')).closed?.until, at('2026-05-05T22:00'));
    const closed = standingOf([noon, freeze('05-05T00:00', '05-06T00:00')], NODE, at('2026-05-05T12:30')).closed;
    assert.equal(closed?.rule.kind, 'freeze');
  });

  test('a window is in the time of its zone, in summer and in winter', () => {
    const berlin = nights({ timeZone: 'Europe/Berlin' });
    assert.equal(standingOf([berlin], NODE, at('2026-05-05T20:00')).closed, null, '22:00 in summer');
    assert.notEqual(standingOf([berlin], NODE, at('2026-05-05T19:59')).closed, null);
    assert.equal(standingOf([berlin], NODE, at('2026-12-01T21:00')).closed, null, '22:00 in winter');
    assert.notEqual(standingOf([berlin], NODE, at('2026-12-01T20:59')).closed, null);
  });

  test('whatever the window, it is open at the instant that it named', () => {
    const days = fc.uniqueArray(fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), { minLength: 1 });
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((hm) => hm.map((n) => String(n).padStart(2, '0')).join(':'));
    const now = fc.integer({ min: at('2026-01-01T00:00'), max: at('2027-01-01T00:00') });
    fc.assert(
      fc.property(days, time, time, now, (on, from, to, instant) => {
        const rules = [rule({ kind: 'window', days: on, from, to })];
        const closed = standingOf(rules, NODE, instant).closed;
        if (closed === null) return;
        assert.ok(closed.until > instant && closed.until - instant <= 7 * 86_400_000);
        assert.equal(standingOf(rules, NODE, closed.until).closed, null);
        assert.notEqual(standingOf(rules, NODE, closed.until - 1).closed, null);
      }),
    );
  });

  test('a rule that asks for a second person closes nothing', () => {
    const standing = standingOf([rule({ kind: 'approval' })], NODE, at('2026-05-05T12:00'));
    assert.equal(standing.closed, null);
    assert.equal(standing.needsApproval?.kind, 'approval');
  });

  test('what cannot be a rule is refused with a word on what is wrong', () => {
    const wrong: [object, RegExp][] = [
      [{ kind: 'freeze', from: '2026-05-05T10:00:00.000Z', to: '2026-05-05T10:00:00.000Z' }, /later than from/],
      [{ kind: 'window', days: [], from: '10:00', to: '11:00' }, /days/],
      [{ kind: 'window', days: ['tue'], from: '24:00', to: '11:00' }, /time of day/],
      [{ kind: 'window', days: ['tue'], from: '10:00', to: '11:00', timeZone: 'Mars/Olympus' }, /time zone/],
    ];
    for (const [input, words] of wrong) {
      const parsed = changeRuleInputSchema.safeParse({ selector: '*', reason: 'x', ...input });
      assert.match(JSON.stringify(parsed.error?.issues ?? []), words);
    }
  });
});
