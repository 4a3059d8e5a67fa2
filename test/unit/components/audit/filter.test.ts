import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditQuery, exportHref, stateText } from '#components/audit/filter.ts';

const NOW = Date.parse('2026-03-01T12:00:40.000Z');
const query = (text: string) => auditQuery(new URLSearchParams(text), NOW);

test('what the URL says is asked, and what is no part of a filter is not', () => {
  assert.deepEqual(query('actor=ada&action=run.&object=node:n_1&result=refused&tab=x'), {
    ...{ actor: 'ada', action: 'run.', object: 'node:n_1', result: 'refused' },
  });
  assert.deepEqual(query('result=maybe&actor=%20&range=toString'), {});
});
test('a range ends now and begins at a whole minute, so that the question stays the same for that long', () => {
  assert.deepEqual(query('range=hour'), { from: '2026-03-01T11:00:00.000Z' });
  assert.deepEqual(query('from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z'), {
    from: '2026-02-01T00:00:00Z',
    to: '2026-02-02T00:00:00Z',
  });
});
test('the download asks the same question', () => {
  assert.equal(exportHref({ actor: 'a&b' }, 'csv'), '/api/v1/audit/export?actor=a%26b&format=csv');
});
test('states are compared line by line, and none is no line', () => {
  assert.equal(stateText({ a: 1 }), '{\n  "a": 1\n}\n');
  assert.equal(stateText(null), '');
});
