import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatHostPort, isHostName, isIp, isIpv4, isIpv6, parseCidr, parseHostPort, parseIpPort, parsePort } from '#contract/addresses.ts';

describe('addresses as text', () => {
  test('are judged as node judges them', () => {
    const samples = [
      '::',
      '::1',
      '1::',
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7::',
      '::2:3:4:5:6:7:8',
      '1::8',
      '::ffff:1.2.3.4',
      '1:2:3:4:5:6:1.2.3.4',
    ];
    const wrong = [
      '',
      ':',
      ':::',
      '1:2',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      'g::',
      '::1.2.3',
      '1.2.3.4::',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:8::',
    ];
    for (const text of [...samples, ...wrong, '1.2.3.4', '01.2.3.4', '256.1.1.1', '1.2.3', '1.2.3.4.5', ' 1.2.3.4']) {
      assert.equal(isIpv6(text), net.isIPv6(text), text);
      assert.equal(isIpv4(text), net.isIPv4(text), text);
    }
    fc.assert(fc.property(fc.ipV6(), (text) => isIpv6(text) && net.isIPv6(text)));
    fc.assert(fc.property(fc.ipV4(), (text) => isIpv4(text)));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcf:.'), maxLength: 20 }),
        (text) => isIp(text) === (net.isIP(text) !== 0),
      ),
    );
  });

  test('with a port are read and printed the same', () => {
    for (const text of ['0.0.0.0:443', '[::]:443', '[2001:db8::1]:80', '127.0.0.1:0']) {
      const parsed = parseIpPort(text);
      assert.ok(parsed, text);
      assert.equal(formatHostPort(parsed), text);
    }
    for (const text of [
      '',
      '443',
      ':443',
      '0.0.0.0',
      '0.0.0.0:',
      '0.0.0.0:65536',
      '0.0.0.0:0443',
      '::1:443',
      '[1.2.3.4]:443',
      'a.example:443',
      '[::1]',
    ])
      assert.equal(parseIpPort(text), null, text);
    assert.deepEqual(parseHostPort('App.example:8080'), { host: 'app.example', port: 8080 });
    for (const text of ['a.example', 'a.example:0', 'a b:1', 'a..b:1', 'http://a:1', '-:x']) assert.equal(parseHostPort(text), null, text);
  });

  test('of networks have a prefix that fits', () => {
    assert.deepEqual(parseCidr('10.0.0.0/8'), { address: '10.0.0.0', prefix: 8, family: 'ipv4' });
    assert.deepEqual(parseCidr('fd00::/8'), { address: 'fd00::', prefix: 8, family: 'ipv6' });
    assert.deepEqual(parseCidr('10.0.0.1'), { address: '10.0.0.1', prefix: 32, family: 'ipv4' });
    for (const text of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/08', 'x/8', '10.0.0.0/8/8'])
      assert.equal(parseCidr(text), null, text);
  });

  test('ports and names have no second spelling', () => {
    for (const text of ['1', '80', '65535', '0']) assert.equal(parsePort(text), Number(text));
    for (const text of ['', '00', '080', '65536', '-1', '1.0', '1e3', ' 1']) assert.equal(parsePort(text), null, text);
    for (const name of ['a', 'a.b', 'xn--a', '_x.y', '9.example', 'a-b']) assert.ok(isHostName(name), name);
    for (const name of ['', '.', 'a.', '.a', 'a..b', '1.2.3.4', '42', 'a b', 'é', 'a'.repeat(64), `${'a.'.repeat(126)}ab`])
      assert.ok(!isHostName(name), name);
  });
});
