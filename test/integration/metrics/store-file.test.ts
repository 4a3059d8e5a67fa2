import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { openMetricStore } from '#server/metrics/index.ts';
import { SAMPLE_COLUMNS, SAMPLE_WIDTH, writeSample } from '#server/metrics/sample-row.ts';
import { sample } from '#test/support/samples.ts';

const T0 = 1_700_000_100_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function place(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-store-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return path.join(dir, 'metrics.db');
}

describe('the file of the metric store', () => {
  test('keeps every sample once and in order when the clock jumps back and forward', async (t) => {
    const file = place(t);
    const store = await openMetricStore({ file, now: () => T0 + 3 * HOUR });
    const times = [
      ...Array.from({ length: 200 }, (_, i) => T0 + i * 5000),
      // back by an hour, then through the same seconds again, then far ahead
      ...Array.from({ length: 200 }, (_, i) => T0 - HOUR + i * 5000),
      ...Array.from({ length: 50 }, (_, i) => T0 + i * 5000 + (i < 25 ? 0 : 2500)),
      ...Array.from({ length: 100 }, (_, i) => T0 + 2 * HOUR + i * 5000),
    ];
    for (const [i, at] of times.entries()) {
      store.append('n_a', sample(at, { openFds: i }));
      if (i % 7 === 0) await store.flush();
    }
    const expected = [...new Set(times)].sort((a, b) => a - b);
    const stored = async (from: typeof store) => (await from.raw('n_a', 0, T0 + 4 * HOUR)).map(({ at }) => at);
    assert.deepEqual(await stored(store), expected);
    const first = (await store.raw('n_a', T0, T0 + 1))[0];
    assert.equal(first?.openFds, 0, 'of two samples of one moment the first one stays');
    await store.close();
    const again = await openMetricStore({ file, now: () => T0 + 3 * HOUR });
    t.after(() => again.close());
    assert.deepEqual(await stored(again), expected);
    const { at } = await again.columns('n_a', 0, T0 + 4 * HOUR, ['openFds']);
    assert.deepEqual([...at], expected);
  });

  test('of an earlier version, with a row a sample, is taken over as it is', async (t) => {
    const file = place(t);
    const samples = Array.from({ length: 500 }, (_, i) =>
      sample(T0 + i * 5000, { openFds: i, poolIdle: i % 5 === 0 ? null : 3, eventLoopLagSeconds: 0.0125 }),
    );
    const old = new DatabaseSync(file);
    old.exec(`CREATE TABLE node (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT; INSERT INTO node (key) VALUES ('n_a');
      CREATE TABLE raw (node INTEGER NOT NULL, ${SAMPLE_COLUMNS.join(', ')}, PRIMARY KEY (node, at)) WITHOUT ROWID`);
    const insert = old.prepare(`INSERT INTO raw VALUES (1, ${SAMPLE_COLUMNS.map(() => '?').join(', ')})`);
    old.exec('BEGIN');
    for (const one of samples) {
      const row = new Float64Array(SAMPLE_WIDTH);
      writeSample(row, 0, one);
      insert.run(...Array.from(row, (value) => (Number.isNaN(value) ? null : value)));
    }
    old.exec('COMMIT');
    old.close();
    const store = await openMetricStore({ file, now: () => T0 + HOUR });
    t.after(() => store.close());
    assert.deepEqual(await store.raw('n_a', 0, T0 + HOUR), samples);
    assert.deepEqual(store.recent('n_a', 0).at(-1), samples.at(-1));
    store.append('n_a', sample(T0 + HOUR, { openFds: 7 }));
    assert.equal((await store.raw('n_a', 0, T0 + 2 * HOUR)).length, 501);
  });

  test('takes samples while a day of 30 nodes is deleted, each within a tick', async (t) => {
    let now = T0;
    const store = await openMetricStore({
      file: place(t),
      now: () => now,
      retention: { rawMs: HOUR, minuteMs: 2 * HOUR, quarterMs: 24 * HOUR },
    });
    t.after(() => store.close());
    for (let minute = 0; minute < 24 * 60; minute++) {
      for (let node = 0; node < 30; node++) store.append(`n_${node}`, sample(T0 + minute * MINUTE));
      if (minute % 60 === 0) await store.flush();
    }
    await store.flush();
    now = T0 + 100 * HOUR;
    let pruned = false;
    const pruning = store.prune(now).then(() => {
      pruned = true;
    });
    let [taken, slowest] = [0, 0];
    while (!pruned) {
      const started = performance.now();
      store.append('n_0', sample(now + taken++ * 1000, { openFds: taken }));
      await store.flush();
      slowest = Math.max(slowest, performance.now() - started);
    }
    await pruning;
    assert.ok(taken >= 5, `${taken} ticks were stored meanwhile`);
    assert.ok(slowest < 1000, `a tick waited ${slowest.toFixed(0)} ms`);
    assert.equal((await store.raw('n_0', 0, Number.MAX_SAFE_INTEGER)).length, taken);
    assert.deepEqual(await store.raw('n_1', 0, Number.MAX_SAFE_INTEGER), []);
  });
});
