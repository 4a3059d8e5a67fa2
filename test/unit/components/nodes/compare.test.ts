import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareLines } from '#components/nodes/compare-lines.ts';
import { experimentSentence, groupByPool, readPool, UNKNOWN } from '#components/nodes/pool-groups.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const T0 = Date.UTC(2026, 10, 17, 14, 0, 0) / 1000;
const instant = (second: number) => new Date((T0 + second) * 1000).toISOString();
const answer = (starts: number[], points: [second: number, open: number | null][]): NodeMetricsAnswer => ({
  ...{ from: instant(0), to: instant(600), step: 15, blind: [], runs: [] },
  processStarts: starts.map(instant),
  times: points.map(([second]) => T0 + second),
  series: { openFds: points.map(([, open]) => open) },
});

describe('nodes on one axis', () => {
  const a = {
    name: 'a',
    processStart: null,
    answer: answer(
      [-300, 60],
      [
        [0, 100],
        [15, 110],
        [30, 120],
        [45, 130],
        [62, 10],
        [75, 20],
      ],
    ),
  };
  const b = {
    name: 'b',
    processStart: null,
    answer: answer(
      [0],
      [
        [1, 5],
        [16, 6],
        [31, 7],
        [46, 8],
        [61, 9],
        [76, 10],
      ],
    ),
  };

  test('by age each life starts at nought, the one before beside the newest', () => {
    const { x, lines } = compareLines([a], 'openFds', 'age', 15);
    assert.deepEqual(
      lines.map(({ key }) => key),
      ['a/1', 'a/0'],
    );
    assert.equal(lines[1]?.values[x.indexOf(0)], 10, 'two seconds old');
    assert.equal(lines[0]?.values[x.indexOf(300)], 100, 'the life before was 300 s old at its first sample here');
  });
  test('by the clock nodes that were read at different instants share cells, and no line crosses a restart', () => {
    const { x, lines } = compareLines([a, b], 'openFds', 'clock', 15);
    assert.equal(x.length, 6);
    assert.deepEqual(
      lines.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual(lines[0]?.values, [100, 110, 120, null, 10, 20], 'the cell before the restart is the break');
    assert.deepEqual(lines[1]?.values, [5, 6, 7, 8, 9, 10]);
  });
  test('a missing sample is no gap, a minute without one is', () => {
    const every15 = Array.from({ length: 20 }, (_, i): [number, number] => [i * 15, i]);
    const holes = every15.filter(([second]) => second !== 30 && (second < 100 || second > 200));
    const { lines } = compareLines(
      [
        { name: 'full', processStart: null, answer: answer([0], every15) },
        { name: 'holes', processStart: null, answer: answer([0], holes) },
      ],
      'openFds',
      'clock',
      15,
    );
    const values = lines[1]?.values ?? [];
    assert.equal(values[2], undefined);
    assert.equal(values[7], null);
  });
  test('the running process may have started before the range: its start is the node’s', () => {
    const early = { name: 'd', processStart: instant(-3600), answer: answer([], [[0, 7]]) };
    assert.deepEqual(compareLines([early], 'openFds', 'age', 15).x, [3600]);
  });
  test('by age a point whose process start is not known has no place', () => {
    assert.deepEqual(compareLines([{ name: 'c', processStart: null, answer: answer([], [[0, 1]]) }], 'openFds', 'age', 15).lines, []);
  });
});

describe('the pool as an experiment that nobody set up', () => {
  const [one, two, ...rest] = demoFleet().map((story) => fleetNode(story, T0 * 1000, T0 * 1000));
  assert.ok(one && two);
  const fleet = [one, two, ...rest];
  const groups = (settingOf: (node: FleetNode) => string) => groupByPool(fleet, settingOf);

  test('settings are read as the file writes them', () => {
    assert.deepEqual(
      readPool('a: 1\nconnection_pool:\n  enabled: true   # spring\n  # max_per_host: 5\n  connection_ttl: "60"\nb:\n  enabled: false\n'),
      {
        enabled: 'true',
        connection_ttl: '60',
      },
    );
    assert.deepEqual(readPool('connection_pool: { enabled: false, max_per_host: 10 }\r\n'), { enabled: 'false', max_per_host: '10' });
    assert.deepEqual(readPool('a: 1\n'), {});
    assert.deepEqual(readPool('connection_pool:\n  enabled: true'), { enabled: 'true' });
  });
  test('a leak with every value is not explained by the setting', () => {
    const sentence = experimentSentence(
      'enabled',
      groups((node) => (node === one || rest.includes(node) ? 'true' : 'false')),
    );
    assert.match(sentence, /true: 1 of 4 leak/);
    assert.match(sentence, /leaks with every value, so enabled alone does not explain it/);
  });
  test('a setting that tells leaks apart is a hint, not a proof', () => {
    const sentence = experimentSentence(
      'max_per_host',
      groups((node) => (node === one || node === two ? '1000' : '100')),
    );
    assert.match(sentence, /tells them apart\. That is a hint, not a proof/);
  });
  test('one value, or none known, compares nothing', () => {
    assert.match(
      experimentSentence(
        'enabled',
        groups(() => 'true'),
      ),
      /nothing to compare/,
    );
    assert.match(
      experimentSentence(
        'enabled',
        groups(() => UNKNOWN),
      ),
      /not known/,
    );
  });
});
