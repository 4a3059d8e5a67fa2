import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asOwn, checkRunbook, FIRST_RUNBOOK } from '#components/runbooks/runbook-check.ts';
import { createRunbooks } from '#server/runbooks/index.ts';

test('the first text of an editor can be run as it is', () => {
  assert.deepEqual(checkRunbook(FIRST_RUNBOOK), {
    ok: true,
    key: 'look-first',
    title: 'Look first',
    steps: [{ key: 'preflight', kind: 'preflight', title: 'Look' }],
  });
});

test('every built-in runbook can be copied under a key of one’s own', () => {
  for (const runbook of createRunbooks().list()) {
    const checked = checkRunbook(asOwn(runbook.text, runbook.key));
    assert.equal(checked.ok && checked.key, `${runbook.key}-of-ours`);
  }
});

test('what is wrong is told by line while it cannot be read, by step when it can', () => {
  const where = (text: string) => {
    const checked = checkRunbook(text);
    return checked.ok ? [] : checked.problems.map((p) => p.where);
  };
  assert.deepEqual(where('# nothing'), ['line 1']);
  assert.deepEqual(where(FIRST_RUNBOOK.replace('kind: preflight', 'kind: watch')), ['step watch']);
});
