import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientKey } from '../../../../proxy-core/src/guard/concurrency.ts';
import { crc32c } from '../../../../proxy-core/src/parse/crc32c.ts';
import { formatProxyHeader, type ProxyResult, readProxyHeader } from '../../../../proxy-core/src/parse/proxy-header.ts';
import { judged } from '../read-flight.ts';

const v1 = (text: string) => readProxyHeader(Buffer.from(text, 'latin1'));
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FROM = { host: '192.0.2.1', port: 56_324 };
const TO = { host: '198.51.100.1', port: 443 };
const v4 = Buffer.from('c0000201c6336401dc0401bb', 'hex');

function v2(command: number, family: number, body: Buffer, length = body.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, length >> 8, length & 255]), body]);
}
const tlv = (type: number, value: Buffer) => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);
const sourceOf = (result: ProxyResult) => (typeof result === 'string' ? result : result.source);

test('case 72: version 1 says TCP4, TCP6 or UNKNOWN within 107 bytes', () => {
  assert.deepEqual(v1('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET'), { version: 1, length: 45, source: FROM, destination: TO });
  assert.deepEqual(sourceOf(v1('PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n')), { host: '2001:db8::1', port: 1 });
  assert.equal(sourceOf(v1('PROXY UNKNOWN\r\n')), null);
  assert.equal(sourceOf(v1('PROXY UNKNOWN ffff:: x y z\r\n')), null);
  assert.equal(v1(`PROXY UNKNOWN ${'x'.repeat(93)}`), 'malformed', '107 bytes without CRLF');
  assert.equal(v1(`PROXY UNKNOWN ${'x'.repeat(92)}`), 'more');
  assert.equal(sourceOf(v1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`)), null, '107 bytes with it');
});

test('case 73: leading zeros, large ports, the wrong family, extra spaces and LF alone are refused', () => {
  const wrong = [
    'TCP4 192.0.2.01 198.51.100.1 1 2\r\n',
    'TCP4 192.0.2.1 198.51.100.1 01 2\r\n',
    'TCP4 192.0.2.1 198.51.100.1 65536 2\r\n',
    'TCP4 192.0.2.1 198.51.100.1 1 -2\r\n',
    'TCP4 2001:db8::1 2001:db8::2 1 2\r\n',
    'TCP6 192.0.2.1 198.51.100.1 1 2\r\n',
    'TCP4  192.0.2.1 198.51.100.1 1 2\r\n',
    'TCP4 192.0.2.1 198.51.100.1 1 2 \r\n',
    'TCP4 192.0.2.1 198.51.100.1 1 22\n',
    'TCP4 192.0.2.1 198.51.100.1 1\r\n',
    'tcp4 192.0.2.1 198.51.100.1 1 2\r\n',
    'UNKNOWNX\r\n',
    'UNKNOWN a\rb\r\n',
    'UNKNOWN a\0b\r\n',
    'UDP4 192.0.2.1 198.51.100.1 1 2\r\n',
    '\r\n',
  ];
  for (const text of wrong) assert.equal(v1(`PROXY ${text}`), 'malformed', JSON.stringify(text));
});

test('case 74: a version 2 header that comes in pieces needs more, up to its last byte', () => {
  const bytes = v2(0x21, 0x11, v4);
  for (let length = 0; length < bytes.length; length += 1)
    assert.equal(readProxyHeader(bytes.subarray(0, length)), 'more', `${length} bytes`);
  assert.deepEqual(readProxyHeader(bytes), { version: 2, length: 28, source: FROM, destination: TO });
});

test('case 75: LOCAL keeps the addresses of the socket, whatever it carries', () => {
  for (const family of [0x11, 0x00, 0x31, 0x4f, 0xff])
    for (const body of [Buffer.alloc(0), v4, Buffer.alloc(5)]) assert.equal(sourceOf(readProxyHeader(v2(0x20, family, body))), null);
});

test('case 76: another version, and a command above 1, are refused as soon as they are there', () => {
  for (const command of [0x11, 0x31, 0x01, 0x22, 0x2f])
    assert.equal(readProxyHeader(Buffer.concat([SIGNATURE, Buffer.from([command])])), 'malformed');
});

test('case 77: a length below what the family needs, or above 4 KiB, is refused at once', () => {
  for (const [family, need] of [
    [0x11, 12],
    [0x21, 36],
    [0x31, 216],
  ] as const)
    assert.equal(readProxyHeader(v2(0x21, family, Buffer.alloc(0), need - 1)), 'malformed');
  assert.equal(readProxyHeader(v2(0x21, 0x11, Buffer.alloc(0), 4097)), 'malformed');
  assert.equal(readProxyHeader(v2(0x21, 0x11, Buffer.alloc(0), 4096)), 'more');
});

test('case 78: UNIX and UNSPEC keep the addresses of the socket', () => {
  assert.deepEqual(sourceOf(readProxyHeader(v2(0x21, 0x31, Buffer.alloc(216)))), null);
  assert.deepEqual(sourceOf(readProxyHeader(v2(0x21, 0x00, Buffer.alloc(3)))), null);
  assert.deepEqual(sourceOf(readProxyHeader(v2(0x21, 0x12, v4))), null, 'UDP on a TCP connection');
  assert.equal(readProxyHeader(v2(0x21, 0x41, v4)), 'malformed', 'a family that there is not');
});

test('case 79: TLVs that overrun and a wrong CRC32C are refused, NOOP and unknown ones are skipped', () => {
  const withTlvs = (...tlvs: Buffer[]) => v2(0x21, 0x11, Buffer.concat([v4, ...tlvs]));
  assert.deepEqual(
    sourceOf(readProxyHeader(withTlvs(tlv(4, Buffer.alloc(3)), tlv(0xee, Buffer.from('x')), tlv(2, Buffer.from('a.example'))))),
    FROM,
  );
  assert.equal(readProxyHeader(withTlvs(Buffer.from([4, 0, 9, 1]))), 'malformed');
  assert.equal(readProxyHeader(withTlvs(Buffer.from([4, 0]))), 'malformed');
  const checked = withTlvs(tlv(3, Buffer.alloc(4)));
  checked.writeUInt32BE(crc32c(checked), checked.length - 4);
  assert.deepEqual(sourceOf(readProxyHeader(checked)), FROM);
  checked[20] = (checked[20] ?? 0) ^ 1;
  assert.equal(readProxyHeader(checked), 'malformed');
  assert.equal(readProxyHeader(withTlvs(tlv(3, Buffer.alloc(3)))), 'malformed');
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283, 'the check value of CRC-32C');
});

test('case 80: a header where none is expected is never guessed at; a peer that owes one and sends another thing is known at once', () => {
  assert.equal(judged('PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n', 1), 'refused proxy_unexpected');
  assert.equal(judged(v2(0x21, 0x11, v4), 1), 'refused proxy_unexpected');
  for (const other of ['GET / HTTP/1.1\r\n', '\x16\x03\x01', 'PROXX', '\r\n\r\nG']) assert.equal(v1(other), 'no-match');
});

test('case 81: what follows a header is payload, a second header too', () => {
  const first = Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const twice = Buffer.concat([first, first]);
  const header = readProxyHeader(twice);
  assert.equal(typeof header === 'object' && header.length, first.length);
  assert.equal(judged(twice.subarray(first.length)), 'refused proxy_unexpected');
});

test('case 83: an IPv4 address and the IPv6 address that maps it are one client', () => {
  for (const mapped of ['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1'])
    assert.equal(clientKey(mapped), clientKey('192.0.2.1'), mapped);
  assert.notEqual(clientKey('2001:db8::1'), clientKey('192.0.2.1'));
});

test('what is written is read back: both versions, both families, and two families as one', () => {
  const six = { host: '2001:db8:0:1::5', port: 65_535 };
  for (const version of ['v1', 'v2'] as const)
    for (const [from, to] of [
      [FROM, TO],
      [six, { host: '::', port: 1 }],
      [{ host: '::ffff:192.0.2.1', port: 7 }, TO],
    ] as const) {
      const header = readProxyHeader(formatProxyHeader(version, from, to));
      assert.deepEqual(typeof header === 'object' && [header.source, header.destination], [
        { ...from, host: from.host.replace('::ffff:', '') },
        to,
      ]);
    }
  for (const version of ['v1', 'v2'] as const) {
    const mixed = readProxyHeader(formatProxyHeader(version, six, TO));
    assert.deepEqual(typeof mixed === 'object' && [mixed.source, mixed.destination], [six, { host: '::ffff:198.51.100.1', port: 443 }]);
  }
});
