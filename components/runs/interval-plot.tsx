'use client';
import type { Interval } from '#shared/time.ts';
import { formatFigure, formatTick } from '#shared/units/count.ts';

const WIDTH = 300;
const [LEFT, RIGHT, TOP, BOTTOM] = [48, WIDTH - 14, 6, 132];

/** Two 95 % intervals on one axis: before as a disc, after as a square. Zero is always in sight. */
export function IntervalPlot({ label, before, after }: { label: string; before: Interval | null; after: Interval | null }) {
  const values = [before, after].flatMap((interval) => (interval ? [interval.low, interval.high] : []));
  if (values.length === 0) return null;
  const low = Math.min(0, ...values);
  const high = Math.max(1, ...values) * 1.12;
  const step = niceStep((high - low) / 4);
  const x = (value: number) => LEFT + ((value - low) / (high - low)) * (RIGHT - LEFT);
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return (
    <svg viewBox={`0 0 ${WIDTH} 152`} className="intervals" role="img" aria-label={label}>
      <title>{label}</title>
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={TOP} y2={BOTTOM} stroke={Math.abs(tick) < step / 2 ? 'var(--line-control)' : 'var(--grid)'} />
          <text x={x(tick)} y={BOTTOM + 16} textAnchor="middle">
            {formatTick(Math.abs(tick) < step / 2 ? 0 : tick)}
          </text>
        </g>
      ))}
      {before ? <Row y={42} name="before" interval={before} x={x} colour="var(--series-6)" square={false} /> : null}
      {after ? <Row y={96} name="after" interval={after} x={x} colour="var(--fd-unexplained)" square /> : null}
    </svg>
  );
}

function Row({
  y,
  name,
  interval,
  x,
  colour,
  square,
}: {
  y: number;
  name: string;
  interval: Interval;
  x: (v: number) => number;
  colour: string;
  square: boolean;
}) {
  const [a, m, b] = [x(interval.low), x(interval.mid), x(interval.high)];
  return (
    <g>
      <text className="b" x={0} y={y + 4}>
        {name}
      </text>
      <line x1={a} x2={b} y1={y} y2={y} stroke={colour} strokeWidth={3} />
      <path d={`M${a} ${y - 6}v12M${b} ${y - 6}v12`} stroke={colour} strokeWidth={1.5} />
      {square ? (
        <rect x={m - 4.5} y={y - 4.5} width={9} height={9} fill={colour} stroke="var(--surface)" strokeWidth={1.5} />
      ) : (
        <circle cx={m} cy={y} r={5} fill={colour} stroke="var(--surface)" strokeWidth={1.5} />
      )}
      <text className="b" x={Math.min(Math.max(m, LEFT + 24), RIGHT - 24)} y={y - 12} textAnchor="middle">
        {formatFigure(interval.mid)}
      </text>
    </g>
  );
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  return (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10) * power;
}
