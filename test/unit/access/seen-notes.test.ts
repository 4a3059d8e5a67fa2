import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeenNotes } from '#server/access/seen-notes.ts';

test('who was seen is noted once a step; a database that is full or held keeps nobody out, anything else is an error', async () => {
  const note = createSeenNotes(1000);
  let written = 0;
  const failing = (errcode: number) => () => {
    written += 1;
    return Promise.reject(Object.assign(new Error('no'), { errcode }));
  };
  await note('a', 0, failing(5));
  await note('a', 999, failing(5));
  assert.equal(written, 1);
  await note('a', 1000, failing(13));
  await note('b', 1000, async () => {
    written += 1;
  });
  assert.equal(written, 3);
  await assert.rejects(note('c', 0, failing(1)), /no/);
});
