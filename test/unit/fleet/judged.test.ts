import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createJudge } from '#server/fleet/judged.ts';
import { sample } from '#test/support/samples.ts';
import { until } from '#test/support/until.ts';

const NOW = 1_700_003_600_000;
const clock = { now: () => NOW, sleep: async () => undefined };
const samples = Array.from({ length: 1500 }, (_, i) => sample(NOW - (1500 - i) * 2000, { openFds: 100 + Math.floor(i / 10) + (i % 3) }));
const metrics = { recent: () => samples, last: () => samples.at(-1) ?? null };

test('of many nodes nobody waits for all judgements: the first are given at once, the others follow by themselves', async () => {
  const judge = createJudge(metrics, clock);
  const ids = Array.from({ length: 400 }, (_, i) => `n_${i}`);
  const first = ids.map((id) => judge.of(id, NOW, ids.length));
  const waiting = first.filter(({ leak }) => /first judgement/.test(leak.missing ?? '')).length;
  assert.ok(waiting > 0 && waiting < ids.length, `${waiting} of ${ids.length} wait`);
  assert.equal(first[0]?.leak.verdict, 'leaking');
  const judged = () => ids.filter((id) => judge.of(id, NOW, ids.length).leak.verdict === 'leaking').length;
  await until('more of them', () => judged() > ids.length - waiting, { timeoutMs: 20_000 });
});

test('few nodes are all judged at once', () => {
  const judge = createJudge(metrics, clock);
  for (let i = 0; i < 40; i++) assert.equal(judge.of(`n_${i}`, NOW, 40).leak.verdict, 'leaking');
});
