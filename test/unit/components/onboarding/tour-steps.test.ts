import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tourSteps } from '#components/onboarding/tour-steps.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const nodes = demoFleet().map((story) => fleetNode(story, 0, 1000));

test('each stop leads to a page that is its own, with and without nodes and a run', () => {
  for (const fleet of [nodes, []])
    for (const run of [null, 'r_1'])
      for (const { title, href, on } of tourSteps(fleet, run))
        if (fleet.length > 0 || !/^(Open|Chart)/.test(title)) assert.match(new URL(href, 'http://x').pathname, on, title);
});

test('it goes to a node that leaks, and to the run that was started', () => {
  const leaking = nodes.find(({ leak }) => leak.verdict === 'leaking');
  assert.ok(leaking);
  const steps = tourSteps([...nodes].reverse(), 'r_1');
  assert.equal(nodes.find(({ id }) => steps[1]?.href === `/nodes/${id}`)?.leak.verdict, 'leaking');
  assert.equal(steps[5]?.href, '/runs/r_1');
});
