import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunkTimes, decodeChunk, decodeColumns, encodeChunk, MAX_CHUNK_SAMPLES } from '#server/metrics/chunk.ts';
import { AT, GAUGE_0, SAMPLE_WIDTH } from '#server/metrics/sample-row.ts';

/** Whatever a page may have said, by a seed. */
function randomRows(seed: number, samples: number): Float64Array {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const rows = new Float64Array(samples * SAMPLE_WIDTH);
  for (let column = 0; column < SAMPLE_WIDTH; column++) {
    const kind = Math.floor(random() * 8);
    for (let row = 0; row < samples; row++) {
      const values = [
        Number.NaN,
        7,
        Math.round((random() - 0.5) * 1e4) + 0,
        4096 * Math.round(random() * 1e6),
        Math.round(random() * 1e9) / 1e6,
        Number.MAX_SAFE_INTEGER * (random() < 0.5 ? -1 : 1),
        random(),
        random() < 0.3 ? Number.NaN : row * 3,
      ];
      rows[row * SAMPLE_WIDTH + column] = values[kind] ?? 0;
    }
  }
  return rows;
}

describe('a chunk of samples', () => {
  test('comes back exactly, whatever the numbers', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const rows = randomRows(seed, 1 + (seed % MAX_CHUNK_SAMPLES));
      const bytes = encodeChunk(rows);
      const back = new Float64Array(rows.length);
      assert.equal(decodeChunk(bytes, 0, back, 0), rows.length);
      assert.deepEqual(back, rows, `seed ${seed}`);
    }
  });

  test('gives single columns and its times without the rest', () => {
    const rows = randomRows(5, 90);
    for (let row = 0; row < 90; row++) rows[row * SAMPLE_WIDTH + AT] = 1_700_000_000_000 + row * 5000;
    const bytes = encodeChunk(rows);
    const [at, fds] = [new Float64Array(92), new Float64Array(92)];
    assert.equal(decodeColumns(bytes, [AT, GAUGE_0], [at, fds], 2), 90);
    for (let row = 0; row < 90; row++)
      assert.deepEqual([at[row + 2], fds[row + 2]], [rows[row * SAMPLE_WIDTH + AT], rows[row * SAMPLE_WIDTH + GAUGE_0]]);
    assert.deepEqual(chunkTimes(bytes), { firstAt: 1_700_000_000_000, lastAt: 1_700_000_000_000 + 89 * 5000 });
  });

  test('of a usual node takes at most 30 bytes a sample', () => {
    const rows = new Float64Array(80 * SAMPLE_WIDTH);
    const jitter = (i: number) => (i * 7919) % 401;
    for (let i = 0; i < 80; i++)
      rows.set(
        [
          ...[1_700_000_000_000 + i * 5000 + jitter(i), 1_690_000_000_000, 0, 140 + (jitter(i) % 30), 8192, 60 + (jitter(i) % 20)],
          ...[jitter(i) % 2, jitter(i) % 3, 4, 8, 24, 71_000_000 - (71_000_000 % 4096) + 4096 * jitter(i), jitter(i) / 1e5],
          ...[
            900_000 + i * 110 + (jitter(i) % 60),
            0,
            4e9 + i * 1.8e6 + jitter(i) * 999,
            37,
            Math.round(5e8 + i * 31_000 + jitter(i)) / 1e6,
          ],
        ],
        i * SAMPLE_WIDTH,
      );
    const perSample = encodeChunk(rows).length / 80;
    assert.ok(perSample <= 30, `${perSample}`);
  });
});
