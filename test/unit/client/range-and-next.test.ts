import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRange, rangeKey } from '#client/metrics.ts';
import { safeNext, signInPath } from '#client/session.ts';

test('a range in the URL is a named one or two instants; anything else is the last hour', () => {
  assert.deepEqual(parseRange('6h'), { kind: 'live', seconds: 21_600 });
  assert.deepEqual(parseRange('1763388000-1763390000'), { kind: 'fixed', fromMs: 1_763_388_000_000, toMs: 1_763_390_000_000 });
  for (const wrong of [null, '', '5y', '1763390000-1763388000', '1763388000-1763388001', '1-2', '<script>'])
    assert.deepEqual(parseRange(wrong), { kind: 'live', seconds: 3600 }, String(wrong));
});

test('only a live range takes samples: its key says so', () => {
  assert.match(rangeKey(parseRange('1h')), /^live:/);
  assert.match(rangeKey(parseRange('1763388000-1763390000')), /^fixed:/);
});

test('after signing in, only a path of this console is followed', () => {
  assert.equal(safeNext('/nodes/n_1?tab=config'), '/nodes/n_1?tab=config');
  for (const wrong of [
    null,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/nodes\\x\r',
    'javascript:alert(1)',
  ])
    assert.equal(safeNext(wrong), '/', String(wrong));
});

test('other errors than an ended session lead nowhere', () => {
  assert.equal(signInPath(new Error('auth.required'), '/runs'), null);
});
