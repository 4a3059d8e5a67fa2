import { memo } from 'react';
import type { Replay } from '#shared/recordings.ts';
import { formatHourMinute } from '#shared/units/time.ts';

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [1000, 300, 52, 24, 12];
const COLOURS = { leaking: '--danger-fg', emfile: '--danger-fg', blind: '--unknown-fg', restart: '--accent-fg', mark: '--text-3' } as const;

/** Open fds up to the clock, the rest faint; the limit, and where what was called. */
export function ReplayPlot({ replay, clock }: { replay: Replay; clock: number }) {
  const scale = scaleOf(replay);
  const passed = replay.points.filter(({ at }) => at <= clock);
  const last = passed.at(-1);
  const label = `Open fds of ${replay.node} up to ${formatHourMinute(clock * 1000)}. ${last ? `Last: ${last.text}` : ''}`;
  return (
    <svg className="replay-plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <Ground replay={replay} />
      <clipPath id="replayed">
        <rect x={LEFT} y="0" width={Math.max(0, scale.x(clock) - LEFT)} height={HEIGHT} />
      </clipPath>
      <g clipPath="url(#replayed)">
        <path className="replay-line" d={scale.line} />
      </g>
      {passed.map(({ at, kind, text }) => (
        <g key={`${at} ${text}`} style={{ color: `var(${COLOURS[kind]})` }}>
          <line className="replay-mark" x1={scale.x(at)} x2={scale.x(at)} y1={TOP} y2={HEIGHT - BOTTOM} />
        </g>
      ))}
      <line className="replay-now" x1={scale.x(clock)} x2={scale.x(clock)} y1={TOP} y2={HEIGHT - BOTTOM} />
    </svg>
  );
}

/** What does not move with the clock. */
const Ground = memo(function Ground({ replay }: { replay: Replay }) {
  const scale = scaleOf(replay);
  const hours = replay.at.filter((at) => at % 1800 === 0);
  return (
    <>
      {[0, scale.limit / 2, scale.limit].map((fds) => (
        <g key={fds}>
          <line className={fds === scale.limit ? 'replay-limit' : 'replay-grid'} x1={LEFT} x2={WIDTH} y1={scale.y(fds)} y2={scale.y(fds)} />
          <text className="replay-tick" x={LEFT - 6} y={scale.y(fds) + 4} textAnchor="end">
            {Math.round(fds)}
          </text>
        </g>
      ))}
      {hours.map((at) => (
        <text className="replay-tick" key={at} x={scale.x(at)} y={HEIGHT - 6} textAnchor="middle">
          {formatHourMinute(at * 1000)}
        </text>
      ))}
      <path className="replay-line faint" d={scale.line} />
    </>
  );
});

function scaleOf({ at, openFds, fdLimit }: Replay) {
  const [from, to] = [at[0] ?? 0, at.at(-1) ?? 1];
  const limit = Math.max(1, ...fdLimit.map((value) => value ?? 0), ...openFds.map((value) => value ?? 0));
  const x = (t: number) => Math.round((LEFT + ((t - from) / Math.max(1, to - from)) * (WIDTH - LEFT)) * 10) / 10;
  const y = (fds: number) => Math.round((HEIGHT - BOTTOM - (fds / limit) * (HEIGHT - BOTTOM - TOP)) * 10) / 10;
  const line = at
    .flatMap((t, i) => {
      const fds = openFds[i];
      if (fds === null || fds === undefined) return [];
      const before = openFds[i - 1];
      return `${before === null || before === undefined ? 'M' : 'L'}${x(t)} ${y(fds)}`;
    })
    .join('');
  return { x, y, line, limit };
}
