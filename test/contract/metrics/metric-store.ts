import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Retention } from '#server/kernel/retention.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { sample } from '#test/support/samples.ts';

/** Opens a store on a place of its own, or again on the same place. */
export type OpenStore = (options: {
  now: () => number;
  retention?: Retention;
}) => Promise<{ store: MetricStore; reopen(): Promise<MetricStore> }>;

/** What one implementation alone cannot know. */
export type Bounds = {
  /** how a sample comes back */
  readBack?: (sample: Sample) => Sample;
  /** first and last times of a bucket are those of its samples; else they are within its span */
  exactTimes?: boolean;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** a full quarter of an hour */
const T0 = 1_700_000_100_000;
const LIFE = T0 - 10 * MINUTE;

/** What every implementation promises to those who read. */
export function metricReadContract(name: string, open: OpenStore, { readBack = (one) => one, exactTimes = true }: Bounds = {}): void {
  describe(`${name} answers as a metric store`, () => {
    test('raw samples come back as they were, in time order, from the range alone', async () => {
      const { store } = await open({ now: () => T0 });
      const samples = [0, 5, 10, 15].map((s) =>
        sample(T0 + s * 1000, {
          openFds: 100 + s,
          poolIdle: s === 5 ? null : s,
          eventLoopLagSeconds: 0.0125,
          source: s === 10 ? 'ssh-proc' : 'http',
        }),
      );
      for (const one of samples) store.append('n_a', one);
      store.append('n_b', sample(T0 + 5000, { openFds: 1 }));
      assert.deepEqual(await store.raw('n_a', T0, T0 + 15_000), samples.slice(0, 3).map(readBack));
      assert.deepEqual(await store.raw('n_none', T0, T0 + 15_000), []);
      await store.close();
    });

    test('a bucket has min, average, max and last of each gauge, first and last of each counter', async () => {
      const { store } = await open({ now: () => T0 + HOUR });
      [10, 40, 25].forEach((openFds, i) => {
        store.append(
          'n_a',
          sample(T0 + i * 20_000, { openFds, acceptedTotal: 100 * i, withoutBackend: i === 0 ? 7 : null, processStart: LIFE }),
        );
      });
      const { stepSeconds, buckets } = await store.query('n_a', { fromMs: T0, toMs: T0 + MINUTE, stepSeconds: 60 });
      assert.equal(stepSeconds, 60);
      assert.equal(buckets.length, 1);
      const [bucket] = buckets;
      assert.ok(bucket);
      assert.deepEqual([bucket.min.openFds, bucket.avg.openFds, bucket.max.openFds, bucket.last.openFds], [10, 25, 40, 25]);
      assert.deepEqual([bucket.min.withoutBackend, bucket.avg.withoutBackend, bucket.last.withoutBackend], [7, 7, 7]);
      assert.deepEqual([bucket.first.acceptedTotal, bucket.last.acceptedTotal], [0, 200]);
      assert.deepEqual([bucket.at, bucket.samples], [T0, 3]);
      if (exactTimes) assert.deepEqual([bucket.firstAt, bucket.lastAt], [T0, T0 + 40_000]);
      else assert.ok(bucket.firstAt >= T0 && bucket.lastAt > bucket.firstAt && bucket.lastAt < T0 + MINUTE);
      await store.close();
    });

    for (const stepSeconds of [10, 60, 90, 300, 900, 3600])
      test(`no bucket of ${stepSeconds} s spans two process lives, and none loses a sample`, async () => {
        const { store } = await open({ now: () => T0 + HOUR });
        const restart = T0 + 31 * MINUTE + 7000;
        for (let at = T0; at < T0 + HOUR; at += 5000)
          store.append('n_a', sample(at, { processStart: at < restart ? LIFE : restart, openFds: at < restart ? 900 : 40 }));
        const { buckets } = await store.query('n_a', { fromMs: T0, toMs: T0 + HOUR, stepSeconds });
        for (const bucket of buckets) {
          assert.deepEqual([bucket.min.openFds, bucket.max.openFds], bucket.processStart === LIFE ? [900, 900] : [40, 40]);
          if (exactTimes) assert.equal(bucket.processStart, bucket.lastAt < restart ? LIFE : restart);
          else assert.ok(bucket.processStart === LIFE || bucket.processStart === restart);
        }
        assert.equal(
          buckets.reduce((sum, bucket) => sum + bucket.samples, 0),
          720,
        );
        assert.deepEqual(
          buckets.map((b) => b.firstAt),
          buckets.map((b) => b.firstAt).sort((a, b) => a - b),
        );
        await store.close();
      });

    test('a gap is stored as a gap', async () => {
      const { store } = await open({ now: () => T0 + HOUR });
      for (const minute of [0, 1, 10]) store.append('n_a', sample(T0 + minute * MINUTE));
      const { buckets } = await store.query('n_a', { fromMs: T0, toMs: T0 + HOUR, stepSeconds: 60 });
      assert.deepEqual(
        buckets.map((b) => (b.at - T0) / MINUTE),
        [0, 1, 10],
      );
      await store.close();
    });
  });
}

/** What those promise besides that keep the samples themselves. */
export function metricKeepContract(name: string, open: OpenStore): void {
  describe(`${name} keeps samples`, () => {
    test('what was appended is in memory at once, and stored after flush', async () => {
      const { store, reopen } = await open({ now: () => T0 + 30_000 });
      const samples = Array.from({ length: 300 }, (_, i) => sample(T0 + i * 100, { openFds: i }));
      for (const one of samples) store.append('n_a', one);
      assert.deepEqual(store.recent('n_a', T0 + 29_000), samples.slice(290));
      assert.deepEqual(store.last('n_a'), samples[299]);
      await store.flush();
      await store.close();
      const again = await reopen();
      assert.deepEqual(again.recent('n_a', 0), samples);
      assert.deepEqual(again.last('n_a'), samples[299]);
      await again.close();
    });

    test('buckets that were open when the store stopped go on where they were', async () => {
      const now = T0 + 20 * MINUTE;
      const { store, reopen } = await open({ now: () => now });
      for (let at = T0; at < T0 + 7 * MINUTE + 30_000; at += 5000) store.append('n_a', sample(at, { openFds: 10, processStart: LIFE }));
      await store.close();
      const again = await reopen();
      for (let at = T0 + 7 * MINUTE + 30_000; at < T0 + 15 * MINUTE; at += 5000)
        again.append('n_a', sample(at, { openFds: 20, processStart: LIFE }));
      const { buckets } = await again.query('n_a', { fromMs: T0, toMs: T0 + 15 * MINUTE, stepSeconds: 900 });
      assert.deepEqual(
        buckets.map((b) => [b.samples, b.min.openFds, b.avg.openFds, b.max.openFds]),
        [[180, 10, 15, 20]],
      );
      const { buckets: minutes } = await again.query('n_a', { fromMs: T0, toMs: T0 + 15 * MINUTE, stepSeconds: 60 });
      assert.deepEqual(
        minutes.map((b) => b.samples),
        new Array(15).fill(12),
      );
      await again.close();
    });

    test('a page with impossible numbers keeps nobody else from being stored', async () => {
      const { store } = await open({ now: () => T0 });
      store.append(
        'n_a',
        sample(T0, { connectionsActive: 0.4, rssBytes: 1e300, acceptedTotal: Number.POSITIVE_INFINITY, openFds: 2.6, processStart: 1e25 }),
      );
      store.append('n_b', sample(T0));
      await store.flush();
      const [odd] = await store.raw('n_a', T0, T0 + 1);
      assert.deepEqual(
        [odd?.connectionsActive, odd?.rssBytes, odd?.acceptedTotal, odd?.openFds, odd?.processStart],
        [0, null, null, 3, null],
      );
      assert.deepEqual(await store.raw('n_b', T0, T0 + 1), [sample(T0)]);
      await store.close();
    });

    test('a sample stored twice is there once', async () => {
      const { store, reopen } = await open({ now: () => T0 + HOUR });
      for (const openFds of [5, 9]) store.append('n_a', sample(T0, { openFds }));
      await store.flush();
      store.append('n_a', sample(T0, { openFds: 7 }));
      await store.close();
      const again = await reopen();
      assert.deepEqual(
        (await again.raw('n_a', T0, T0 + 1)).map((s) => s.openFds),
        [5],
      );
      const { buckets } = await again.query('n_a', { fromMs: T0, toMs: T0 + HOUR, stepSeconds: 900 });
      assert.deepEqual(
        buckets.map((b) => [b.samples, b.max.openFds]),
        [[1, 5]],
      );
      await again.close();
    });

    test('retention: raw goes first, then minutes, then quarters; what is kept answers with wider steps', async () => {
      let now = T0;
      const retention = { rawMs: HOUR, minuteMs: DAY, quarterMs: 30 * DAY };
      const { store } = await open({ now: () => now, retention });
      for (let at = T0; at < T0 + 2 * HOUR; at += 10_000) store.append('n_a', sample(at, { openFds: 50 }));
      now = T0 + 3 * HOUR;
      await store.prune(now);
      assert.deepEqual(await store.raw('n_a', 0, now), []);
      const minutes = await store.query('n_a', { fromMs: T0, toMs: now, stepSeconds: 10 });
      assert.deepEqual([minutes.stepSeconds, minutes.buckets.length], [60, 120]);
      now = T0 + 2 * DAY;
      await store.prune(now);
      const quarters = await store.query('n_a', { fromMs: T0, toMs: T0 + 2 * HOUR, stepSeconds: 60 });
      assert.deepEqual([quarters.stepSeconds, quarters.buckets.length, quarters.buckets[0]?.samples], [900, 8, 90]);
      now = T0 + 40 * DAY;
      await store.prune(now);
      assert.deepEqual((await store.query('n_a', { fromMs: T0, toMs: now, stepSeconds: 900 })).buckets, []);
      await store.close();
    });

    test('appends and answers go on while old samples are deleted', async () => {
      let now = T0;
      const { store } = await open({ now: () => now, retention: { rawMs: HOUR, minuteMs: 2 * HOUR, quarterMs: DAY } });
      for (let node = 0; node < 10; node++) for (let i = 0; i < 2000; i++) store.append(`n_${node}`, sample(T0 + i * 5000));
      await store.flush();
      now = T0 + 10 * DAY;
      const pruning = store.prune(now);
      store.append('n_0', sample(now, { openFds: 77 }));
      assert.equal((await store.raw('n_0', now, now + 1))[0]?.openFds, 77);
      await pruning;
      for (let node = 0; node < 10; node++) assert.equal((await store.raw(`n_${node}`, 0, now + 1)).length, node === 0 ? 1 : 0);
      await store.close();
    });
  });
}
