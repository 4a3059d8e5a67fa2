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

test('closing waits for the last write, also in a process that nothing else keeps alive', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-close-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const args = [path.join(import.meta.dirname, 'closer.ts'), path.join(dir, 'metrics.db')];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'closed\n');
});
