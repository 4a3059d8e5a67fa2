import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleLook, ruleTime } from '#components/settings/change-rule-words.ts';
import type { ChangeRule } from '#shared/change-rules.ts';

const about = { id: 'cr_1', selector: '*', reason: 'sale', createdBy: 'ana', createdAt: '2026-11-01T00:00:00.000Z' };
const freeze: ChangeRule = { ...about, kind: 'freeze', from: '2026-11-27T00:00:00.000Z', to: '2026-11-30T06:30:00.000Z' };
const at = (text: string) => Date.parse(`${text}Z`);

test('a freeze stands out while it holds, and says when it is planned or over', () => {
  assert.equal(ruleLook(freeze, at('2026-11-26T23:59')).word, 'Freeze, planned');
  assert.deepEqual([ruleLook(freeze, at('2026-11-27T00:00')).word, ruleLook(freeze, at('2026-11-27T00:00')).tone], ['Frozen now', 'warn']);
  assert.equal(ruleLook(freeze, at('2026-11-30T06:30')).word, 'Freeze, over');
});

test('times are told with their zone', () => {
  assert.equal(ruleTime(freeze), '2026-11-27 00:00 to 2026-11-30 06:30 UTC');
  const window: ChangeRule = { ...about, kind: 'window', days: ['tue', 'thu'], from: '22:00', to: '02:00', timeZone: 'Europe/Berlin' };
  assert.equal(ruleTime(window), 'tue, thu, 22:00 to 02:00 Europe/Berlin');
  assert.equal(ruleTime({ ...about, kind: 'approval' }), 'every change');
});
