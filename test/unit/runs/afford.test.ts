import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canAfford, type Peer } from '#server/runs/afford.ts';

const node = (name: string, more: Partial<Peer> = {}): Peer => ({
  name,
  state: 'up',
  openFds: 1000,
  fdLimit: 10_000,
  connectionsActive: 400,
  ...more,
});

describe('can we afford to take a node out?', () => {
  test('yes, when its connections, shared out evenly, leave every peer below 90 % of its limit', () => {
    const answer = canAfford(node('a'), [node('b'), node('c')]);
    assert.equal(answer.verdict, 'pass');
    assert.deepEqual(
      answer.peers.map((p) => [p.takes, p.after]),
      [
        [200, 0.14],
        [200, 0.14],
      ],
    );
  });
  test('no, when one peer would be out of fds, and it is named', () => {
    const answer = canAfford(node('a'), [node('b'), node('c', { openFds: 9700 })]);
    assert.equal(answer.verdict, 'fail');
    assert.match(answer.sentence, /c would be at 101 % of its fd limit, so it would run out of fds/);
  });
  test('a tight peer, or one whose figures are not known, is a doubt', () => {
    assert.equal(canAfford(node('a'), [node('b', { openFds: 8500 })]).verdict, 'inconclusive');
    assert.match(canAfford(node('a'), [node('b'), node('c', { fdLimit: null })]).sentence, /not all of their figures are known/);
    assert.equal(canAfford(node('a', { connectionsActive: null }), [node('b')]).verdict, 'inconclusive');
  });
  test('peers that do not answer take nothing; when none does, nobody would', () => {
    assert.deepEqual(
      canAfford(node('a'), [node('b'), node('c', { state: 'down' }), node('d', { state: 'unknown' })]).peers.map((p) => p.takes),
      [400],
    );
    assert.match(canAfford(node('a'), [node('b', { state: 'down' })]).sentence, /no peer of a answers/);
  });
});
