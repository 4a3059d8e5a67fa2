import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatBitRate, formatBytes } from '#shared/units/bytes.ts';
import { formatPer1000, formatPerSecond, formatSlope } from '#shared/units/rate.ts';

test('a slope, a leak per connection and a rate carry their unit', () => {
  assert.equal(formatSlope(346.2), '+346 fds/min');
  assert.equal(formatSlope(-1.24), '−1.2 fds/min');
  assert.equal(formatPer1000(411.8), '412 per 1,000 conn');
  assert.equal(formatPer1000(0.31), '0.3 per 1,000 conn');
  assert.equal(formatPerSecond(14), '14.0');
  assert.equal(formatPerSecond(99.96), '100');
  assert.equal(formatPerSecond(2944.2), '2,944');
});

describe('memory counts in 1,024', () => {
  for (const [bytes, shown] of [
    [0, '0 B'],
    [-1, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [64 * 1024, '64 KiB'],
    [1024 * 1024 - 1, '1 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [3000 * 1024 ** 4, '3000 TiB'],
  ] as const)
    test(`${bytes} is ${shown}`, () => assert.equal(formatBytes(bytes), shown));
});

describe('traffic counts bits in 1,000', () => {
  for (const [bytesPerSecond, shown] of [
    [0, '0 bit/s'],
    [124, '992 bit/s'],
    [124.97, '1 kbit/s'],
    [1000, '8 kbit/s'],
    [76_500_000, '612 Mbit/s'],
    [124_960_000, '1 Gbit/s'],
  ] as const)
    test(`${bytesPerSecond} B/s is ${shown}`, () => assert.equal(formatBitRate(bytesPerSecond), shown));
});
