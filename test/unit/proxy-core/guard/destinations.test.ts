import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfig } from '#contract/index.ts';
import { Concurrency, clientKey } from '../../../../proxy-core/src/guard/concurrency.ts';
import { Destinations, plainAddress } from '../../../../proxy-core/src/guard/destinations.ts';

const LISTENERS = [
  { host: '127.0.0.1', port: 8443 },
  { host: '::', port: 443 },
];
function destinations(extra: object = {}): Destinations {
  const { config } = checkConfig({ listen_addrs: ['127.0.0.1:8443'], ...extra });
  assert.ok(config);
  return new Destinations(config, () => LISTENERS);
}

describe('destinations that a client asked for', () => {
  test('are public addresses only, by default', () => {
    const judge = destinations();
    for (const host of ['1.1.1.1', '8.8.8.8', '2606:4700::1111', '223.255.255.254', '192.88.98.1', '::ffff:1.1.1.1'])
      assert.equal(judge.judge({ host, port: 443 }, false), null, host);
    const denied = [
      '0.0.0.1',
      '10.1.2.3',
      '100.64.0.1',
      '127.9.9.9',
      '169.254.169.254',
      '172.31.0.1',
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ];
    for (const host of [
      ...denied,
      '::',
      '::1',
      'fc00::1',
      'fe80::1',
      'ff02::1',
      '64:ff9b::a00:1',
      '2001:db8::1',
      '2002:a00:1::',
      '::ffff:10.0.0.1',
      '::a00:1',
    ])
      assert.equal(judge.judge({ host, port: 8080 }, false), 'denied_destination', host);
  });

  test('are at HTTP and TLS ports or above 1023', () => {
    const judge = destinations();
    for (const port of [80, 443, 1024, 8080, 65_535]) assert.equal(judge.judge({ host: '1.1.1.1', port }, false), null, `${port}`);
    for (const port of [22, 25, 53, 1023]) assert.equal(judge.judge({ host: '1.1.1.1', port }, false), 'denied_destination', `${port}`);
  });

  test('are what the config says, when it says so', () => {
    const judge = destinations({ deny_destinations: ['10.0.0.0/8', 'fd00::/8'] });
    assert.equal(judge.judge({ host: '10.0.0.1', port: 443 }, false), 'denied_destination');
    assert.equal(judge.judge({ host: '::ffff:10.0.0.1', port: 443 }, false), 'denied_destination');
    assert.equal(judge.judge({ host: '192.168.0.1', port: 443 }, false), null);
    assert.equal(
      destinations({ deny_destinations: ['default', '1.1.1.1'] }).judge({ host: '1.1.1.1', port: 443 }, false),
      'denied_destination',
    );
  });
});

describe('destinations that the operator wrote', () => {
  test('may be private and local', () => {
    for (const host of ['10.0.0.1', '127.0.0.1', '::1', '192.168.1.1'])
      assert.equal(destinations().judge({ host, port: 9000 }, true), null, host);
  });

  test('are never a listener of this proxy, in any spelling, nor of its fleet', () => {
    const judge = destinations({ fleet_addresses: ['203.0.113.7'], deny_destinations: [] });
    for (const trusted of [true, false]) {
      for (const host of ['127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0.0.0.0'])
        assert.equal(judge.judge({ host, port: 8443 }, trusted), 'loop', host);
      for (const host of ['127.0.0.1', '::1', '127.8.8.8']) assert.equal(judge.judge({ host, port: 443 }, trusted), 'loop', host);
      assert.equal(judge.judge({ host: '203.0.113.7', port: 1 }, trusted), 'loop');
      assert.equal(judge.judge({ host: '127.0.0.2', port: 8443 }, trusted), null, 'another loopback address is not that listener');
    }
  });
});

test('an address has one spelling', () => {
  for (const [text, plain] of [
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['0:0:0:0:0:ffff:0102:0304', '1.2.3.4'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ] as const)
    assert.equal(plainAddress(text), plain);
});

test('a client is an IPv4 address, mapped or not, or an IPv6 /64', () => {
  assert.equal(clientKey('::ffff:10.0.0.1'), clientKey('10.0.0.1'));
  assert.equal(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:2:ffff::9'));
  assert.equal(clientKey('2001:db8::1'), clientKey('2001:db8:0:0:1::'));
  assert.notEqual(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:3::1'));
  assert.equal(clientKey('::1'), '0:0:0:0');
});

test('what is counted per key lets go, and leaves no key behind', () => {
  const open = new Concurrency();
  assert.ok(open.enter('a', 2) && open.enter('a', 2) && open.enter('b', 2));
  assert.ok(!open.enter('a', 2));
  for (const key of ['a', 'a', 'b']) open.leave(key);
  assert.equal(open.keys, 0);
});
