import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appendSample, patchFleet, patchNode, type SampleEvent, shareFleet } from '#client/live-patch.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const at = Date.UTC(2026, 10, 17, 14, 0, 0);
const [story] = demoFleet();
const node = () => {
  assert.ok(story);
  return fleetNode(story, at, at);
};
const sample = (values: SampleEvent['values'], more: Partial<SampleEvent> = {}): SampleEvent => ({
  type: 'fleet.sample',
  nodeId: node().id,
  at: at + 2000,
  values,
  processStart: null,
  ...more,
});

describe('a fleet keeps the rows that did not change', () => {
  const fleet = () => ({ asOf: new Date(at).toISOString(), nodes: [node(), { ...node(), id: 'another' }] });
  test('a patch is taken as it is: the other rows are the same objects', () => {
    const before = fleet();
    const patched = patchFleet(before, [sample({ openFds: 5000 })]);
    assert.equal(shareFleet(before, patched), patched);
    assert.equal(patched?.nodes[1], before.nodes[1]);
    assert.notEqual(patched?.nodes[0], before.nodes[0]);
  });
  test('an answer that says the same of a node brings no new row', () => {
    const before = fleet();
    const answer = { ...fleet(), asOf: new Date(at + 5000).toISOString() };
    const shared = shareFleet(before, answer) as typeof answer;
    assert.equal(shared.asOf, answer.asOf);
    assert.equal(shared.nodes, before.nodes);
  });
});

describe('a sample patches the figures of its row', () => {
  test('headroom follows open fds; the verdict stays as judged', () => {
    const before = node();
    const after = patchNode(before, sample({ openFds: 5000, unexplainedFds: 4700 }));
    assert.equal(after.headroom, (before.fdLimit ?? 0) - 5000);
    assert.equal(after.unexplainedFds, 4700);
    assert.equal(after.connectionsActive, before.connectionsActive);
    assert.equal(after.leak, before.leak);
    assert.equal(after.lastSampleAt, '2026-11-17T14:00:02.000Z');
  });
  test('null takes a figure away: it is not known any more', () => {
    const after = patchNode(node(), sample({ openFds: null }));
    assert.equal(after.openFds, null);
    assert.equal(after.headroom, null);
  });
  test('a sample older than what is shown changes nothing', () => {
    const before = node();
    assert.equal(patchNode(before, sample({ openFds: 1 }, { at: at - 1 })), before);
  });
  test('rows without a sample keep their identity, so that they are not drawn again', () => {
    const nodes = demoFleet().map((one) => fleetNode(one, at, at));
    const after = patchFleet({ asOf: new Date(at).toISOString(), nodes }, [sample({ openFds: 9 })]);
    assert.equal(after?.nodes[0]?.openFds, 9);
    assert.equal(after?.nodes[1], nodes[1]);
    assert.equal(after?.asOf, '2026-11-17T14:00:02.000Z');
  });
});

describe('a chart appends', () => {
  const answer: NodeMetricsAnswer = {
    from: new Date(at - 4000).toISOString(),
    to: new Date(at).toISOString(),
    step: 0,
    processStarts: [],
    times: [at / 1000 - 4, at / 1000 - 2, at / 1000],
    series: { openFds: [1, 2, 3], poolIdle: [0, 0, 0] },
    blind: [],
    runs: [],
  };
  test('the window moves with the sample, and what it does not carry is unknown', () => {
    const after = appendSample(answer, sample({ openFds: 4 }));
    assert.deepEqual(after?.series, { openFds: [2, 3, 4], poolIdle: [0, 0, null] });
    assert.equal(after?.times.length, 3);
    assert.equal(after?.to, '2026-11-17T14:00:02.000Z');
  });
  test('a new process start is listed once', () => {
    const first = appendSample(answer, sample({ openFds: 4 }, { processStart: at + 1000 }));
    const second = appendSample(first, sample({ openFds: 5 }, { at: at + 4000, processStart: at + 1000 }));
    assert.deepEqual(second?.processStarts, ['2026-11-17T14:00:01.000Z']);
  });
  test('the same instant twice is one point', () => {
    assert.equal(appendSample(answer, sample({ openFds: 4 }, { at })), answer);
  });
});
