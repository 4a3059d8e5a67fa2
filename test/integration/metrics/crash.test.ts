import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openMetricStore } from '#server/metrics/index.ts';

const MINUTE = 60_000;

test('a process killed while it stores loses nothing that was flushed, and its buckets agree with its samples', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-crash-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'metrics.db');
  const writer = spawn(process.execPath, [path.join(import.meta.dirname, 'writer.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let flushedUpTo = 0;
  const enough = new Promise<void>((resolve, reject) => {
    let text = '';
    writer.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      flushedUpTo = Number(lines.at(-1) ?? flushedUpTo);
      // 40 minutes of samples: several closed buckets of both widths, and open ones
      if (flushedUpTo >= 40 * MINUTE) resolve();
    });
    writer.on('exit', (code) => reject(new Error(`the writer ended by itself: ${code}`)));
  });
  await enough;
  const dead = new Promise((resolve) => writer.once('exit', resolve));
  writer.kill('SIGKILL');
  await dead;

  const store = await openMetricStore({ file, now: () => 60 * MINUTE });
  t.after(() => store.close());
  const samples = await store.raw('n_a', 0, Number.MAX_SAFE_INTEGER);
  assert.ok(samples.length * 1000 >= flushedUpTo, `${samples.length} samples of at least ${flushedUpTo / 1000}`);
  for (const [i, sample] of samples.entries()) assert.deepEqual([sample.at, sample.openFds], [i * 1000, i]);
  for (const stepSeconds of [60, 900]) {
    const { buckets } = await store.query('n_a', { fromMs: 0, toMs: 60 * MINUTE, stepSeconds });
    assert.equal(
      buckets.reduce((sum, bucket) => sum + bucket.samples, 0),
      samples.length,
      `${stepSeconds} s`,
    );
    for (const bucket of buckets) assert.deepEqual([bucket.min.openFds, bucket.max.openFds], [bucket.firstAt / 1000, bucket.lastAt / 1000]);
  }
});

test('a process killed at any moment, again and again, loses the samples of its last tick and nothing else', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-kill-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'metrics.db');
  const taken: number[] = [];
  for (const lifeMs of [2300, 1700, 3100]) {
    const ticker = spawn(process.execPath, [path.join(import.meta.dirname, 'ticker.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const before = taken.length;
    const alive = new Promise<void>((resolve) => {
      let text = '';
      ticker.stdout.on('data', (chunk: Buffer) => {
        text += chunk;
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) taken.push(Number(line));
        if ((taken.at(-1) ?? 0) - (taken[before] ?? 0) >= lifeMs) resolve();
      });
    });
    await alive;
    const dead = new Promise((resolve) => ticker.once('exit', resolve));
    ticker.kill('SIGKILL');
    await dead;
    const killedAt = taken.at(-1) ?? 0;

    const store = await openMetricStore({ file });
    const kept = new Set((await store.raw('n_3', 0, Number.MAX_SAFE_INTEGER)).map(({ at }) => at));
    const lost = taken.slice(before).filter((at) => !kept.has(at));
    // a tick is a second; a busy machine may be late by one more
    assert.ok(
      lost.every((at) => at > killedAt - 2500),
      `${lost.length} samples lost, the oldest ${killedAt - (lost[0] ?? 0)} ms before the kill`,
    );
    const newest = Math.max(...kept);
    assert.deepEqual(
      lost.filter((at) => at < newest),
      [],
      'no hole before the newest',
    );
    for (let node = 0; node < 10; node++) assert.equal((await store.raw(`n_${node}`, 0, Number.MAX_SAFE_INTEGER)).length, kept.size);
    await store.close();
    taken.splice(0, taken.length, ...kept);
    taken.sort((a, b) => a - b);
  }
});

test('closing waits for the last write, also in a process that nothing else keeps alive', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-close-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const args = [path.join(import.meta.dirname, 'closer.ts'), path.join(dir, 'metrics.db')];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'closed\n');
});
