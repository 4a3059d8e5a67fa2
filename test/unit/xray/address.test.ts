import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, formatHost } from '#server/xray/address.ts';

describe('addresses of /proc/net', () => {
  test('are read in the byte order of the node', () => {
    assert.equal(formatAddress('0100007F:1F90', true), '127.0.0.1:8080');
    assert.equal(formatAddress('7F000001:1F90', false), '127.0.0.1:8080');
    assert.equal(formatAddress('B80D0120000000000000000001000000:01BB', true), '[2001:db8::1]:443');
    assert.equal(formatAddress('20010DB8000000000000000000000001:01BB', false), '[2001:db8::1]:443');
  });

  test('an IPv4 address inside IPv6 is an IPv4 address', () => {
    assert.equal(formatHost('0000000000000000FFFF00000100000A', true), '10.0.0.1');
    assert.equal(formatHost('00000000000000000000FFFF0A000001', false), '10.0.0.1');
  });

  test('a port alone is a port, and what is no address is none', () => {
    assert.equal(formatAddress('01BB', true), ':443');
    assert.equal(formatAddress('00000000000000000000000000000000:0050', true), '[::]:80');
    for (const text of ['-', '*', '', 'ZZ', '<b>', '0100007F:', '0100007F:1F9', '0100007F:1F90:1']) {
      const said = formatAddress(text, true);
      assert.ok(said === null || /^[\d.]+(:\d+)?$/.test(said), `${text} → ${said}`);
    }
  });

  test('every 128-bit address is written as one that can be read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex').toUpperCase();
        const text = formatHost(hex, false) ?? '';
        assert.ok(isIP(text) !== 0, text);
        if (isIP(text) === 6) assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
      }),
    );
  });
});
