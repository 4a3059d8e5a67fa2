import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockJumps, DAY, databaseHeld, flapping, fullDisk, HOUR } from './faults.ts';

test('a full disk refuses writes in words, keeps what was acknowledged, and goes on when there is room', async (t) => {
  const done = await fullDisk(t);
  if (done === null) return t.skip('mounting a small file system takes root');
  t.diagnostic(done.kept);
});

test('a database that another process holds refuses writes in words, and goes on afterwards', async (t) => {
  t.diagnostic((await databaseHeld(t, 3)).kept);
});

test('a clock that jumps in the middle of runs, by an hour ahead and by a day back, loses nothing and restarts no node twice for a run', async (t) => {
  const done = await clockJumps(t, [HOUR, -DAY]);
  assert.ok(done, 'libfaketime is not here: apt-get install faketime');
  t.diagnostic(done.kept);
});

test('nodes that flap leave a console that answers and knows the truth once they are back', async (t) => {
  t.diagnostic((await flapping(t, { nodes: 60, seconds: 3 })).kept);
});
