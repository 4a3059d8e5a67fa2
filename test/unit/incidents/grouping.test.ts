import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RULE_KEYS, type RuleKey } from '#shared/incident-rules.ts';
import { closingOf, type NodeProof } from '../../../lib/server/incidents/close.ts';
import { impactOf } from '../../../lib/server/incidents/impact.ts';
import { type Grouped, placeSignal } from '../../../lib/server/incidents/place.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const incident = (id: string, values: Partial<Grouped> = {}): Grouped => ({
  ...{ id, cause: 'fd-leak', open: true, openedAt: NOW - HOUR, closedAt: null, nodeIds: new Set(['n1']), newestSignalAt: NOW - HOUR },
  ...values,
});
const place = (rule: RuleKey, nodeId: string, incidents: Grouped[]) => placeSignal({ rule, nodeId, at: NOW }, incidents);

describe('where a signal belongs', () => {
  test('nodes that fall silent together are one incident, and an hour apart they are two', () => {
    const outage = incident('i1', { cause: 'unreachable', newestSignalAt: NOW - 5 * 60_000 });
    assert.deepEqual(place('node-down', 'n2', [outage]), { do: 'join', id: 'i1', absorb: null, cause: null });
    assert.deepEqual(place('node-down', 'n2', [{ ...outage, newestSignalAt: NOW - HOUR }]), { do: 'open', cause: 'unreachable' });
    assert.equal(place('node-down', 'n1', [{ ...outage, newestSignalAt: NOW - HOUR }]).do, 'join', 'the same node is the same outage');
  });

  test('what returns within a day reopens its incident, and later it is a new one', () => {
    const over = incident('i1', { open: false, closedAt: NOW - 23 * HOUR });
    assert.deepEqual(place('leaking', 'n1', [over]), { do: 'reopen', id: 'i1' });
    assert.deepEqual(place('leaking', 'n1', [{ ...over, closedAt: NOW - 25 * HOUR }]), { do: 'open', cause: 'fd-leak' });
    assert.deepEqual(place('leaking', 'n2', [over]), { do: 'open', cause: 'fd-leak' }, 'another node did not have it before');
    assert.deepEqual(place('config-drift', 'n1', [over]), { do: 'open', cause: 'config-drift' }, 'nor another cause');
  });

  test('an open incident is joined before a closed one is reopened', () => {
    const both = [incident('old', { open: false, closedAt: NOW - HOUR }), incident('now', { nodeIds: new Set(['n2']) })];
    assert.equal(place('leaking', 'n1', both).do, 'join');
  });

  test('a node near its limit that turns out to leak goes to the leak of the others, and takes its own incident along', () => {
    const [pressure, leak] = [incident('p', { cause: 'fd-pressure' }), incident('l', { nodeIds: new Set(['n2', 'n3']) })];
    assert.deepEqual(place('leaking', 'n1', [pressure, leak]), { do: 'join', id: 'l', absorb: 'p', cause: null });
    assert.deepEqual(place('leaking', 'n1', [pressure]), { do: 'join', id: 'p', absorb: null, cause: 'fd-leak' });
    assert.deepEqual(place('leaking', 'n1', [{ ...pressure, nodeIds: new Set(['n1', 'n9']) }, leak]), {
      do: 'join',
      id: 'l',
      absorb: null,
      cause: null,
    });
  });

  test('every rule finds a place, whatever is open, and the same one each time', () => {
    let seed = 11;
    const random = (most: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % most;
    };
    const causes = ['fd-leak', 'fd-pressure', 'unreachable', 'config-drift', 'host-key', 'run-stuck', 'by-hand'] as const;
    for (let i = 0; i < 3000; i++) {
      const incidents = Array.from({ length: random(6) }, (_, k) => {
        const open = random(2) === 0;
        return incident(`i${k}`, {
          ...{
            open,
            cause: causes[random(causes.length)] ?? 'fd-leak',
            openedAt: NOW - random(50) * HOUR,
            newestSignalAt: NOW - random(40) * 60_000,
          },
          ...{
            closedAt: open ? null : NOW - random(40) * HOUR,
            nodeIds: new Set(Array.from({ length: 1 + random(3) }, () => `n${random(5)}`)),
          },
        });
      });
      const [rule, node] = [RULE_KEYS[random(RULE_KEYS.length)] ?? 'leaking', `n${random(5)}`];
      const placed = place(rule, node, incidents);
      assert.deepEqual(place(rule, node, incidents.toReversed()), placed);
      const of = placed.do === 'open' ? undefined : incidents.find(({ id }) => id === placed.id);
      if (placed.do === 'join') assert.ok(of?.open && placed.absorb !== placed.id);
      if (placed.do === 'reopen') assert.ok(of && !of.open && of.nodeIds.has(node) && NOW - (of.closedAt ?? 0) <= 24 * HOUR);
    }
  });
});

describe('when an incident is over', () => {
  const proof = (values: Partial<NodeProof> = {}): NodeProof => ({
    ...{
      name: 'edge-01',
      hadSignals: true,
      firing: 0,
      quietSince: NOW - HOUR,
      fixedBy: null,
      verdict: 'not-leaking',
      accepted: 5000,
      processAgeMs: HOUR,
    },
    ...values,
  });
  const ready = (...nodes: NodeProof[]) => closingOf('fd-leak', nodes, NOW).ready;

  test('takes quiet, a verdict and load, on every node of it', () => {
    assert.equal(ready(proof()), true);
    for (const missing of [
      { firing: 1, quietSince: null },
      { quietSince: NOW - 60_000 },
      { verdict: 'cannot-tell' as const },
      { verdict: 'leaking' as const },
      { accepted: 12 },
    ])
      assert.equal(ready(proof(), proof({ name: 'edge-02', ...missing })), false, JSON.stringify(missing));
  });
  test('a low count right after a restart is the honeymoon, and closes nothing', () => {
    const young = proof({ verdict: 'cannot-tell', accepted: 30, processAgeMs: 60_000 });
    const { ready: is, criteria } = closingOf('fd-leak', [young], NOW);
    assert.equal(is, false);
    assert.match(criteria.find(({ key }) => key === 'judged')?.detail ?? '', /proves nothing/);
  });
  test('a run that proved the fix stands for all of it; nodes that a person added prove nothing', () => {
    assert.equal(ready(proof({ fixedBy: 'R-1', verdict: 'cannot-tell', accepted: 3, quietSince: NOW })), true);
    assert.equal(ready(proof(), proof({ hadSignals: false, verdict: 'cannot-tell' })), true);
    assert.equal(ready(proof({ hadSignals: false })), false, 'a person closes what no rule opened');
  });
  test('where connections are not counted, half an hour has to do', () => {
    assert.equal(ready(proof({ accepted: null, processAgeMs: 31 * 60_000 })), true);
    assert.equal(ready(proof({ accepted: null, processAgeMs: 29 * 60_000 })), false);
  });
});

test('impact counts what was refused and how long it was tight, and no gap as either', () => {
  const point = (minutes: number, openFds: number | null, refusedPerSecond: number) => ({
    at: NOW + minutes * 60_000,
    openFds,
    fdLimit: 1000,
    refusedPerSecond,
    connections: 10,
  });
  const impact = impactOf([point(0, 700, 0), point(1, 850, 0), point(2, 990, 2), point(30, 400, 2), point(31, 300, 0)], NOW);
  assert.deepEqual(impact, { peakFds: 990, peakPercent: 99, leastHeadroom: 10, nearLimitSeconds: 120, refused: 120, unknownSeconds: 1680 });
});
