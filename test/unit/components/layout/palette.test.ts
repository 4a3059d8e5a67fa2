import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Entry, type Known, paletteEntries } from '#components/layout/palette/entries.ts';
import { rank } from '#components/layout/palette/rank.ts';
import { bigFleet, demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const at = Date.UTC(2026, 0, 1);
const nodes = demoFleet().map((story) => fleetNode(story, at, at));
const [first, second] = nodes;
assert.ok(first && second);
const known: Known = {
  nodes,
  runs: [{ id: 'r_0000004f2k9', name: 'R-4F2K9', title: 'fd leak', status: 'running', summary: 'watching' }],
  runbooks: [{ key: 'rolling-restart', title: 'Rolling restart', stepCount: 9 }],
  mayOperate: true,
};
const labels = (entries: readonly Entry[]) => entries.map(({ label }) => label);
const hrefOf = (entry: Entry | undefined) => (entry && 'href' in entry.does ? entry.does.href : null);

describe('ranking', () => {
  test('every word must stand in the text, in any order', () => {
    assert.ok(rank('Restart edge-07', '07 rest'));
    assert.equal(rank('Restart edge-07', 'rest 08'), null);
  });
  test('a name with parts left out is found, after those that are called so outright', () => {
    assert.ok(rank('edge-fra-03', 'edge-03'));
    assert.ok((rank('edge-03', 'edge-03')?.score ?? 0) > (rank('edge-fra-03', 'edge-03')?.score ?? 9));
    assert.equal(rank('edge-fra-04', 'edge-03'), null);
  });
  test('the beginning of the text counts more than that of a word, and that more than the middle of one', () => {
    const score = (text: string) => rank(text, 'fra')?.score ?? 0;
    assert.ok(score('fra-edge') > score('edge-fra'));
    assert.ok(score('edge-fra') > score('infrared'));
  });
  test('hits are the pieces that were named', () => {
    assert.deepEqual(rank('Restart edge-07', 'edge rest')?.hits, [
      [0, 4],
      [8, 12],
    ]);
  });
});

describe('the palette', () => {
  test('"restart" and a name lead to the runbook with that node filled in, and nothing acts by itself', () => {
    const [entry] = paletteEntries(`restart ${first.name}`, known);
    assert.equal(entry?.label, `Restart ${first.name}…`);
    assert.equal(hrefOf(entry), `/runbooks/rolling-restart?selector=${encodeURIComponent(`name=${first.name}`)}`);
  });

  test('a node that a run is changing is not offered for another change: the run is', () => {
    const busy = { ...known, nodes: [{ ...first, activeRunId: 'r_1' }, second] };
    const [entry] = paletteEntries(`restart ${first.name}`, busy);
    assert.equal(entry?.icon, 'busy');
    assert.equal(hrefOf(entry), '/runs/r_1');
  });

  test('who may not change nodes is offered no change, but may look', () => {
    const viewer = { ...known, mayOperate: false };
    assert.ok(!labels(paletteEntries(`restart ${first.name}`, viewer)).some((label) => label.startsWith('Restart')));
    assert.ok(labels(paletteEntries(`logs ${first.name}`, viewer)).includes(`Logs of ${first.name}`));
  });

  test('a selector shows its nodes, and how many they are', () => {
    const entry = paletteEntries('leak=leaking', known).find(({ key }) => key === 'selector');
    const leaking = nodes.filter((node) => node.leak.verdict === 'leaking').length;
    assert.equal(entry?.right, `${leaking} node${leaking === 1 ? '' : 's'}`);
    assert.equal(hrefOf(entry), '/?q=leak%3Dleaking');
  });

  test('runs are found by their name, runbooks by title, pages by theirs', () => {
    assert.equal(hrefOf(paletteEntries('4f2k9', known)[0]), '/runs/r_0000004f2k9');
    assert.ok(paletteEntries('rolling', known).some((entry) => hrefOf(entry) === '/runbooks/rolling-restart'));
    assert.ok(paletteEntries('audit', known).some((entry) => hrefOf(entry) === '/audit'));
  });

  test('several nodes that match can be acted on together', () => {
    const big = { ...known, nodes: bigFleet().map((story) => fleetNode(story, at, at)) };
    const many = paletteEntries('restart edge', big).find(({ key }) => key === 'Restart:many');
    assert.match(many?.label ?? '', /^Restart [\d,]+ nodes like edge…$/);
  });

  test('of a thousand nodes a screen of entries is shown, each once', () => {
    const big = { ...known, nodes: bigFleet().map((story) => fleetNode(story, at, at)) };
    for (const query of ['', 'e', 'edge', 'restart', 'pool edge']) {
      const keys = paletteEntries(query, big).map(({ key }) => key);
      assert.ok(keys.length > 0 && keys.length <= 21, `${query}: ${keys.length}`);
      assert.equal(new Set(keys).size, keys.length, query);
    }
  });
});
