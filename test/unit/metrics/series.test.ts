import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { columnsOfSamples } from '#server/metrics/columns.ts';
import { chartOfColumns, columnsFor, createLiveSeries, plainChart } from '#server/metrics/index.ts';
import { type Sample, SERIES } from '#shared/metrics.ts';
import { sample } from '#test/support/samples.ts';

const T0 = 1_700_000_000_000;
const range = { fromMs: T0, toMs: T0 + 600_000 };
const chartOfSamples = (samples: readonly Sample[], of: typeof range) =>
  plainChart(chartOfColumns(columnsOfSamples(samples, columnsFor(SERIES)), of, SERIES), false);

describe('a chart of samples', () => {
  test('no rate is drawn across a process start', () => {
    const restart = T0 + 12_000;
    const chart = chartOfSamples(
      [
        sample(T0, { acceptedTotal: 1000, processStart: T0 - 5000 }),
        sample(T0 + 5000, { acceptedTotal: 1050, processStart: T0 - 5000 }),
        // more than before the restart, so that only the start tells
        sample(T0 + 15_000, { acceptedTotal: 2000, processStart: restart }),
        sample(T0 + 20_000, { acceptedTotal: 2010, processStart: restart }),
      ],
      range,
    );
    assert.deepEqual(chart.series.acceptedPerSecond, [null, 10, null, 2]);
    assert.deepEqual(chart.processStarts, [restart]);
  });

  test('a counter that falls within a life gives no negative rate', () => {
    const chart = chartOfSamples(
      [sample(T0, { errorsTotal: 10 }), sample(T0 + 5000, { errorsTotal: 3 }), sample(T0 + 10_000, { errorsTotal: 8 })],
      range,
    );
    assert.deepEqual(chart.series.errorsPerSecond, [null, null, 1]);
  });

  test('open fds are split into explained and unexplained', () => {
    const chart = chartOfSamples(
      [
        sample(T0, { openFds: 200, baselineFds: 20, connectionsActive: 50, connectionsStale: 10, poolIdle: 4, withoutBackend: 1 }),
        sample(T0 + 5000, { openFds: 200, baselineFds: null }),
        sample(T0 + 10_000, { openFds: 200, connectionsActive: null }),
      ],
      range,
    );
    assert.deepEqual(chart.series.explainedFds, [103, null, null]);
    assert.deepEqual(chart.series.unexplainedFds, [97, null, null]);
  });

  test('a gap is a row of nulls between its edges', () => {
    const at = [0, 5, 10, 130, 135].map((s) => T0 + s * 1000);
    const chart = chartOfSamples(
      at.map((t) => sample(t, { openFds: 7 })),
      range,
    );
    assert.deepEqual(chart.series.openFds, [7, 7, 7, null, 7, 7]);
    assert.deepEqual(
      chart.times.map((t) => t - T0 / 1000),
      [0, 5, 10, 70, 130, 135],
    );
  });

  test('counts over SSH every 15 s are drawn through, and marked as blind until the page is back', () => {
    const chart = chartOfSamples(
      [
        sample(T0),
        sample(T0 + 5000),
        ...[20, 35, 50].map((s) => sample(T0 + s * 1000, { source: 'ssh-proc', connectionsActive: null, acceptedTotal: null })),
        sample(T0 + 60_000),
      ],
      range,
    );
    assert.equal(chart.times.length, 6);
    assert.deepEqual(chart.blind, [{ fromMs: T0 + 20_000, toMs: T0 + 60_000 }]);
  });

  test('samples before the range serve the first rate and are not drawn', () => {
    const chart = chartOfSamples([sample(T0 - 5000, { bytesTotal: 0 }), sample(T0, { bytesTotal: 500 })], range);
    assert.deepEqual([chart.times, chart.series.bytesPerSecond], [[T0 / 1000], [100]]);
  });
});

test('live values of a new sample are the chart values of that sample', () => {
  const live = createLiveSeries();
  const samples = [0, 5, 10].map((s) => sample(T0 + s * 1000, { acceptedTotal: s * 20, cpuSeconds: s / 10, openFds: 100 + s }));
  const values = samples.map((one) => live(one));
  const chart = chartOfSamples(samples, range);
  for (const [name, series] of Object.entries(chart.series))
    assert.deepEqual(
      values.map((v) => Object.entries(v).find(([key]) => key === name)?.[1]),
      series,
      name,
    );
});
