import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fenced } from '#server/incidents/markdown.ts';
import { acknowledgedAfter, fellShort, wentWell } from '#server/incidents/review.ts';
import type { Incident } from '#shared/incidents.ts';

test('nothing in a config.yaml ends the block that shows it', () => {
  assert.deepEqual(fenced('diff', '+a: b\n'), ['```diff', '+a: b', '```']);
  assert.deepEqual(fenced('diff', '+# ```\n+````'), ['`````diff', '+# ```\n+````', '`````']);
});

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString();
const RESTART = { kind: 'restart', nodeId: 'n_1', nodeName: 'edge-01', text: 'Restarted by RUN-1', at: at(5) };
/** As much of an incident as a review reads. */
const incidentOf = (patch: object) =>
  ({
    ...{ openedAt: at(0), signals: [], declaredBy: 'ana', timeline: [RESTART], captures: [], reopened: 0, acknowledged: null },
    ...patch,
  }) as unknown as Incident;

test('a review tells what went well from what fell short by the record: evidence before the restart, how soon it was seen', () => {
  const about = { impacts: new Map(), runs: [] };
  const slow = { ...about, incident: incidentOf({ acknowledged: { at: at(9), by: 'ana' } }) };
  assert.equal(acknowledgedAfter(slow.incident), 540);
  assert.deepEqual(wentWell(slow), ['- *To fill in*: what else helped']);
  assert.deepEqual(fellShort(slow).slice(0, 2), [
    '- It took 9 min until somebody acknowledged it.',
    '- 1 restart destroyed evidence that had not been kept: edge-01.',
  ]);
  const captures = [{ nodeId: 'n_1', at: at(3) }];
  const good = { ...about, incident: incidentOf({ captures, acknowledged: { at: at(2), by: 'ana' } }) };
  assert.deepEqual(wentWell(good).slice(0, 2), [
    '- It was acknowledged after 2 min.',
    '- Evidence was kept before the restart that would have destroyed it.',
  ]);
  assert.deepEqual(fellShort(good), ['- *To fill in*: what else should have gone better']);
});
