import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QUIET, type Standing } from '#server/detect/index.ts';
import { type Evaluation, evaluate, type NodeView } from '#server/incidents/index.ts';
import { INCIDENT_RULES, RULE_KEYS, type RuleKey, type RuleNumbers } from '#shared/incident-rules.ts';
import { sample } from '#test/support/samples.ts';

const START = 1_800_000_000_000;
const leak = (verdict: 'leaking' | 'not-leaking' | 'cannot-tell', low = 58): NodeView['leak'] => ({
  verdict,
  perMinute: verdict === 'cannot-tell' ? null : { low, mid: low + 4, high: low + 8 },
  per1000Connections: null,
});
const CALM: NodeView = {
  ...{ now: START, state: 'up', stateReason: null, sample: sample(START), leak: leak('not-leaking', 0), timeToEmfileSeconds: null },
  ...{ drift: false, hostKeyBlocked: false, changing: false, stuckRun: null, boughtMinutesLeft: null },
  sockets: { closeWait: 2, least: 2, established: 60, claimed: 0 },
  journal: { lines: 0, last: null },
};
const band = (minutes: number) => ({ low: minutes * 60, mid: minutes * 66, high: minutes * 72 });

/** What makes each rule fire, what is on neither side of its hysteresis, and what it cannot know. */
const CASES: Record<RuleKey, { bad: Partial<NodeView>; between?: Partial<NodeView>; unknown?: Partial<NodeView>; words: RegExp }> = {
  leaking: { bad: { leak: leak('leaking') }, unknown: { leak: leak('cannot-tell') }, words: /leaks 62 fds\/min \(58 to 66\)/ },
  'time-to-emfile': {
    bad: { leak: leak('leaking'), timeToEmfileSeconds: band(40) },
    between: { leak: leak('leaking'), timeToEmfileSeconds: band(300) },
    unknown: { leak: leak('cannot-tell'), timeToEmfileSeconds: band(40) },
    words: /reaches its limit in 44 min \(40 min to 48 min\)/,
  },
  'fds-high': {
    bad: { sample: sample(START, { openFds: 7000 }) },
    between: { sample: sample(START, { openFds: 6000 }) },
    unknown: { sample: null },
    words: /85 % of its limit open: 7,000 of 8,192 fds/,
  },
  'pool-gauge': {
    bad: { sample: sample(START, { poolActive: 150, openFds: 100 }) },
    between: { sample: sample(START, { poolActive: 120, openFds: 100 }) },
    unknown: { sample: sample(START, { poolActive: null }) },
    words: /counts 150 pooled sockets and has 80 fds for them/,
  },
  'close-wait': {
    bad: { sockets: { closeWait: 90, least: 10, established: 60, claimed: 0 } },
    between: { sockets: { closeWait: 50, least: 10, established: 60, claimed: 0 } },
    unknown: { sockets: null },
    words: /90 sockets in CLOSE_WAIT, 80 more than at its fewest/,
  },
  'emfile-journal': { bad: { journal: { lines: 3, last: 'accept: Too many open files' } }, unknown: { journal: null }, words: /3 times/ },
  'scrape-blind': { bad: { state: 'scrape-blind', stateReason: 'SSH answers.' }, unknown: { state: 'down' }, words: /SSH answers$/ },
  'node-down': { bad: { state: 'down', stateReason: 'No route.' }, unknown: { state: 'unknown' }, words: /No route$/ },
  'config-drift': { bad: { drift: true }, unknown: { changing: true }, words: /not what was last agreed/ },
  'host-key-changed': { bad: { hostKeyBlocked: true }, words: /another host key/ },
  'run-stuck': { bad: { stuckRun: { id: 'r_1', minutes: 45, doing: 'restart' } }, words: /not moved for 45 min: restart/ },
  'bought-time': {
    bad: { boughtMinutesLeft: 10, leak: leak('leaking') },
    between: { boughtMinutesLeft: 20, leak: leak('leaking') },
    words: /10 min left/,
  },
};

/** Every 5 s for so long; the last evaluation. */
function hold(
  rule: RuleKey,
  from: Standing,
  view: Partial<NodeView>,
  seconds: number,
  at: number,
  numbers: RuleNumbers = INCIDENT_RULES[rule].defaults,
) {
  let [standing, last]: [Standing, Evaluation | null] = [from, null];
  const changes: (string | null)[] = [];
  for (let s = 0; s <= seconds; s += 5) {
    last = evaluate(rule, numbers, { ...CALM, ...view, now: at + s * 1000 }, standing);
    standing = last.standing;
    if (last.change) changes.push(last.change);
  }
  assert.ok(last);
  return { ...last, changes };
}

