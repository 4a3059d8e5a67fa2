import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchTotp, newTotpSecret, totpCode, totpUri } from '#server/access/totp.ts';

/** RFC 6238 appendix B: the ASCII secret 12345678901234567890 in base32, and the last six of its eight digits. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
];

describe('one-time codes by time', () => {
  test('are those of RFC 6238', () => {
    for (const [seconds, code] of VECTORS) assert.equal(totpCode(SECRET, Math.floor(seconds / 30)), code);
  });
  test('count one step early and late, and no further', () => {
    const at = 1_234_567_890_000;
    const step = Math.floor(at / 30_000);
    const counted = [-2, -1, 0, 1, 2].map((off) => matchTotp(SECRET, totpCode(SECRET, step + off), at, 0) !== null);
    assert.deepEqual(counted, [false, true, true, true, false]);
  });
  test('are not good twice, nor after a later one', () => {
    const at = 1_234_567_890_000;
    const step = Math.floor(at / 30_000);
    assert.equal(matchTotp(SECRET, totpCode(SECRET, step), at, step), null);
    assert.equal(matchTotp(SECRET, totpCode(SECRET, step - 1), at, step), null);
    assert.equal(matchTotp(SECRET, totpCode(SECRET, step + 1), at, step), step + 1);
  });
  test('nothing else is a code', () => {
    for (const code of ['', '12345', '1234567', 'abcdef', '１２３４５６']) assert.equal(matchTotp(SECRET, code, 59_000, 0), null);
  });
  test('the QR code’s text names the console, the person and the secret', () => {
    const secret = newTotpSecret();
    assert.match(secret, /^[A-Z2-7]{32}$/);
    const uri = new URL(totpUri(secret, 'ada+x@example.com', 'Headroom'));
    assert.deepEqual([uri.protocol, uri.host, uri.pathname], ['otpauth:', 'totp', '/Headroom:ada%2Bx%40example.com']);
    assert.deepEqual([uri.searchParams.get('secret'), uri.searchParams.get('issuer')], [secret, 'Headroom']);
  });
});
