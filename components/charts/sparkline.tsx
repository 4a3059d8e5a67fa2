import { memo } from 'react';

const WIDTH = 84;
const HEIGHT = 20;

/** A trend in a table cell: gaps stay gaps, and the line breaks where a process started (`breakAt`, an index). */
export const Sparkline = memo(function Sparkline({
  values,
  tone,
  breakAt,
  label,
}: {
  values: readonly (number | null)[];
  tone: 'unexplained' | 'quiet';
  breakAt: number | null;
  label: string;
}) {
  const known = values.filter((value) => value !== null);
  const color = tone === 'unexplained' ? 'var(--fd-unexplained)' : 'var(--series-6)';
  if (known.length === 0)
    return (
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={`${label}: no data`}>
        <path d={`M1 ${HEIGHT - 1}H${WIDTH - 3}`} stroke="var(--line-2)" strokeDasharray="2 3" />
      </svg>
    );
  const top = Math.max(...known) * 1.05 || 1;
  const x = (index: number) => round(1 + (index / Math.max(1, values.length - 1)) * (WIDTH - 4));
  const y = (value: number) => round(HEIGHT - 1 - (value / top) * (HEIGHT - 3));
  const segments = splitSegments(values, breakAt);
  const last = segments.at(-1)?.at(-1);
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {segments.map((segment) => {
        const line = segment.map(([index, value], i) => `${i === 0 ? 'M' : 'L'}${x(index)} ${y(value)}`).join('');
        const [first, end] = [segment[0]?.[0] ?? 0, segment.at(-1)?.[0] ?? 0];
        return (
          <g key={first}>
            <path d={`${line}L${x(end)} ${HEIGHT - 1}L${x(first)} ${HEIGHT - 1}Z`} fill={color} opacity={0.14} />
            <path d={line} fill="none" stroke={color} strokeWidth={1.25} strokeLinejoin="round" />
          </g>
        );
      })}
      {last ? <circle cx={x(last[0])} cy={y(last[1])} r={1.8} fill={color} /> : null}
    </svg>
  );
});

type Point = readonly [index: number, value: number];

function splitSegments(values: readonly (number | null)[], breakAt: number | null): Point[][] {
  const segments: Point[][] = [];
  let open: Point[] = [];
  values.forEach((value, index) => {
    if ((value === null || index === breakAt) && open.length > 0) {
      segments.push(open);
      open = [];
    }
    if (value !== null) open.push([index, value]);
  });
  if (open.length > 0) segments.push(open);
  return segments;
}

const round = (value: number): number => Math.round(value * 10) / 10;
