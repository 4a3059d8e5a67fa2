import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tx } from '#server/db/index.ts';
import { noteIncident } from '#server/notify/of-incident.ts';
import { testDatabase } from '#test/support/database.ts';

test('silences and channels are read once for all signals of an incident: other processes wait for the transaction', async (t) => {
  const db = await testDatabase(t);
  const head = {
    id: 'i_1',
    number: 1,
    title: 'leaks',
    titledBy: null,
    cause: 'fd-leak',
    severity: 'warning',
    severityBy: null,
    status: 'open',
  };
  const open = { owner: null, declaredBy: 'rule leaking', acknowledgedBy: null, acknowledgedAt: null, closedAt: null, closedBy: null };
  await db
    .insertInto('incidents')
    .values({ ...head, ...open, closedReason: null, reopened: 0, mergedInto: null, openedAt: 1, updatedAt: 1 })
    .execute();
  const signal = { rule: 'leaking', severity: 'critical', since: 1, until: null, summary: 'leaks', value: 1, threshold: 0, ended: null };
  for (let i = 0; i < 20; i++)
    await db
      .insertInto('signals')
      .values({ ...signal, id: `s_${i}`, nodeId: `n_${i}`, nodeName: `edge-${i}`, incidentId: 'i_1', updatedAt: 1, evidence: '[]' })
      .execute();
  const asked = new Map<string, number>();
  const counting = (tx: Tx): Tx =>
    new Proxy(tx, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (key === 'selectFrom' && typeof args[0] === 'string') asked.set(args[0], (asked.get(args[0]) ?? 0) + 1);
          return value.apply(target, args);
        };
      },
    });
  await db.transaction().execute((tx) => noteIncident(counting(tx), 'i_1', 1000));
  assert.equal((await db.selectFrom('alerts').select('key').execute()).length, 21, 'each signal, and the incident');
  assert.ok((asked.get('silences') ?? 0) <= 2 && (asked.get('channels') ?? 0) <= 1, JSON.stringify([...asked]));
});
