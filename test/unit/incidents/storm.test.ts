import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { openDatabase } from '#server/db/index.ts';
import { incidentStorm } from '#test/support/incident-storm.ts';

test('a pass over a fleet that flaps reads what changed: twice the nodes are twice the rows, and hours of signals before are none', async (t) => {
  const rowsOf = async (nodes: number) => {
    const db = await openDatabase({ file: ':memory:' });
    t.after(() => db.destroy());
    let rows = 0;
    const counting: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        rows += result.rows.length;
        return result;
      },
    };
    const storm = await incidentStorm(db.withPlugin(counting), nodes);
    const passes: number[] = [];
    for (let i = 0; i < 12; i++) {
      rows = 0;
      await storm.pass(true);
      passes.push(rows);
    }
    return { second: (passes[2] ?? 0) + (passes[3] ?? 0), last: (passes[10] ?? 0) + (passes[11] ?? 0) };
  };
  const [few, many] = [await rowsOf(20), await rowsOf(40)];
  assert.ok(many.second < 2.5 * few.second, JSON.stringify({ few, many }));
  assert.ok(many.last < 1.2 * many.second, JSON.stringify({ few, many }));
});
