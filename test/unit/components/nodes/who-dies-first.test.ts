import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { selectNodes, selectorOf, sortNodes, termToDrop } from '#components/nodes/select-nodes.ts';
import { forecastWords, saidVerdict, verdictSentence, worstOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { bigFleet, fleetNode } from '#test/support/mock-fleet.ts';

const at = Date.UTC(2026, 10, 17, 14, 32, 7);
const fleet = bigFleet().map((story) => fleetNode(story, at, at));
const named = (name: string): FleetNode => {
  const node = fleet.find((one) => one.name === name);
  assert.ok(node, name);
  return node;
};
const names = (nodes: readonly FleetNode[]) => nodes.map(({ name }) => name);

describe('who dies first', () => {
  // A node that is down has died already: it stands above every forecast, and a blocked one may be somebody else's.
  test('what is down comes first, then what is blocked, then leaks by the near end of their band, then what cannot be told', () => {
    assert.deepEqual(names(sortNodes(fleet, 'eta', false)).slice(0, 7), [
      'edge-syd-19',
      'edge-sjc-31',
      'edge-fra-03',
      'edge-fra-11',
      'edge-ams-07',
      'edge-fra-17',
      'edge-lhr-22',
    ]);
  });
  test('a near end decides, not the middle', () => {
    const leak = (name: string, low: number, mid: number): FleetNode => ({
      ...named('edge-fra-03'),
      id: name,
      name,
      timeToEmfileSeconds: { low, mid, high: null },
    });
    assert.deepEqual(names(sortNodes([leak('b', 900, 1000), leak('a', 600, 9000)], 'eta', false)), ['a', 'b']);
  });
  test('missing figures are last, up or down', () => {
    for (const descending of [false, true]) assert.equal(sortNodes(fleet, 'open', descending).at(-1)?.openFds, null);
  });
  test('names sort as people count', () => {
    const named2 = ['edge-10', 'edge-9'].map((name) => ({ ...named('edge-fra-03'), name }));
    assert.deepEqual(names(sortNodes(named2, 'name', false)), ['edge-9', 'edge-10']);
  });
});

describe('the selector box', () => {
  test('asks labels and facts', () => {
    assert.deepEqual(names(selectNodes(fleet, 'leak=leaking site=ams').nodes), ['edge-ams-07']);
    assert.deepEqual(names(selectNodes(fleet, 'drift=yes').nodes), ['edge-iad-31']);
  });
  test('what cannot be read hides nothing and says which term', () => {
    const selection = selectNodes(fleet, 'leak=maybe');
    assert.equal(selection.nodes.length, fleet.length);
    assert.match(selection.ok ? '' : selection.message, /leak is one of leaking, not-leaking, cannot-tell/);
  });
  test('names the one term whose removal brings most nodes back', () => {
    assert.deepEqual(termToDrop(fleet, 'site=fra name~edge-ams-*'), { term: 'site=fra', without: 'name~edge-ams-*', matches: 48 });
  });
  test('a selection of rows is a selector that matches exactly these', () => {
    const chosen = ['edge-fra-03', 'edge-syd-19'];
    assert.deepEqual(names(selectNodes(fleet, selectorOf(chosen)).nodes), chosen);
  });
});

describe('words', () => {
  test('the worse of reachability and leak is the mark, and the words say which', () => {
    assert.deepEqual(worstOf(named('edge-fra-03')), { kind: 'danger', words: 'leaking' });
    assert.equal(worstOf(named('edge-fra-17')).kind, 'warn');
    assert.equal(worstOf(named('edge-syd-19')).kind, 'down');
    assert.equal(worstOf(named('edge-sjc-31')).words, 'blocked: the host key changed');
    assert.equal(worstOf(named('edge-sin-05')).kind, 'blind');
  });
  test('a forecast comes with its band, and only from a leak', () => {
    assert.deepEqual(forecastWords(named('edge-fra-03')), { text: '38 min', band: '34–44 min', tone: 'danger' });
    assert.equal(forecastWords(named('edge-fra-17')).band, '17 h to over 30 d');
    assert.equal(forecastWords(named('edge-lhr-22')).text, 'can’t tell yet');
    assert.equal(
      forecastWords({ ...named('edge-lhr-22'), leak: { verdict: 'not-leaking', perMinute: null, per1000Connections: null } }).text,
      'not leaking',
    );
  });
  test('the verdict of a leak goes on with what grew, by whom, where the console knows it', () => {
    const said = 'Leaking +96.4 fds a minute. In the 10 min up to the last look, 2 min ago: client sockets in CLOSE_WAIT +118 (96 %).';
    const { lead, rest } = saidVerdict(named('edge-fra-03'), said);
    assert.match(lead, /fds leak per 1,000 connections\.$/);
    assert.match(rest, /in this process life\. In the 10 min up to the last look.*CLOSE_WAIT \+118/);
    assert.equal(saidVerdict(named('edge-fra-01'), 'Not leaking: a. b.').rest, verdictSentence(named('edge-fra-01')).rest);
  });
  test('the verdict says what is missing', () => {
    assert.deepEqual(verdictSentence(named('edge-lhr-22')), {
      lead: 'Can’t tell yet.',
      rest: 'Missing: 6 more minutes of this process life.',
    });
    assert.match(verdictSentence(named('edge-fra-03')).lead, /^\d+ fds leak per 1,000 connections\.$/);
  });
});
