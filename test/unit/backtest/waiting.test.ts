import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBacktests } from '#server/backtest/index.ts';
import { backtestQuerySchema } from '#shared/backtest.ts';

test('one who asks for many backtests is refused the fourth, and keeps nobody out after', async () => {
  let answer = () => {};
  const asked = new Promise<never[]>((resolve) => {
    answer = () => resolve([]);
  });
  const none = async (): Promise<never> => assert.fail('there is no node to read');
  const backtests = createBacktests({
    nodes: { match: () => asked },
    metrics: { raw: none, query: none },
    facts: () => ({}),
    clock: { now: () => 1_700_000_000_000, sleep: async () => {} },
  });
  const query = backtestQuerySchema.parse({ rule: 'leaking' });
  const first = [backtests.run(query), backtests.run(query), backtests.run(query)];
  await assert.rejects(backtests.run(query), { code: 'request.rate-limited' });
  answer();
  assert.deepEqual(
    (await Promise.all(first)).map(({ nodes }) => nodes),
    [[], [], []],
  );
  assert.deepEqual((await backtests.run(query)).nodes, []);
});
