import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cryptoFrame, sealInitial } from '#test/support/quic-initial.ts';
import { TimerWheel } from '../../../../proxy-core/src/relay/wheel.ts';
import { FirstFlights, FirstPackets } from '../../../../proxy-core/src/udp/first-flights.ts';
import { extension, handshake, helloBody } from '../hello-bytes.ts';

const hello = handshake(helloBody({ extensions: [extension(51, Buffer.alloc(60_000, 5))] }));
/** A packet that says something at the end of a hello of 60 KB, and so takes the memory for all of it. */
const late = (number: number): Buffer => {
  const dcid = Buffer.alloc(8);
  dcid.writeUInt32BE(number);
  return sealInitial(cryptoFrame(59_000, hello.subarray(59_000, 60_000)), { size: 1200, dcid });
};

function flights() {
  const wheel = new TimerWheel(() => 0);
  const ended: [string, string][] = [];
  const firsts = new FirstFlights(wheel, (first, reason) => ended.push([first.who, reason]));
  const begin = (i: number) => {
    const first = new FirstPackets(firsts, `tuple\0${i}`, { who: `client ${i}`, clientKey: null, startedAt: 0 });
    assert.equal(firsts.push(first, late(i)).kind, 'more');
    firsts.keep(first, 10_000);
    return first;
  };
  return { wheel, ended, firsts, begin };
}

describe('hellos that are not whole', () => {
  test('take 16 MB at most together: the oldest gives way, for the reason that it did not become whole in time', () => {
    const { firsts, ended, begin, wheel } = flights();
    for (let i = 0; i < 400; i += 1) begin(i);
    assert.ok(firsts.sizes.bytes <= 16 * 1024 * 1024, `${firsts.sizes.bytes} bytes`);
    assert.ok(ended.length > 100);
    assert.deepEqual(ended[0], ['client 0', 'hello_timeout']);
    assert.equal(firsts.waiting + ended.length, 400);
    firsts.close();
    assert.deepEqual(firsts.sizes, { firsts: 0, bytes: 0 });
    assert.equal(wheel.size, 0);
    assert.equal(ended.at(-1)?.[1], 'shutdown');
  });

  test('are settled once: a refused one keeps no bytes and is not waited for', () => {
    const { firsts, ended, begin } = flights();
    const first = begin(1);
    firsts.settle(first, 'no_route', 10_000);
    assert.deepEqual([firsts.waiting, firsts.sizes, first.over, first.held.length], [0, { firsts: 1, bytes: 0 }, true, 0]);
    assert.equal(firsts.find('tuple', '1'), first, 'what its client sends again is known');
    first.onDeadline();
    assert.deepEqual(firsts.sizes, { firsts: 0, bytes: 0 });
    assert.deepEqual(ended, [['client 1', 'no_route']]);
  });

  test('one that is routed leaves nothing', () => {
    const { firsts, ended, begin, wheel } = flights();
    firsts.settle(begin(1), null, 10_000);
    assert.deepEqual([firsts.sizes, ended.length, wheel.size], [{ firsts: 0, bytes: 0 }, 0, 0]);
  });
});
