import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLines } from '#shared/diff-lines.ts';
import { cpuMs } from '#test/support/cpu-time.ts';

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map((lines) => lines.map((line) => `${line}\n`).join(''));

test('kept and removed lines are the old text, kept and added ones the new', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const side = (not: 'add' | 'remove') =>
        lines
          .filter((line) => line.kind !== not)
          .map((line) => `${line.text}\n`)
          .join('');
      assert.equal(side('add'), before);
      assert.equal(side('remove'), after);
    }),
  );
});

test('line numbers count each side', () => {
  assert.deepEqual(diffLines('a\nb\nc\n', 'a\nx\nc\n'), [
    { kind: 'same', text: 'a', before: 1, after: 1 },
    { kind: 'remove', text: 'b', before: 2, after: null },
    { kind: 'add', text: 'x', before: null, after: 2 },
    { kind: 'same', text: 'c', before: 3, after: 3 },
  ]);
});

test('context leaves only lines near a change', () => {
  const before = Array.from({ length: 100 }, (_, i) => `${i}\n`).join('');
  const lines = diffLines(before, before.replace('50\n', 'fifty\n'), 3);
  assert.deepEqual(
    lines.map((line) => line.text),
    ['47', '48', '49', '50', 'fifty', '51', '52', '53'],
  );
  assert.deepEqual(diffLines(before, before, 3), []);
});

test('a lost newline at the end is a difference', () => {
  assert.deepEqual(
    diffLines('a\n', 'a', 0).map((line) => [line.kind, line.text]),
    [['add', '\\ No newline at end of file']],
  );
});

test('wholly different large files are answered in bounded time', () => {
  const lines = (mark: string) => Array.from({ length: 50_000 }, (_, i) => `${mark}${i}\n`).join('');
  const startedAt = cpuMs();
  assert.equal(diffLines(lines('a'), lines('b')).length, 100_000);
  assert.ok(cpuMs() - startedAt < 5000);
});
