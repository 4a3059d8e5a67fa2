import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BacktestRule, backtest, replay, summariseBacktest } from '#server/detect/index.ts';
import { type BacktestRuleKey, usualClear } from '#shared/backtest.ts';
import type { Sample } from '#shared/metrics.ts';
import { demoNode } from './demo-node.ts';

const START = 1_800_000_000_000;
const HOUR = 3_600_000;
const rule = (key: BacktestRuleKey, threshold: number, more: Partial<BacktestRule> = {}): BacktestRule => ({
  ...{ key, threshold, windowMinutes: 10, forSeconds: 0, ...usualClear(key, threshold) },
  ...more,
});
const run = (samples: readonly Sample[], asked: BacktestRule, fromMs = START, toMs = samples.at(-1)?.at ?? START) =>
  backtest({ samples, fromMs, toMs, everyMs: 60_000, rule: asked });
/** An hour of a node that leaks 30 fds a minute and is full at 1,024 after about half of it. */
const leaky = demoNode({ seed: 4, start: START, to: 3600, limit: 1024, leak: { perMinute: 30, kind: 'pool' } });
const healthy = demoNode({ seed: 5, start: START, to: 2 * 3600, every: 15, limit: 16_384 });

describe('a rule over stored samples', () => {
  test('says when it would have fired, and how long before the process was full', () => {
    const got = run(leaky, rule('leaking', 0));
    const [life] = got.lives;
    const full = leaky.find((row) => (row.openFds ?? 0) >= 1022)?.at ?? 0;
    assert.ok(life && got.lives.length === 1);
    assert.deepEqual([life.truth, life.emfileAt], ['emfile', new Date(full).toISOString()]);
    const [fired] = got.firings;
    assert.ok(fired && got.firings.length === 1 && fired.outcome === 'right' && fired.to === null, JSON.stringify(got.firings));
    const lead = (full - Date.parse(fired.from)) / 1000;
    assert.equal(fired.leadSeconds, Math.round(lead));
    assert.ok(lead > 20 * 60, `${lead} s`);
    assert.deepEqual([life.firedAt, life.leadSeconds], [fired.from, fired.leadSeconds]);
    assert.ok(Math.abs(got.watchedDays - 1 / 24) < 0.001);
  });

  test('knows nothing later than the moment it is asked about', () => {
    const half = START + HOUR / 3;
    const whole = run(leaky, rule('leaking', 0), START, half);
    const cut = run(
      leaky.filter((row) => row.at <= half),
      rule('leaking', 0),
      START,
      half,
    );
    assert.deepEqual(
      whole.firings.map(({ from, value }) => [from, value]),
      cut.firings.map(({ from, value }) => [from, value]),
    );
  });

  test('fires by headroom when little is free, and by the time to EMFILE earlier', () => {
    const late = run(leaky, rule('headroom', 20)).firings[0];
    const early = run(leaky, rule('time-to-emfile', 30)).firings[0];
    assert.ok(late && early && (late.value ?? 100) < 20 && (late.openFds ?? 0) > 0.8 * 1024);
    assert.ok(Date.parse(early.from) < Date.parse(late.from) && (early.value ?? 99) <= 30);
    assert.equal(run(leaky, rule('headroom', 0.1)).firings.length, 1);
  });

  test('a slope fires on a healthy morning: a false alarm, which the judgement does not raise', () => {
    const morning = healthy.map((row) => {
      const hours = (row.at - START) / HOUR;
      const more = Math.round(hours * 120);
      // tunnels of six seconds: the accepts of such a rise
      const accepted = Math.round(36_000 * hours ** 2);
      return {
        ...row,
        connectionsActive: (row.connectionsActive ?? 0) + more,
        openFds: (row.openFds ?? 0) + 2 * more,
        acceptedTotal: (row.acceptedTotal ?? 0) + accepted,
      };
    });
    const slope = run(morning, rule('slope', 1));
    assert.deepEqual(new Set(slope.firings.map(({ outcome }) => outcome)), new Set(['false-alarm']), JSON.stringify(slope));
    assert.equal(slope.lives[0]?.truth, 'healthy');
    assert.equal(run(morning, rule('leaking', 0)).firings.length, 0);
  });

  test('predict_linear fires once the line meets the limit in time, and its value is that time', () => {
    const [fired] = run(leaky, rule('predict-linear', 15)).firings;
    assert.ok(fired && fired.outcome === 'right' && fired.value !== null && fired.value <= 15, JSON.stringify(fired));
  });

  test('must hold for its time before it fires, and ends when it no longer holds', () => {
    const restarted = [...leaky.slice(0, 300), ...demoNode({ seed: 9, start: START + 1520_000, to: 1800, limit: 1024 })];
    const at = (forSeconds: number) => run(restarted, rule('headroom', 60, { forSeconds })).firings[0];
    const [now, later] = [at(0), at(300)];
    assert.ok(now?.to && later?.to);
    assert.equal((Date.parse(later.from) - Date.parse(now.from)) / 1000, 300);
    assert.equal(later.to, now.to);
    assert.deepEqual(
      run(restarted, rule('headroom', 60)).lives.map(({ truth }) => truth),
      ['leaked', 'unknown'],
    );
  });

  test('is silent over gaps, which are not watched time', () => {
    const gone = leaky.filter((row) => row.at < START + 900_000 || row.at > START + 3_000_000);
    const got = run(gone, rule('headroom', 70));
    assert.equal(got.firings.length, 2);
    assert.ok(got.watchedDays < 0.6 / 24);
  });

  test('comes in slices, with the same answer', () => {
    const steps = replay({ samples: healthy, fromMs: START, toMs: START + 2 * HOUR, everyMs: 60_000, rule: rule('leaking', 0) });
    let pauses = 0;
    let step = steps.next();
    while (!step.done) {
      pauses += 1;
      step = steps.next();
    }
    assert.ok(pauses >= 5);
    assert.deepEqual(step.value, run(healthy, rule('leaking', 0), START, START + 2 * HOUR));
  });

  test('of no samples is empty', () => {
    assert.deepEqual(run([], rule('leaking', 0), START, START + HOUR), { watchedDays: 0, firings: [], lives: [] });
  });
});

