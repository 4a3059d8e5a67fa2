import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuMs } from '#test/support/cpu-time.ts';
import { HelloReader, type HelloResult } from '../../../../proxy-core/src/parse/tls-records.ts';
import { extension, handshake, helloBody, helloFor, hostName, records, serverNames } from '../hello-bytes.ts';

/** Feeds everything that came so far, cut at the given places. */
function feed(bytes: Buffer, cuts: readonly number[]): { result: HelloResult; at: number } {
  const reader = new HelloReader();
  for (const end of [...cuts, bytes.length]) {
    const result = reader.read(bytes.subarray(0, end));
    if (result !== 'more') return { result, at: end };
  }
  return { result: 'more', at: bytes.length };
}
const everyByte = (bytes: Buffer) => Array.from({ length: bytes.length }, (_, i) => i);
const nameOf = (result: HelloResult) => (typeof result === 'string' ? result : result.name);

const big = (bytes: number) =>
  handshake(helloBody({ extensions: [extension(35, Buffer.alloc(bytes)), serverNames(hostName('big.example'))] }));

describe('a hello in TLS records', () => {
  test('is understood when it is cut in two at any byte', () => {
    const bytes = helloFor('cut.example');
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const { result, at } = feed(bytes, [cut]);
      assert.equal(nameOf(result), 'cut.example', `cut at ${cut}`);
      assert.equal(at, bytes.length, 'and not before its last byte');
    }
  });

  test('is understood when it comes byte by byte, in records of any size', () => {
    for (const size of [1, 2, 3, 4, 5, 7, 50, 16_384]) {
      const bytes = helloFor('bytes.example', size);
      assert.equal(nameOf(feed(bytes, everyByte(bytes)).result), 'bytes.example', `records of ${size}`);
      assert.equal(nameOf(feed(bytes, []).result), 'bytes.example', `records of ${size}, at once`);
    }
  });

  test('is understood when the first record holds 1 to 60 bytes of it', () => {
    const whole = handshake(helloBody({ extensions: [serverNames(hostName('split.example'))] }));
    for (let first = 1; first <= 60; first += 1) {
      const bytes = Buffer.concat([records(whole.subarray(0, first)), records(whole.subarray(first))]);
      assert.equal(nameOf(feed(bytes, []).result), 'split.example', `first record ${first}`);
    }
  });

  test('of 60 KiB is understood, over four records', () => {
    const bytes = records(big(60_000));
    const cuts = Array.from({ length: 20 }, (_, i) => (i + 1) * 1448);
    assert.equal(nameOf(feed(bytes, cuts).result), 'big.example');
  });

  test('in ten thousand records of a few bytes costs time in proportion', () => {
    const bytes = records(big(60_000), 6);
    const reader = new HelloReader();
    const started = cpuMs();
    let result: HelloResult = 'more';
    for (let at = 1; at <= bytes.length && result === 'more'; at += 1) result = reader.read(bytes.subarray(0, at));
    assert.equal(nameOf(result), 'big.example');
    assert.ok(cpuMs() - started < 2000, `${bytes.length} reads took ${(cpuMs() - started).toFixed(0)} ms`);
  });

  test('may be followed by another message in its record, and by early data', () => {
    const hello = handshake(helloBody({ extensions: [serverNames(hostName('more.example'))] }));
    const tail = Buffer.from([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 9, 9]);
    assert.equal(
      nameOf(feed(Buffer.concat([records(Buffer.concat([hello, Buffer.from([1, 0, 0, 0])])), tail]), []).result),
      'more.example',
    );
    for (const size of [16_384, 40]) assert.equal(nameOf(feed(Buffer.concat([records(hello, size), tail]), []).result), 'more.example');
  });

  test('may have any record version of major 3', () => {
    const hello = handshake(helloBody({ extensions: [serverNames(hostName('v.example'))] }));
    for (const version of [0x0300, 0x0301, 0x0303, 0x0304])
      assert.equal(nameOf(feed(records(hello, 100, version), []).result), 'v.example');
  });
});

describe('records that cannot carry a hello are refused as soon as that is known', () => {
  const refusedAfter = (bytes: Buffer, result: HelloResult) => {
    const found = feed(bytes, everyByte(bytes));
    assert.equal(found.result, result);
    return found.at;
  };

  test('an empty record', () => assert.equal(refusedAfter(Buffer.from([22, 3, 1, 0, 0, 22, 3]), 'malformed'), 5));
  test('a record of 16,385 bytes', () => assert.equal(refusedAfter(Buffer.from([22, 3, 1, 0x40, 1, 1, 0]), 'malformed'), 5));
  test('another major version', () => assert.equal(refusedAfter(Buffer.from([22, 2, 1, 0, 9]), 'malformed'), 2));
  test('an alert, a change of ciphers or data between two fragments', () => {
    const start = records(handshake(helloBody()).subarray(0, 20));
    for (const type of [20, 21, 23])
      assert.equal(refusedAfter(Buffer.concat([start, Buffer.from([type, 3, 1, 0, 2])]), 'malformed'), start.length + 1);
  });
  test('another handshake message', () => assert.equal(refusedAfter(records(handshake(helloBody(), 2)), 'not-client-hello'), 6));
  test('a hello that says it has more than 64 KiB', () => {
    assert.equal(refusedAfter(Buffer.from([22, 3, 1, 0x10, 0, 1, 1, 0, 1, 3]), 'too-large'), 9);
    assert.equal(feed(Buffer.from([22, 3, 1, 0x10, 0, 1, 1, 0, 0]), []).result, 'more', 'exactly 64 KiB may come');
  });
  test('a hello whose inside is malformed, when its last byte is there', () => {
    const bytes = records(handshake(helloBody({ extensions: [serverNames(hostName('a b'))] })));
    assert.equal(refusedAfter(bytes, 'malformed'), bytes.length);
  });
});
