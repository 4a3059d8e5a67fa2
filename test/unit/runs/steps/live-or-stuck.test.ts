import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { assessFix } from '#server/detect/index.ts';
import { liveOrStuck } from '#server/runs/steps/live-or-stuck.ts';
import type { Sample } from '#shared/metrics.ts';

const NOTHING = { before: null, after: null, comparedBy: null };
const FIXED: ReturnType<typeof assessFix> = {
  verdict: 'fixed',
  sentence: 'fixed',
  wasLeaking: true,
  judgement: NOTHING,
  missing: null,
  control: null,
};
const samples = (active: number[], stale: number | null): Sample[] =>
  active.map((connectionsActive, i) => ({
    ...BLANK,
    at: i * 5000,
    connectionsActive,
    connectionsStale: stale,
    openFds: 24 + 2 * connectionsActive,
  }));
const BLANK: Sample = {
  ...{
    at: 0,
    processStart: 0,
    openFds: 0,
    fdLimit: 8192,
    connectionsActive: 0,
    connectionsStale: null,
    withoutBackend: null,
    poolActive: 0,
    poolIdle: 0,
  },
  ...{ baselineFds: null, acceptedTotal: 0, refusedTotal: null, bytesTotal: 0, errorsTotal: null, rssBytes: null, cpuSeconds: null },
  ...{ eventLoopLagSeconds: null, source: 'ssh-metrics' },
};
const rising = Array.from({ length: 15 }, (_, i) => 20 + i * 20);
const level = Array.from({ length: 15 }, (_, i) => Math.min(20 + i * 20, 120));

test('nothing is called fixed while open connections rise all the time and may be stuck', () => {
  const judged = liveOrStuck(FIXED, samples(rising, null));
  assert.equal(judged.verdict, 'inconclusive');
  assert.match(judged.sentence, /^inconclusive: open connections rose all the time, from 60 to 260/);
});

test('a node whose open connections level off, or that tells stuck ones, is judged as it is', () => {
  assert.equal(liveOrStuck(FIXED, samples(level, null)), FIXED);
  assert.equal(liveOrStuck(FIXED, samples(rising, 0)), FIXED);
  const not = { ...FIXED, verdict: 'not-fixed' as const };
  assert.equal(liveOrStuck(not, samples(rising, null)), not);
});
