import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientIdleTimeout } from '../../../../proxy-core/src/quic/idle-timeout.ts';
import { readLongHeader, shortId } from '../../../../proxy-core/src/quic/invariants.ts';
import { extension, helloBody, hostName, serverNames } from '../hello-bytes.ts';

test('a long header of any version shows version and ids (RFC 8999 5.1), and is null when it is cut short', () => {
  const whole = Buffer.concat([
    Buffer.from('ff1a2a3a4a', 'hex'),
    Buffer.from([3]),
    Buffer.from('abc'),
    Buffer.from([2]),
    Buffer.from('de'),
  ]);
  assert.deepEqual(readLongHeader(whole), { version: 0x1a2a3a4a, dcid: 'abc', scid: 'de' });
  for (let length = 1; length < whole.length; length += 1) assert.equal(readLongHeader(whole.subarray(0, length)), null, `${length} bytes`);
});

test('a short header shows an id of a length that is known from elsewhere', () => {
  assert.equal(shortId(Buffer.from('Aabcdef'), 4), 'abcd');
  assert.equal(shortId(Buffer.from('Aabcdef'), 6), 'abcdef');
  assert.equal(shortId(Buffer.from('Aabcdef'), 7), null);
});

test("a client's own idle timeout is read from its transport parameters (RFC 9000 18.2)", () => {
  const read = (...extensions: Buffer[]) => {
    const body = helloBody({ extensions });
    return clientIdleTimeout(body, 0, body.length);
  };
  const parameters = (hex: string) => extension(0x39, Buffer.from(hex, 'hex'));
  // initial_max_data (4) of 4 bytes comes first, then max_idle_timeout (1) of 30,000 ms
  assert.equal(read(serverNames(hostName('a.test')), parameters('04048000ffff010480007530')), 30_000);
  assert.equal(read(parameters('010100')), null, '0 is none (10.1)');
  assert.equal(read(parameters('04048000ffff')), null);
  assert.equal(read(), null);
  for (const broken of ['01', '0104', '01048000', '0408', 'ff', '0444ffff01']) assert.doesNotThrow(() => read(parameters(broken)), broken);
});
