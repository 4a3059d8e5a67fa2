import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfigFiles } from '#server/config/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { CANARY, twoGroups } from './walk.ts';

test('a node that names runs of other nodes as its own is told nothing of them, nor are its readers', async (t) => {
  const { runtime, ids } = await twoGroups(t);
  const kept = [ids.runOfA, ids.runOfB, ...Array.from({ length: 50_000 }, (_, i) => `r_${i}`)].map((opsId) => ({
    ...{ opsId, state: 'kept' as const, at: 0, sha256: 'a'.repeat(64) },
  }));
  await runtime.db.updateTable('runs').set({ startedBy: CANARY }).where('id', '=', ids.runOfB).execute();
  const receipt = { command: '', exitCode: 0, raw: '', sha256: '', at: 0, durationMs: 0 };
  const value = { sha256: null, changedAt: null, suspects: [], kept };
  const never = () => assert.fail('only the history is asked');
  const files = createConfigFiles({
    ...{ db: runtime.db, clock: systemClock },
    nodes: { get: runtime.nodes.get, match: async () => never(), explain: async () => never() },
    ops: { history: async () => ({ value, receipt }), readConfig: never, readBackup: never },
  });
  const told = await files.history(ids.a);
  assert.notEqual(told.kept[0]?.title, null);
  assert.deepEqual([told.kept[1]?.title, told.kept[1]?.startedBy], [null, null]);
  assert.ok(!JSON.stringify(told).includes(CANARY));
});
