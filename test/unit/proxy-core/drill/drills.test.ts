import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DRILL_NAMES } from '#contract/index.ts';
import { Drills } from '../../../../proxy-core/src/drill/drills.ts';
import { countOpenFds } from '../../../../proxy-core/src/observe/fds.ts';

describe('drills', () => {
  test('without a name do nothing', () => {
    const drills = new Drills(null);
    const before = countOpenFds();
    for (let i = 0; i < 1000; i += 1) drills.connectionEnded();
    assert.equal(countOpenFds(), before);
    assert.deepEqual([drills.keepsLeases, drills.swallowsEof, drills.ignoresFdBudget], [false, false, false]);
  });

  test('each inject their own fault and no other', () => {
    const faults = DRILL_NAMES.map((name) => {
      const drills = new Drills(name);
      drills.stop();
      return [name, drills.keepsLeases, drills.swallowsEof, drills.ignoresFdBudget];
    });
    assert.deepEqual(faults, [
      ['pool-leak', true, false, false],
      ['eof-leak', false, true, false],
      ['slow-leak', false, false, false],
      ['fd-spike', false, false, false],
      ['scrape-blind', false, false, true],
    ]);
  });

  test('fd-spike holds descriptors for ten seconds of each minute, and gives back all of them', (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    const drills = new Drills('fd-spike');
    const before = countOpenFds() ?? 0;
    const held = () => (countOpenFds() ?? 0) - before;
    t.mock.timers.tick(59_999);
    assert.equal(held(), 0);
    t.mock.timers.tick(1);
    assert.equal(held(), 200);
    t.mock.timers.tick(10_000);
    assert.equal(held(), 0);
    t.mock.timers.tick(50_000);
    assert.equal(held(), 200);
    t.mock.timers.tick(10_000);
    assert.equal(held(), 0);
    drills.stop();
  });
});
