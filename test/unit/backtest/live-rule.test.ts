import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BacktestRule, backtest, QUIET } from '#server/detect/index.ts';
import { evaluate, viewOfSamples } from '#server/incidents/index.ts';
import { INCIDENT_RULES } from '#shared/incident-rules.ts';
import type { Sample } from '#shared/metrics.ts';
import { demoNode } from '#test/unit/detect/demo-node.ts';

const START = 1_800_000_000_000;
const MINUTE = 60_000;
type Key = 'leaking' | 'time-to-emfile' | 'pool-gauge';

/** From when to when the live rule fires, looked at once a minute; minutes since the start. */
function live(key: Key, samples: readonly Sample[], end: number): [number, number | null][] {
  const fired: [number, number | null][] = [];
  let standing = QUIET;
  for (let now = START; now <= end; now += MINUTE) {
    const known = samples.filter((row) => row.at <= now);
    const made = evaluate(key, INCIDENT_RULES[key].defaults, viewOfSamples(known, now), standing);
    standing = made.standing;
    const at = (now - START) / MINUTE;
    if (made.change === 'fired') fired.push([at, null]);
    const last = fired.at(-1);
    if (made.change === 'cleared' && last) last[1] = at;
  }
  return fired;
}

function replayed(key: Key, samples: readonly Sample[], end: number): [number, number | null][] {
  const rule: BacktestRule = { key, ...INCIDENT_RULES[key].defaults, windowMinutes: 0 };
  const { firings } = backtest({ samples, fromMs: START, toMs: end, everyMs: MINUTE, rule });
  return firings.map(({ from, to }) => [(Date.parse(from) - START) / MINUTE, to === null ? null : (Date.parse(to) - START) / MINUTE]);
}

const hours = (seed: number, to: number, more: Partial<Parameters<typeof demoNode>[0]> = {}) =>
  demoNode({ seed, start: START, to: to * 3600, every: 15, ...more });
/** Sockets that no column shows: they fill up after the start and stay. */
const filling = (samples: readonly Sample[], cap: number, minutes: number) =>
  samples.map((row) => ({
    ...row,
    openFds: (row.openFds ?? 0) + Math.round(cap * (1 - Math.exp(-(row.at - START) / MINUTE / minutes))),
  }));

const COURSES: Record<string, Sample[]> = {
  'a fast leak up to the limit': hours(4, 1, { limit: 1024, leak: { perMinute: 30, kind: 'pool' } }),
  'a leak with days left': hours(5, 3, { limit: 16_384, leak: { perMinute: 2, kind: 'pool' } }),
  'a leak, a silence of half an hour, a restart without it': [
    ...hours(6, 1, { leak: { perMinute: 12, kind: 'pool' } }).filter((row) => row.at < START + 20 * MINUTE || row.at > START + 50 * MINUTE),
    ...demoNode({ seed: 7, start: START + 61 * MINUTE, to: 2 * 3600, every: 15 }),
  ],
  'a cache that fills': filling(hours(8, 3, { limit: 1024 }), 150, 22),
  'a pool that counts too many': hours(9, 1).map((row) => {
    const lies = row.at > START + 10 * MINUTE && row.at < START + 40 * MINUTE;
    return { ...row, poolActive: lies ? 400 : 0 };
  }),
};

describe('a replay of a built-in rule says what the live rule says', () => {
  for (const [name, samples] of Object.entries(COURSES))
    test(name, () => {
      const end = samples.at(-1)?.at ?? START;
      for (const key of ['leaking', 'time-to-emfile', 'pool-gauge'] as const)
        assert.deepEqual(replayed(key, samples, end), live(key, samples, end), key);
    });

  test('and these courses do fire', () => {
    const fires = (name: string, key: Key) => replayed(key, COURSES[name] ?? [], START + 3 * 60 * MINUTE).length > 0;
    assert.ok(fires('a fast leak up to the limit', 'time-to-emfile'));
    assert.ok(fires('a leak with days left', 'leaking'));
    assert.ok(fires('a pool that counts too many', 'pool-gauge'));
  });
});
