import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import { clientAddress, networkOf, parseTrusted } from '#server/kernel/client-address.ts';
import { readConfig } from '#server/kernel/config.ts';

const trusting = (...words: string[]): BlockList => parseTrusted(words) ?? new BlockList();

describe('where a request comes from', () => {
  test('is its peer unless a proxy is trusted, whatever the header says', () => {
    assert.equal(clientAddress('192.0.2.7', '198.51.100.1', trusting()), '192.0.2.7');
    assert.equal(clientAddress('192.0.2.7', '198.51.100.1', trusting('10.0.0.0/8')), '192.0.2.7');
  });
  test('is what the trusted proxy says, and what a client wrote before it is not believed', () => {
    const trusted = trusting('10.0.0.0/8', '127.0.0.1');
    assert.equal(clientAddress('10.1.2.3', '198.51.100.1', trusted), '198.51.100.1');
    assert.equal(clientAddress('10.1.2.3', '203.0.113.9, 198.51.100.1', trusted), '198.51.100.1');
    assert.equal(clientAddress('10.1.2.3', '203.0.113.9, 198.51.100.1, 10.9.9.9', trusted), '198.51.100.1', 'through two proxies');
  });
  test('a hop that is no address ends the reading', () => {
    const trusted = trusting('10.0.0.0/8');
    for (const header of [undefined, '', 'unknown', '<script>', '999.1.1.1'])
      assert.equal(clientAddress('10.1.2.3', header, trusted), '10.1.2.3');
    assert.equal(
      clientAddress('10.1.2.3', `198.51.100.1, ${'10.0.0.1, '.repeat(5000)}10.0.0.2`, trusted),
      '10.0.0.1',
      'and so does its length',
    );
  });
  test('IPv4 over IPv6 sockets, IPv6 and ports are read', () => {
    assert.equal(clientAddress('::ffff:10.1.2.3', '[2001:db8::7]:443', trusting('10.1.2.3')), '2001:db8::7');
    assert.equal(clientAddress('2001:db8::1', '198.51.100.1:5000', trusting('2001:db8::/32')), '198.51.100.1');
  });
});

test('HEADROOM_TRUST_PROXY is a list of addresses and networks, and a wrong one is refused in words', () => {
  const { trustProxy } = readConfig({ HEADROOM_TRUST_PROXY: '127.0.0.1, 10.0.0.0/8,2001:db8::/32' });
  assert.equal(trustProxy.check('10.200.0.1'), true);
  assert.equal(trustProxy.check('11.0.0.1'), false);
  assert.equal(readConfig({}).trustProxy.check('127.0.0.1'), false);
  for (const wrong of ['proxy', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/'])
    assert.throws(() => readConfig({ HEADROOM_TRUST_PROXY: wrong }), /HEADROOM_TRUST_PROXY is .*it should be addresses or networks/);
});

test('limits count the 64 bits that whoever has one IPv6 address has all of', () => {
  assert.deepEqual(
    ['2001:db8:1:2:3:4:5:6', '2001:0db8:1:2::9', '2001:db8::1', '::1', 'fe80::1%eth0', '192.0.2.7', 'unknown'].map(networkOf),
    ['2001:db8:1:2::/64', '2001:db8:1:2::/64', '2001:db8:0:0::/64', '0:0:0:0::/64', 'fe80:0:0:0::/64', '192.0.2.7', 'unknown'],
  );
});
