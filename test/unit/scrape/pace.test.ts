import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jittered, pageDelay, probeDelay } from '#server/scrape/pace.ts';

const page = { intervalMs: 5000, failures: 0, cause: null, focused: false };

test('a page is asked each interval, every 2 s while a run watches', () => {
  assert.equal(pageDelay(page), 5000);
  assert.equal(pageDelay({ ...page, focused: true }), 2000);
  assert.equal(pageDelay({ ...page, focused: true, failures: 9, cause: 'refused' }), 2000);
});

test('a dead page is asked less often, and never less than every 15 s', () => {
  const delays = [1, 2, 3, 4, 50].map((failures) => pageDelay({ ...page, failures, cause: 'refused' }));
  assert.deepEqual(delays, [5000, 10_000, 15_000, 15_000, 15_000]);
});

test('a wrong page is asked once a minute in the end', () => {
  assert.equal(pageDelay({ ...page, failures: 9, cause: 'too-large' }), 60_000);
});

test('an interval that is longer than a back-off stays', () => {
  assert.equal(pageDelay({ intervalMs: 300_000, failures: 3, cause: 'timeout', focused: false }), 300_000);
});

test('a node whose SSH is back is seen within 30 s, whatever had failed', () => {
  for (const code of [
    'ssh.unreachable',
    'ssh.timeout',
    'ssh.host-key-changed',
    'ssh.host-key-unknown',
    'ssh.auth-failed',
    'ssh.command-failed',
    null,
  ] as const)
    assert.ok(probeDelay({ code, doubted: false, focused: false }) <= 30_000);
  assert.equal(probeDelay({ code: null, doubted: false, focused: false }), 15_000);
  assert.equal(probeDelay({ code: null, doubted: true, focused: false }), 2000);
});

test('jitter is 5 % at most', () => {
  assert.equal(
    jittered(1000, () => 0),
    950,
  );
  assert.equal(
    jittered(1000, () => 1),
    1050,
  );
});
