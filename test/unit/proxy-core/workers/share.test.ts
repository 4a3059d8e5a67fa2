import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, checkConfig } from '#contract/index.ts';
import { shareOf } from '../../../../proxy-core/src/workers/share.ts';
import { waitAfter } from '../../../../proxy-core/src/workers/supervisor.ts';

function config(more: object): Config {
  const { config: good, problems } = checkConfig({ listen_addrs: ['0.0.0.0:443'], ...more });
  assert.ok(good, JSON.stringify(problems));
  return good;
}

test('max_connections is divided to the last one: together the workers hold exactly that many', () => {
  for (const workers of [1, 2, 3, 7, 64])
    for (const max of [64, 65, 100, 9999, 10_000]) {
      const parts = Array.from(
        { length: workers },
        (_, i) => shareOf(config({ max_connections: max }), i + 1, workers).max_connections ?? 0,
      );
      assert.equal(
        parts.reduce((a, b) => a + b),
        max,
      );
      assert.ok(Math.max(...parts) - Math.min(...parts) <= 1);
    }
  assert.equal(shareOf(config({}), 1, 4).max_connections, 2500, 'the default is divided too');
  assert.equal(shareOf(config({ max_connections: 1 }), 2, 4).max_connections, 1, 'nobody is left without any');
});

test('limits of a client and of a name are divided and rounded up', () => {
  assert.deepEqual(shareOf(config({ limits: { per_client: 5, per_name: 1 } }), 2, 2).limits, { per_client: 3, per_name: 1 });
  assert.deepEqual(shareOf(config({ limits: { per_name: 8 } }), 1, 2).limits, { per_name: 4 });
  assert.equal(shareOf(config({}), 1, 2).limits, undefined);
});

test("metrics are the primary's, and UDP the first worker's", () => {
  const whole = config({ udp_listen_addrs: ['0.0.0.0:443'] });
  assert.deepEqual(
    [1, 2].map((worker) => shareOf(whole, worker, 2).udp_listen_addrs),
    [['0.0.0.0:443'], null],
  );
  assert.deepEqual(
    [1, 2].map((worker) => shareOf(whole, worker, 2).metrics.enabled),
    [false, false],
  );
});

test('a worker that dies early is replaced at once the first time, then ever later, up to 10 s', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 8, 9, 10, 100].map(waitAfter), [0, 0, 100, 200, 400, 6400, 10_000, 10_000, 10_000]);
});
