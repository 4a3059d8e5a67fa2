import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Db } from '#server/db/index.ts';
import { settleIncidents } from '#server/incidents/settle.ts';
import { testDatabase } from '#test/support/database.ts';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;

/** An incident that was resolved more than an hour ago and fires still; `meanwhile` happens before the evidence is acted upon. */
async function settle(t: Parameters<typeof testDatabase>[0], meanwhile: (db: Db) => Promise<unknown>) {
  const db = await testDatabase(t);
  const head = { id: 'i_1', number: 1, title: 'leaks', titledBy: null, cause: 'fd-leak', severity: 'warning', severityBy: null };
  const people = {
    owner: null,
    declaredBy: 'rule leaking',
    acknowledgedBy: null,
    acknowledgedAt: null,
    closedBy: 'ann',
    closedReason: 'over',
  };
  const state = { status: 'resolved', closedAt: NOW - HOUR - 1, reopened: 0, mergedInto: null, openedAt: 1, updatedAt: 1 };
  await db
    .insertInto('incidents')
    .values({ ...head, ...people, ...state })
    .execute();
  const about = { id: 's_1', rule: 'leaking', severity: 'critical', nodeId: 'n_1', nodeName: 'edge-01', incidentId: 'i_1', evidence: '[]' };
  await db
    .insertInto('signals')
    .values({ ...about, since: 1, until: null, summary: 'leaks', value: 1, threshold: 0, ended: null, updatedAt: 1 })
    .execute();
  const transaction = () => ({
    execute: async (work: Parameters<ReturnType<Db['transaction']>['execute']>[0]) => {
      await meanwhile(db);
      return db.transaction().execute(work);
    },
  });
  const late = new Proxy(db, {
    get: (target, key) => {
      const value: unknown = key === 'transaction' ? transaction : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const told: string[] = [];
  const scraper = { health: () => ({ lastSample: null }) };
  await settleIncidents({ db: late, scraper, noted: async () => undefined, changed: (id) => told.push(id) }, new Map(), NOW);
  const row = await db.selectFrom('incidents').select(['status', 'mergedInto', 'reopened']).executeTakeFirstOrThrow();
  return { ...row, told };
}

test('what still fires an hour after it was resolved is asked about again', async (t) => {
  assert.deepEqual(await settle(t, async () => undefined), { status: 'open', mergedInto: null, reopened: 1, told: ['i_1'] });
});

test('what a person said while the evidence was weighed stands', async (t) => {
  const merged = await settle(t, (db) => db.updateTable('incidents').set({ mergedInto: 'i_2' }).execute());
  assert.deepEqual(merged, { status: 'resolved', mergedInto: 'i_2', reopened: 0, told: [] });
  const again = await settle(t, (db) =>
    db
      .updateTable('incidents')
      .set({ closedAt: NOW - 1 })
      .execute(),
  );
  assert.deepEqual([again.status, again.told], ['resolved', []], 'resolved anew a moment ago');
});
