import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changedPart } from '#components/ui/changed-part.ts';

describe('the changed word of a line is marked whole', () => {
  for (const [text, other, marked] of [
    ['  enabled: false', '  enabled: true', 'false'],
    ['  enabled: true        # on', '  enabled: false        # on', 'true'],
    ['max_per_host: 1000', 'max_per_host: 512', '1000'],
    ['same', 'same', ''],
    ['', 'gone', ''],
  ] as const)
    test(`"${text}" against "${other}"`, () => {
      const { from, to } = changedPart(text, other);
      assert.equal(text.slice(from, to), marked);
    });
});
