import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { RunQueue } from '#server/runs/queue.ts';
import { until } from '#test/support/until.ts';

/** `another`: the queue as another process has it; where there is only one process, null. */
export type OpenQueue = (t: TestContext) => Promise<{ queue: RunQueue; another: (() => RunQueue) | null }>;

/** Offers that one process takes at the same time, at most. */
const MOST_AT_ONCE = 4;

/** What engines rely on, however runs come to them. */
export function queueContract(name: string, open: OpenQueue): void {
  describe(`the queue of runs: ${name}`, () => {
    test('a run that is offered is handed out, and one that is offered later, too', async (t) => {
      const { queue } = await open(t);
      const taken: string[] = [];
      await queue.start(async (runId) => void taken.push(runId));
      await queue.offer('r_1');
      await until('the first', () => taken.includes('r_1'));
      await queue.offer('r_2');
      await until('the second', () => taken.includes('r_2'));
      assert.deepEqual(taken, ['r_1', 'r_2']);
    });

    test('a run that was handed out can be offered again', async (t) => {
      const { queue } = await open(t);
      const taken: string[] = [];
      await queue.start(async (runId) => void taken.push(runId));
      for (let i = 1; i <= 2; i++) {
        await queue.offer('r_1');
        await until('it is handed out', () => taken.length === i);
      }
    });

    test('while an offer waits, more of them are nothing', async (t) => {
      const { queue, another } = await open(t);
      const taken: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      await queue.start(async (runId) => {
        taken.push(runId);
        await promise;
      });
      const offers = Array.from({ length: 20 }, () => queue.offer('r_1'));
      await until('it is handed out', () => taken.length > 0);
      // in one process an offer ends with its taking; in several it is said before, and all of them while the first is being taken
      if (another !== null) await Promise.all(offers);
      resolve();
      await Promise.all(offers);
      await queue.offer('r_2');
      await until('the next', () => taken.includes('r_2'));
      // one that waits, and those that are being taken
      assert.ok(taken.filter((id) => id === 'r_1').length <= 1 + MOST_AT_ONCE, taken.join());
    });

    test('a taker that fails is asked again, and keeps no other run waiting', async (t) => {
      const { queue } = await open(t);
      let tries = 0;
      const taken: string[] = [];
      await queue.start(async (runId) => {
        if (runId === 'r_bad' && ++tries === 1) throw new Error('the database was away');
        taken.push(runId);
      });
      await queue.offer('r_bad').catch(() => undefined);
      await queue.offer('r_good');
      await until('the other one', () => taken.includes('r_good'));
      // an engine offers what nobody holds with every look
      await until('the one that failed', async () => {
        await queue.offer('r_bad');
        return taken.includes('r_bad');
      });
    });

    test('after its stop nothing is handed out', async (t) => {
      const { queue } = await open(t);
      const taken: string[] = [];
      await queue.start(async (runId) => void taken.push(runId));
      await queue.stop();
      await queue.offer('r_1').catch(() => undefined);
      assert.deepEqual(taken, []);
    });

    test('of several processes one takes each run, and what one offers another may take', async (t) => {
      const { queue, another } = await open(t);
      if (another === null) return;
      const taken: string[] = [];
      const others = [another(), another()];
      for (const one of others) await one.start(async (runId) => void taken.push(runId));
      const ids = Array.from({ length: 20 }, (_, i) => `r_${i}`);
      for (const id of ids) await queue.offer(id);
      await until('all of them', () => taken.length >= ids.length);
      assert.deepEqual(taken.sort(), ids.sort());
    });
  });
}
