import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Move, type ScoreInput, scoreDrill } from '#server/drills/score.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const minute = (n: number) => START + n * 60_000;
const move = (kind: Move['kind'], at: number, nodeId = 'n_it'): Move => ({
  ...{ kind, at: minute(at), by: 'ann', nodeIds: [nodeId], what: kind, href: null },
});
const drill = (input: Partial<ScoreInput> = {}) =>
  scoreDrill({
    ...{ family: 'pool-leak', nodeId: 'n_it', leakedBefore: ['n_old'], startedAt: START, endedAt: minute(15), detectedAt: minute(2) },
    ...{ acknowledgedAt: minute(3), answer: { nodeId: 'n_it', cause: 'pool-leak', at: minute(6) }, hints: 0, moves: [] },
    ...input,
  });
const line = (score: ReturnType<typeof scoreDrill>, key: string) => score.lines.find((one) => one.key === key)?.points ?? null;

describe('the score of a drill', () => {
  test('is 100 for who sees it in time, keeps evidence, turns the pool off and says what it was', () => {
    const score = drill({ moves: [move('evidence', 4), move('pool-off', 5), move('restart', 5)] });
    assert.equal(score.total, 100);
    assert.deepEqual([score.detectSeconds, score.acknowledgeSeconds, score.answerSeconds, score.wrongMoves], [120, 180, 360, 0]);
  });

  test('is 0 for who does nothing', () => {
    const score = drill({ acknowledgedAt: null, answer: null });
    assert.equal(score.total, 0);
    assert.deepEqual([score.nodeRight, score.causeRight], [null, null]);
  });

  test('takes 15 for a healthy node that was restarted, and nothing for one that leaked before', () => {
    assert.equal(line(drill({ moves: [move('restart', 4, 'n_other')] }), 'healthy'), -15);
    assert.equal(drill({ moves: [move('restart', 4, 'n_old')] }).wrongMoves, 0);
  });

  test('takes 10 for a restart that nothing was kept before, not for one after the evidence', () => {
    assert.equal(line(drill({ moves: [move('restart', 4), move('evidence', 5)] }), 'noEvidence'), -10);
    assert.equal(line(drill({ moves: [move('evidence', 3), move('restart', 4)] }), 'noEvidence'), null);
    assert.equal(line(drill({ moves: [move('evidence', 3, 'n_other'), move('restart', 4)] }), 'noEvidence'), -10, 'of another node');
  });

  test('takes 10 for the pool flag where it is not the pool, once', () => {
    const moves = [move('evidence', 3), move('pool-off', 4), move('restart', 4), move('pool-change', 6)];
    const score = drill({ family: 'eof-leak', moves });
    assert.equal(score.lines.filter(({ key }) => key === 'notThePool').length, 1);
    assert.equal(score.wrongMoves, 2);
    assert.equal(line(score, 'action'), 0);
  });

  test('takes 20 for an incident that was closed in the honeymoon, not for one closed when the process was old', () => {
    assert.equal(line(drill({ moves: [move('restart', 4), move('closed-incident', 6)] }), 'honeymoon'), -20);
    assert.equal(line(drill({ moves: [move('restart', 4), move('closed-incident', 20)] }), 'honeymoon'), null);
    assert.equal(line(drill({ moves: [move('closed-incident', 6)] }), 'honeymoon'), -20, 'while the fault is there');
  });

  test('of bursts wants nothing to be touched, and takes "no node" for an answer', () => {
    const calm = drill({
      family: 'fd-spike',
      detectedAt: null,
      acknowledgedAt: minute(1),
      answer: { nodeId: null, cause: 'fd-spike', at: minute(5) },
    });
    assert.equal(calm.total, 90, 'only evidence is missing');
    const rash = drill({ family: 'fd-spike', moves: [move('restart', 4)] });
    assert.equal(line(rash, 'burst'), -15);
    assert.equal(line(rash, 'action'), 0);
  });

  test('gives less for a late "I see it", counted from the first signal', () => {
    const points = (at: number) => line(drill({ acknowledgedAt: minute(at) }), 'acknowledged');
    assert.deepEqual([points(1), points(4), points(8), points(12), points(14)], [20, 20, 10, 0, 0]);
  });

  test('takes 5 for each hint, and never falls below 0', () => {
    assert.equal(line(drill({ hints: 3 }), 'hints'), -15);
    const worst = drill({ answer: null, acknowledgedAt: null, hints: 3, moves: [move('restart', 4, 'n_a'), move('restart', 5, 'n_b')] });
    assert.equal(worst.total, 0);
  });
});
