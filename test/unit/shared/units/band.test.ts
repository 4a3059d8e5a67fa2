import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Band } from '#shared/time.ts';
import { formatBand, formatEstimate, formatSlopeBand } from '#shared/units/band.ts';

const [min, h, d] = [60, 3600, 86_400];
const band = (low: number, mid: number, high: number | null): Band => ({ low, mid, high });

describe('a band says its unit once when both ends share it', () => {
  for (const [given, shown] of [
    [band(2040, 2280, 2640), '34–44 min'],
    [band(6600, 7800, 9660), '1 h 50–2 h 41'],
    [band(13 * h, 19 * h, 33 * h), '13–33 h'],
    [band(40 * min, 80 * min, 3 * h), '40 min–3 h 00'],
    [band(20, 30, 40), '20–40 s'],
    [band(60 * min, 60 * min, 60 * min + 10), '60 min'],
    [band(3 * d, 9 * d, null), '3 d to over 30 d'],
    [band(3 * d, 9 * d, 31 * d), '3 d to over 30 d'],
    [band(31 * d, 40 * d, null), 'over 30 d'],
  ] as const)
    test(shown, () => assert.equal(formatBand(given), shown));
});

test('an estimate never comes without its band', () => {
  assert.equal(formatEstimate(band(2040, 2280, 2640)), '38 min, 34–44 min');
  assert.equal(formatEstimate(band(20 * d, 40 * d, null)), 'over 30 d, 20 d to over 30 d');
  assert.equal(formatEstimate(band(31 * d, 40 * d, null)), 'over 30 d');
});

test("a slope's interval keeps both signs", () => {
  assert.equal(formatSlopeBand({ low: 299.4, mid: 346, high: 387 }), '+299 to +387');
  assert.equal(formatSlopeBand({ low: -2.2, mid: 0.1, high: 2.4 }), '−2.2 to +2.4');
});
