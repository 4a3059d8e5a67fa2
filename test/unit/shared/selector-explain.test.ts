import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainNoMatch } from '#shared/selector-explain.ts';

const fleet = [
  { id: 'n1', name: 'edge-01', labels: { group: 'edge', zone: 'eu' }, facts: { leak: 'leaking' } },
  { id: 'n2', name: 'edge-02', labels: { group: 'edge', zone: 'us' }, facts: { leak: 'not-leaking' } },
];

for (const [selector, words] of [
  ['zoen=eu', /No node has the label zoen\. Did you mean zone\? Labels here: group, zone\./],
  ['zone=ue', /No node has zone=ue\. Did you mean zone=eu\? zone here is eu, us\./],
  ['rack', /No node has the label rack\. Labels here: group, zone\./],
  ['name=edge-1', /No node is called edge-1\. Did you mean edge-01\?/],
  ['name=web', /No node is called web: there are edge-01, edge-02\./],
  ['leak=cannot-tell', /No node is leak=cannot-tell now\./],
  ['zone=eu leak=not-leaking', /Each term matches some node, but no node matches all/],
  ['!group', /!group leaves no node/],
] as const)
  test(`a selector that matches nothing says which term, and what there is instead: ${selector}`, () => {
    assert.match(explainNoMatch(selector, fleet) ?? '', words);
  });

test('a selector that matches, that cannot be read or that has no nodes to match needs no explanation', () => {
  assert.equal(explainNoMatch('zone=eu', fleet), null);
  assert.equal(explainNoMatch('((', fleet), null);
  assert.equal(explainNoMatch('zone=eu', []), null);
});