for (const rule of RULE_KEYS) {
  const { bad, between, unknown, words } = CASES[rule];
  const { forSeconds, clearForSeconds }: RuleNumbers = INCIDENT_RULES[rule].defaults;
  describe(rule, () => {
    test('fires once, after its minimum duration and not before', () => {
      if (forSeconds > 0) assert.equal(hold(rule, QUIET, bad, forSeconds - 5, START).firing, false);
      const fired = hold(rule, QUIET, bad, forSeconds, START);
      assert.deepEqual([fired.firing, fired.changes], [true, ['fired']]);
      assert.match(fired.reading.words, words);
      assert.deepEqual(hold(rule, fired.standing, bad, 3600, START + forSeconds * 1000).changes, []);
    });
    test('holds while it is between the thresholds, and while nobody knows', () => {
      const fired = hold(rule, QUIET, bad, forSeconds, START);
      for (const view of [between, unknown].filter((v) => v !== undefined)) {
        assert.deepEqual(hold(rule, fired.standing, view, 4 * 3600, START + 600_000).changes, []);
        assert.equal(hold(rule, QUIET, view, 4 * 3600, START).firing, false, 'and neither makes it fire');
      }
    });
    test('clears once, after its clear time', () => {
      const fired = hold(rule, QUIET, bad, forSeconds, START);
      const later = START + 600_000;
      if (clearForSeconds > 0) assert.equal(hold(rule, fired.standing, {}, clearForSeconds - 5, later).firing, true);
      assert.deepEqual(hold(rule, fired.standing, {}, clearForSeconds, later).changes, ['cleared']);
    });
    test('does not flap: a value that goes to and fro faster than its times changes nothing', () => {
      if (forSeconds === 0 || clearForSeconds === 0) return;
      const flap = (from: Standing) => {
        let standing = from;
        const changes: string[] = [];
        for (let i = 0; i < 400; i++) {
          const view = { ...CALM, ...(i % 4 < 2 ? bad : {}), now: START + i * 5000 };
          const step = evaluate(rule, INCIDENT_RULES[rule].defaults, view, standing);
          standing = step.standing;
          if (step.change) changes.push(step.change);
        }
        return changes;
      };
      assert.deepEqual(flap(QUIET), []);
      assert.deepEqual(flap(hold(rule, QUIET, bad, forSeconds, START - 600_000).standing), []);
    });
  });
}

test('a leak with days left is watched first, a near one is told at once, and patience ends within an hour', () => {
  const leaking = (minutes: number | null) => ({ leak: leak('leaking'), timeToEmfileSeconds: minutes === null ? null : band(minutes) });
  const firesAfter = (minutes: number | null) =>
    [30, 120, 600, 1800, 3600].find((seconds) => hold('leaking', QUIET, leaking(minutes), seconds, START).firing);
  assert.equal(firesAfter(61), 30);
  assert.equal(firesAfter(240), 30, 'up to 4 h');
  assert.equal(firesAfter(null), 30, 'no end known is not an end far away');
  assert.equal(firesAfter(12 * 60), 600);
  assert.equal(firesAfter(6 * 24 * 60), 3600);
  assert.deepEqual(hold('leaking', QUIET, leaking(600 * 24 * 60), 3600, START).changes, ['fired']);
});

describe('hysteresis, over random courses', () => {
  const numbers: RuleNumbers = { threshold: 80, clear: 70, forSeconds: 60, clearForSeconds: 120 };
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  test('fires only after unbroken bad, clears only after unbroken good, and never twice in a row', () => {
    for (let course = 0; course < 200; course++) {
      let standing = QUIET;
      let [percent, now] = [60 + random() * 30, START];
      const past: { now: number; is: string }[] = [];
      let lastChange: string | null = 'cleared';
      for (let i = 0; i < 300; i++) {
        now += Math.round(random() * 20_000);
        percent = Math.min(100, Math.max(40, percent + (random() - 0.5) * 12));
        const known = random() > 0.02;
        const view = { ...CALM, now, sample: known ? sample(now, { openFds: percent * 10, fdLimit: 1000 }) : null };
        const step = evaluate('fds-high', numbers, view, standing);
        past.push({ now, is: step.reading.is });
        if (step.change) {
          assert.notEqual(step.change, lastChange);
          lastChange = step.change;
          const [wanted, seconds] = step.change === 'fired' ? ['bad', 60] : ['good', 120];
          const streak = past.slice(past.findLastIndex(({ is }) => is !== wanted) + 1);
          assert.ok(now - (streak[0]?.now ?? now) >= seconds * 1000, `${step.change} after too short a time`);
        }
        assert.equal(step.firing, step.standing.firingSince !== null);
        standing = step.standing;
      }
    }
  });
  test('a clock that is set back starts the wait anew and fires nothing early', () => {
    const pending = evaluate('fds-high', numbers, { ...CALM, sample: sample(START, { openFds: 8000 }) }, QUIET);
    const back = evaluate(
      'fds-high',
      numbers,
      { ...CALM, now: START - 3_600_000, sample: sample(START, { openFds: 8000 }) },
      pending.standing,
    );
    assert.deepEqual([back.firing, back.standing.badSince], [false, START - 3_600_000]);
  });
});

test('a restart never clears a leak: until the new process is judged, the signal stays', () => {
  const fired = hold('leaking', QUIET, { leak: leak('leaking') }, 30, START);
  const young = { leak: leak('cannot-tell'), sample: sample(START, { openFds: 40 }) };
  assert.deepEqual(hold('leaking', fired.standing, young, 3600, START + 60_000).changes, []);
});
