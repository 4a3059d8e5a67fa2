import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAgainAndAgain } from './kills.ts';

const SEED = Math.floor(Date.now() / 86_400_000);

test(`killed ten times with SIGKILL while clients write and runs go on (seed ${SEED}): nothing that was acknowledged is lost, nothing is half done, every run ends`, async (t) => {
  const done = await killAgainAndAgain(t, { kills: 10, seed: SEED });
  assert.ok(done.acknowledged > 20, `only ${done.acknowledged} changes were acknowledged`);
  t.diagnostic(JSON.stringify(done));
});
