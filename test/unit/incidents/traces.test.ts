import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, scoreRules } from '#test/bench/incident-rules.ts';

const folder = process.env.HEADROOM_TEST_DATA;
const skip = folder ? false : 'HEADROOM_TEST_DATA is not set: a folder that holds traces/';
const FAMILIES = ['steady', 'fast', 'emfile-clamp', 'flash-crowd', 'restarts-clean', 'step-baseline'];

test('on labelled traces the rules announce what ends at the limit in time, and raise next to no false alarm', { skip }, async () => {
  const [leaking, toEmfile] = await scoreRules(folder ?? '', { seed: 33, families: FAMILIES, everySeconds: 120 });
  assert.ok(leaking && toEmfile);
  for (const score of [leaking, toEmfile])
    assert.ok(score.falseAlarms <= 1, `${score.rule}: ${score.falseAlarms} false alarms in ${score.healthyDays.toFixed(1)} node-days`);
  assert.ok(leaking.caught >= 0.7 * leaking.leaks, `${leaking.caught} of ${leaking.leaks} caught`);
  assert.ok(leaking.warned >= leaking.emfiles - 2, `${leaking.warned} of ${leaking.emfiles} announced`);
  assert.ok(median(toEmfile.leadMinutes) >= 15, `median ${median(toEmfile.leadMinutes)} min before`);
});
