import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, tokenInputSchema } from '#shared/access.ts';
import { inviteInputSchema } from '#shared/account.ts';

test('a name is one line of characters that can be seen: nothing that forges a line of a log, moves a cursor or turns the direction', () => {
  const invite = (name: string) => inviteInputSchema.safeParse({ email: 'a@example.com', name, role: 'viewer' }).success;
  const token = (name: string) => tokenInputSchema.safeParse({ name, role: 'viewer' }).success;
  for (const bad of ['a\nb', 'a\rb', 'a\tb', '\u001b[2Jx', 'a\u0000b', 'a\u2028b', 'a\u202eb', 'a\u200bb', 'a\u0085b', ' \u0007 '])
    assert.deepEqual([invite(bad), token(bad)], [false, false], JSON.stringify(bad));
  for (const good of ['Ada Lovelace', 'Zoë Müller-Łuk', '李雷', 'نازنین\u200cزهرا', 'CI (edge) #2', '👩\u200d💻'])
    assert.deepEqual([invite(good), token(good)], [true, true], good);
  assert.equal(oneLine('Eve\r\nBcc: all@example.com\u202e'), 'Eve  Bcc: all@example.com ');
});
