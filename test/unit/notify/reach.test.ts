import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, test } from 'node:test';
import { addressesOf, isPrivate, post, refusedAddress, retryAfter, SendFailure } from '#server/notify/reach.ts';

const OPEN = { allowPrivate: true, caCertificate: '' };
const words = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it was taken',
    (error) => (error instanceof SendFailure ? error.message : String(error)),
  );

describe('where notifications may go', () => {
  test('addresses of this machine and of private networks are private, in every notation', () => {
    const ones = [
      '127.0.0.1',
      '127.9.9.9',
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      '::1',
      'fd00::1',
      'fc00::1',
      '::ffff:10.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::a00:1',
    ];
    for (const one of ones) assert.equal(isPrivate(one), true, one);
    for (const one of ['8.8.8.8', '172.32.0.1', '172.15.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])
      assert.equal(isPrivate(one), false, one);
  });

  test('metadata services are never asked, private addresses only where an admin allowed it, others only over TLS', () => {
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '::ffff:169.254.169.254', '0.0.0.0', '255.255.255.255', 'fe80::1'])
      assert.match(refusedAddress('x', address, { allowPrivate: true, clear: false }) ?? '', /never asked/, address);
    assert.match(refusedAddress('x', '10.0.0.1', { allowPrivate: false, clear: false }) ?? '', /an admin can allow it/);
    assert.equal(refusedAddress('x', '10.0.0.1', { allowPrivate: true, clear: true }), null);
    assert.match(refusedAddress('x', '8.8.8.8', { allowPrivate: true, clear: true }) ?? '', /needs TLS/);
    assert.equal(refusedAddress('x', '8.8.8.8', { allowPrivate: false, clear: false }), null);
  });

  test('a name is judged by what it resolves to when it is dialled', async () => {
    assert.match(
      await words(addressesOf('localhost', { allowPrivate: false, clear: false })),
      /localhost leads to the private address (127\.0\.0\.1|::1)/,
    );
    assert.match(await words(post('https://[::1]:1/', '{}', {}, { ...OPEN, allowPrivate: false })), /private address/);
    assert.match(await words(post('http://0x7f000001:1/', '{}', {}, { ...OPEN, allowPrivate: false })), /private address 127\.0\.0\.1/);
    assert.match(await words(post('http://169.254.169.254/latest/meta-data', '{}', {}, OPEN)), /never asked/);
  });

  test('an endless answer is cut, and a redirect is an answer like any other', async (t) => {
    let asked = 0;
    const server = http.createServer((_, response) => {
      asked += 1;
      response.writeHead(302, { location: 'http://127.0.0.1:1/' });
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const answer = await post(`http://127.0.0.1:${port}/`, '{}', {}, OPEN);
    assert.deepEqual([answer.status, answer.body.length, asked], [302, 16_384, 1]);
  });

  test('Retry-After is read in both of its forms, and an hour at most is believed', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    assert.equal(retryAfter('7', now), 7000);
    assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
    for (const none of [undefined, 'soon', '-3', 'Wed, 31 Dec 2025 00:00:00 GMT']) assert.equal(retryAfter(none, now), 0, none);
    assert.equal(retryAfter('999999', now), 3_600_000);
  });
});
