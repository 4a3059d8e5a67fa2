import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPonger, pingFrame } from '#demo/traffic/frames.ts';
import { startTicker } from '#demo/traffic/schedule.ts';

describe('the traffic of a demo', () => {
  test('an even pace: every interval holds exactly one call, and none comes in its first or last quarter', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const calls: number[] = [];
    const ticker = startTicker(4, () => calls.push(now), Math.random);
    for (; now < 10_000; now++) t.mock.timers.tick(1);
    ticker.stop();
    const gaps = calls.slice(1).map((at, i) => at - (calls[i] ?? 0));
    assert.ok(calls.length >= 39 && calls.length <= 41, `${calls.length} calls in 10 s at 4 a second`);
    assert.ok(
      gaps.every((gap) => gap >= 120 && gap <= 380),
      `gaps ${gaps}`,
    );
  });

  test('a ping is answered with a pong of the same bytes, also when frames come in pieces or together', () => {
    const sent: Buffer[] = [];
    const take = createPonger((frame) => sent.push(frame));
    const [one, two] = [pingFrame(), pingFrame()];
    take(one.subarray(0, 3));
    assert.equal(sent.length, 0);
    take(Buffer.concat([one.subarray(3), two]));
    const unmask = (frame: Buffer) => frame.subarray(6).map((byte, i) => byte ^ (frame[2 + i] ?? 0));
    assert.deepEqual(
      sent.map((frame) => [...frame]),
      [one, two].map((frame) => [0x8a, 4, ...unmask(frame)]),
    );
  });
});
