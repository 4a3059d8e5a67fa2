import type { ChartSeries } from '#components/charts/time-series.tsx';
import type { NodeMetricsAnswer, SeriesName } from '#shared/metrics.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';

type Column = readonly (number | null)[];
const NOTHING: Column = [];
export type Panel = { title: string; unit: string; format: (value: number) => string; series: readonly ChartSeries[] };

/** The small charts of a node. */
export function panelsOf({ series }: NodeMetricsAnswer): Panel[] {
  const column = (name: SeriesName): Column => series[name] ?? NOTHING;
  const scaled = (name: SeriesName, factor: number): Column => column(name).map((value) => (value === null ? null : value * factor));
  const traffic = bitRate(column('bytesPerSecond'));
  return [
    {
      title: 'Connections',
      unit: 'active',
      format: formatCount,
      series: [
        { key: 'active', label: 'active tunnels', color: 1, values: column('connectionsActive') },
        { key: 'stale', label: 'stale', color: 5, values: column('connectionsStale') },
      ],
    },
    {
      title: 'Pool',
      unit: 'idle',
      format: formatCount,
      series: [
        { key: 'idle', label: 'idle', color: 2, values: column('poolIdle') },
        { key: 'active', label: 'active', color: 3, values: column('poolActive') },
      ],
    },
    {
      title: 'Accepted and refused',
      unit: 'conn/s',
      format: formatFigure,
      series: [
        { key: 'accepted', label: 'accepted', color: 1, values: column('acceptedPerSecond') },
        { key: 'refused', label: 'refused', color: 'danger', values: column('refusedPerSecond') },
      ],
    },
    {
      title: 'Traffic',
      unit: traffic.unit,
      format: formatFigure,
      series: [{ key: 'bytes', label: 'both ways', color: 3, values: traffic.values }],
    },
    {
      title: 'Event-loop lag',
      unit: 'ms',
      format: formatFigure,
      series: [{ key: 'lag', label: 'lag', color: 4, values: scaled('eventLoopLagSeconds', 1000) }],
    },
    {
      title: 'Memory',
      unit: 'MiB',
      format: formatFigure,
      series: [{ key: 'rss', label: 'resident', color: 6, values: scaled('rssBytes', 1 / 1_048_576) }],
    },
  ];
}

/** One unit for the whole range, so that the axis and the figure agree. */
function bitRate(values: Column): { unit: string; values: Column } {
  const highest = Math.max(0, ...values.map((value) => value ?? 0)) * 8;
  const [unit, factor] = highest >= 1e9 ? ['Gbit/s', 1e9] : highest >= 1e6 ? ['Mbit/s', 1e6] : ['kbit/s', 1e3];
  return { unit: String(unit), values: values.map((value) => (value === null ? null : (value * 8) / Number(factor))) };
}
