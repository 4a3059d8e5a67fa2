import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { quote } from '#server/ssh/index.ts';

/** What a real shell makes of the quoted words, by bytes. */
function wordsOf(words: string[]): string[] {
  const text = `printf '%s\\0' ${words.map(quote).join(' ')}`;
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.split('\0').slice(0, -1);
}

/** Any text without NUL, leaning on what means something to a shell. */
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '')),
  fc
    .array(fc.constantFrom("'", '"', '\\', '$', '`', '(', ')', ';', '&', '|', '\n', '\r', '\t', ' ', '*', '~', '!', '#', '-', '='), {
      maxLength: 20,
    })
    .map((parts) => parts.join('')),
);

test('whatever a word holds, /bin/sh gets exactly that word', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      assert.deepEqual(wordsOf(words), words);
    }),
    { numRuns: 60 },
  );
});

test('a quoted command inside a quoted command comes through both shells', () => {
  fc.assert(
    fc.property(word, (text) => {
      const inner = `printf '%s' ${quote(text)}`;
      const { stdout } = spawnSync('/bin/sh', ['-c', `/bin/sh -c ${quote(inner)}`], { encoding: 'utf8' });
      assert.equal(stdout, text);
    }),
    { numRuns: 40 },
  );
});

test('an empty word stays a word, and NUL is refused', () => {
  assert.deepEqual(wordsOf(['', 'a', '']), ['', 'a', '']);
  assert.throws(() => quote('a\0b'), /NUL/);
});
