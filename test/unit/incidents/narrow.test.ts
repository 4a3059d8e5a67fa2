import assert from 'node:assert/strict';
import { test } from 'node:test';
import { narrowIncident } from '#app/api/v1/incidents/[id]/_readable.ts';
import { incidentSchema } from '#shared/incidents.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';
import { mockIncident } from '#test/support/mock-incidents.ts';

test('who sees one node of an incident reads nothing about the others, in no field', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  const nodes = demoFleet().map((story) => fleetNode(story, now, now));
  const mocked = mockIncident(nodes, now);
  const [mine, ...others] = mocked.nodes;
  const [entry] = mocked.timeline;
  assert.ok(mine && others.length > 0 && entry);
  const names = others.map(({ name }) => name).join(' and ');
  const whole = {
    ...mocked,
    title: `${names} leak`,
    closed: { by: 'evidence', reason: `${names} are well` },
    // what is about the incident itself, told as merging, splitting and reopening tell it
    timeline: [...mocked.timeline, { ...entry, id: 'e_last', nodeId: null, nodeName: null, text: `${names} went to INC-9` }],
  };
  const seen = (ids: ReadonlySet<string>) => ({
    has: (id: string) => ids.has(id),
    some: (all: readonly string[]) => all.some((id) => ids.has(id)),
    every: (all: readonly string[]) => all.every((id) => ids.has(id)),
  });
  const narrowed = narrowIncident(whole, seen(new Set([mine.nodeId])));
  assert.doesNotThrow(() => incidentSchema.parse(narrowed));
  const text = JSON.stringify(narrowed);
  for (const { name, nodeId } of others) assert.ok(!text.includes(name) && !text.includes(nodeId), name);
  assert.ok(narrowed.signals.length > 0 && narrowed.timeline.length > 0);
  assert.deepEqual(narrowIncident(whole, seen(new Set(whole.nodes.map((n) => n.nodeId)))), whole);
});
