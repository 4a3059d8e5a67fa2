import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveValue, meant } from '#components/runbooks/live-values.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const now = Date.UTC(2026, 10, 17, 14);
const fleet = demoFleet().map((story) => fleetNode(story, now, now));

test('live values are of the nodes that the selector means now', () => {
  assert.deepEqual(
    meant(fleet, 'leak=leaking').map(({ name }) => name),
    ['edge-01', 'edge-02'],
  );
  assert.deepEqual(meant(fleet, ''), []);
  assert.deepEqual(meant(fleet, '(('), []);
});
test('of one node a step shows its figure, of many how many', () => {
  const one = meant(fleet, 'name=edge-01');
  assert.equal(liveValue('edit-config', one, now), 'enabled: true');
  assert.match(liveValue('verify-fds', one, now) ?? '', /^1,5\d\d open fds of 8,192$/);
  assert.match(liveValue('watch', one, now) ?? '', /^\+96 fds\/min, 200 per 1,000 connections$/);
  assert.equal(liveValue('watch', fleet, now), '2 of 5 nodes leak');
  assert.equal(liveValue('service', one, now), 'the process is 16 min old');
});
test('a step without a figure, and no node, show nothing', () => {
  assert.equal(liveValue('gate', fleet, now), null);
  assert.equal(liveValue('watch', [], now), null);
});
