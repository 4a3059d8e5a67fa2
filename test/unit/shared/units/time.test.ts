import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  formatAgo,
  formatClock,
  formatCountdown,
  formatDay,
  formatDuration,
  formatForecast,
  formatHourMinute,
  formatInstant,
  splitDuration,
} from '#shared/units/time.ts';

const [min, h, d] = [60, 3600, 86_400];

describe('a duration has two units at most', () => {
  for (const [seconds, shown] of [
    [-5, '0 s'],
    [0, '0 s'],
    [0.4, '0 s'],
    [9, '9 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [60, '1 min'],
    [2280, '38 min'],
    [89 * min, '89 min'],
    [89.6 * min, '1 h 30'],
    [90 * min, '1 h 30'],
    [7800, '2 h 10'],
    [2 * h - 20, '2 h 00'],
    [9 * h + 59.4 * min, '9 h 59'],
    [9 * h + 59.6 * min, '10 h'],
    [19 * h, '19 h'],
    [47.4 * h, '47 h'],
    [47.6 * h, '2 d'],
    [48 * h, '2 d'],
    [6 * d, '6 d'],
    [400 * d, '400 d'],
  ] as const)
    test(`${seconds} s is ${shown}`, () => assert.equal(formatDuration(seconds), shown));
});

test('large type takes the unit apart, unless there are two', () => {
  assert.deepEqual(splitDuration(2280), { figure: '38', unit: 'min' });
  assert.deepEqual(splitDuration(7800), { figure: '2 h 10', unit: '' });
});

test('a forecast says "over 30 d" past the horizon and not before', () => {
  assert.equal(formatForecast(30 * d), '30 d');
  assert.equal(formatForecast(30 * d + 1), 'over 30 d');
});

describe('relative time', () => {
  for (const [seconds, shown] of [
    [-3, 'just now'],
    [0.9, 'just now'],
    [9, '9 s ago'],
    [180, '3 min ago'],
    [9600, '2 h 40 min ago'],
    [26 * h, '26 h ago'],
    [3 * d, '3 d ago'],
  ] as const)
    test(`${seconds} s is ${shown}`, () => assert.equal(formatAgo(seconds), shown));
});

test('clocks and instants are UTC', () => {
  const at = Date.UTC(2026, 10, 17, 14, 32, 7);
  assert.equal(formatClock(at), '14:32:07');
  assert.equal(formatHourMinute(at), '14:32');
  assert.equal(formatDay(at), '17 Nov');
  assert.equal(formatInstant(at), '2026-11-17 14:32:07 UTC');
});

describe('a countdown never says 0 before it is over', () => {
  for (const [seconds, shown] of [
    [-1, '0:00'],
    [0, '0:00'],
    [0.2, '0:01'],
    [65, '1:05'],
    [720, '12:00'],
    [3600, '1:00:00'],
  ] as const)
    test(`${seconds} s is ${shown}`, () => assert.equal(formatCountdown(seconds), shown));
});
