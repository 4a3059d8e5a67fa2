import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogBuffer, filterLines, lineAt, parseLogLine } from '#client/log-lines.ts';

const lines = [
  '2026-11-24T18:40:05+0000 edge-01 sniproxy[47]: INFO relay closed reason=client_eof',
  '2026-11-24T18:40:06.500000+0000 edge-01 sniproxy[47]: WARN accept: too many open files',
  '2026-11-24T20:40:07+02:00 edge-01 sniproxy[47]: INFO relay closed reason=idle',
  '-- No entries --',
].map((line, seq) => parseLogLine(seq, line));

test('a line is read with its time, whatever way its zone is written; one without a time keeps its text', () => {
  assert.deepEqual(
    lines.map(({ time }) => time),
    ['18:40:05', '18:40:06', '18:40:07', ''],
  );
  assert.equal(lines[0]?.text, 'edge-01 sniproxy[47]: INFO relay closed reason=client_eof');
  assert.equal(lines[3]?.text, '-- No entries --');
});

test('"too many open files" is an error whatever the line calls itself', () => assert.equal(lines[1]?.level, 'error'));

test('a filter asks for all its words, a minus takes lines out, case does not matter', () => {
  const seqs = (words: string, level: 'all' | 'warn' | 'error' = 'all') => filterLines(lines, words, level).map(({ seq }) => seq);
  assert.deepEqual(seqs('RELAY closed'), [0, 2]);
  assert.deepEqual(seqs('relay -idle'), [0]);
  assert.deepEqual(seqs('', 'error'), [1]);
  assert.deepEqual(seqs('edge - '), [0, 1, 2], 'a lone minus is a word');
});

test('a chart time is found as the first line at or after it', () => {
  assert.equal(lineAt(lines, Date.parse('2026-11-24T18:40:06Z'))?.seq, 1);
  assert.equal(lineAt(lines, Date.parse('2026-11-24T19:00:00Z')), null);
});

test('the buffer keeps the newest lines and never numbers two alike', () => {
  const buffer = createLogBuffer(3);
  buffer.add(['a', 'b']);
  assert.deepEqual(
    buffer.add(['c', 'd']).map(({ seq, text }) => [seq, text]),
    [
      [1, 'b'],
      [2, 'c'],
      [3, 'd'],
    ],
  );
  assert.equal(buffer.add(Array.from({ length: 10 }, (_, i) => `flood ${i}`)).at(-1)?.text, 'flood 9');
  assert.equal(buffer.clear().length, 0);
  assert.equal(buffer.add(['again'])[0]?.seq, 7);
});