test('a summary counts over nodes, and says it in one sentence', () => {
  const node = (name: string, samples: readonly Sample[], asked: BacktestRule) => ({
    nodeId: name,
    name,
    stepSeconds: 5,
    ...run(samples, asked),
  });
  const asked = rule('leaking', 0);
  const got = summariseBacktest('leaking', [node('a', leaky, asked), node('b', healthy, asked)]);
  assert.deepEqual(
    [got.nodes, got.firings, got.right, got.falseAlarms, got.emfiles, got.emfilesWarned, got.leaksCaught],
    [2, 1, 1, 0, 1, 1, 1],
  );
  assert.match(
    got.sentence,
    /^Leak verdict would have fired once: 1 right, 0 false alarms; 1 of 1 leaking process caught; EMFILE announced in 1 of 1, \d+ min before\.$/,
  );
  assert.match(summariseBacktest('slope', []).sentence, /no samples/);
});

describe('rules that look at what answered', () => {
  // scrapes come up to a scrape after the minute: what is told is told at the minute after
  const every = (from: number, to: number, source: Sample['source'] = 'http') =>
    healthy.filter((row) => row.at >= START + from * 60_000 && row.at < START + to * 60_000).map((row) => ({ ...row, source }));
  const end = START + 2 * HOUR;

  test('a metrics page that did not answer for long enough; a shorter time is not told', () => {
    const samples = [...every(0, 30), ...every(30, 42, 'ssh-proc'), ...every(42, 120)];
    const { firings, lives } = run(samples, rule('scrape-blind', 300), START, end);
    assert.deepEqual(
      firings.map(({ from, to, outcome }) => [(Date.parse(from) - START) / 60_000, (Date.parse(to ?? '') - START) / 60_000, outcome]),
      [[36, 43, 'right']],
    );
    assert.equal(lives[0]?.firedAt, null, 'that is no word about its fds');
    assert.deepEqual(run(samples, rule('scrape-blind', 900), START, end).firings, []);
  });

  test('a gap is told once, to its end, and nobody claims to know whose it was; none before the first sample', () => {
    const samples = [...every(20, 50), ...every(70, 120)];
    const backtested = run(samples, rule('node-down', 90), START, end);
    const [gap] = backtested.firings;
    assert.ok(gap && backtested.firings.length === 1, JSON.stringify(backtested.firings));
    assert.deepEqual([(Date.parse(gap.from) - START) / 60_000, (Date.parse(gap.to ?? '') - START) / 60_000], [53, 71]);
    assert.equal(gap.outcome, 'undecided');
    const told = summariseBacktest('node-down', [{ nodeId: 'a', name: 'a', stepSeconds: 15, ...backtested }]);
    assert.equal(told.sentence, 'Node down would have fired once: 0 right, 0 false alarms, 1 undecided.');
    assert.deepEqual([told.leaks, told.emfiles], [0, 0]);
  });

  test('a gauge that counts more sockets than the process has fds', () => {
    const samples = every(0, 120).map((row, i) => ({
      ...row,
      poolActive: i < 240 ? 0 : (row.openFds ?? 0) + 80,
      poolIdle: 0,
      baselineFds: 20,
    }));
    const { firings } = run(samples, rule('pool-gauge', 100), START, end);
    assert.deepEqual(
      firings.map(({ from, value }) => [(Date.parse(from) - START) / 60_000, value]),
      [[61, 100]],
    );
    assert.deepEqual(run(samples, rule('pool-gauge', 101), START, end).firings, []);
  });
});
