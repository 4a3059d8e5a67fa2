import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openMetricStore } from '#server/metrics/index.ts';
import { sample } from '#test/support/samples.ts';
import { until } from '#test/support/until.ts';

const T0 = 1_700_000_100_000;
const NODES = 40;

/** A file system of its own size; null where mounting is not allowed. */
function smallDisk(dir: string, size: string): { resize(to: string): void; unmount(): void } | null {
  const mount = (options: string[]) => spawnSync('mount', [...options, dir], { stdio: 'ignore' }).status === 0;
  if (!mount(['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs'])) return null;
  return {
    resize: (to) => void mount(['-o', `remount,size=${to}`]),
    unmount: () => void spawnSync('umount', ['-l', dir], { stdio: 'ignore' }),
  };
}

test('a full disk: samples go on in memory, the store says so once and in words, and when there is room again nothing is lost or broken', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-full-'));
  const disk = smallDisk(dir, '2m');
  t.after(() => {
    disk?.unmount();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  if (!disk) return t.skip('mounting a small file system takes root');
  const file = path.join(dir, 'metrics.db');
  const errors: string[] = [];
  const store = await openMetricStore({ file, now: () => T0, onError: (words, error) => errors.push(`${words} ${error}`) });
  t.after(() => store.close());
  let ticks = 0;
  const tick = async () => {
    for (let node = 0; node < NODES; node++)
      store.append(`n_${node}`, sample(T0 + ticks * 5000, { openFds: ticks, rssBytes: node * 977 + ticks * 131 }));
    ticks++;
    await store.flush().catch(() => undefined);
  };
  assert.equal(store.problem(), null);
  while (store.problem() === null && ticks < 2000) await tick();
  assert.match(store.problem() ?? '', /cannot be stored: the disk is full.*kept in memory/);
  const fullAt = ticks;
  for (let i = 0; i < 20; i++) await tick();
  assert.equal(store.last('n_3')?.openFds, ticks - 1, 'judging goes on');
  assert.equal(store.recent('n_3', T0 + fullAt * 5000).length, 20);
  assert.ok((await store.raw('n_3', 0, T0 + fullAt * 5000)).length > 0, 'what is stored is still answered');
  assert.ok(errors.length >= 1 && errors.length <= 3, `${errors.length} complaints in ${ticks - fullAt} failing ticks: ${errors[0]}`);
  assert.match(errors[0] ?? '', /could not be stored; they are kept in memory and tried again/);

  disk.resize('64m');
  await until('stored again, by itself', () => store.problem() === null);
  await tick();
  const whole = async (from: typeof store) => {
    for (const node of [0, 3, NODES - 1]) {
      const all = await from.raw(`n_${node}`, 0, T0 + ticks * 5000);
      assert.deepEqual(
        all.map(({ openFds }) => openFds),
        Array.from({ length: ticks }, (_, i) => i),
      );
      const { buckets } = await from.query(`n_${node}`, { fromMs: T0, toMs: T0 + ticks * 5000, stepSeconds: 60 });
      assert.equal(
        buckets.reduce((sum, bucket) => sum + bucket.samples, 0),
        ticks,
      );
    }
  };
  await whole(store);
  await store.close();
  const db = new DatabaseSync(file);
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
  db.close();
  const again = await openMetricStore({ file, now: () => T0 });
  t.after(() => again.close());
  await whole(again);
});
