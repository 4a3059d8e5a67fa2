'use client';
import clsx from 'clsx';
import Link from 'next/link';
import { Card } from '#components/ui/card.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Age, Ago } from '#components/ui/now.tsx';
import { Tooltip } from '#components/ui/tooltip.tsx';
import { forecastOf, forecastWords, isOut, isSeen, usedShare, worstOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatFigure, formatPercent, formatSigned, plural } from '#shared/units/count.ts';
import { HORIZON_SECONDS } from '#shared/units/time.ts';

const TICKS = [
  [900, '15 min', false],
  [3600, '1 h', false],
  [21_600, '6 h', true],
  [86_400, '1 d', false],
  [604_800, '7 d', true],
  [2_592_000, '30 d', false],
] as const;
/** The axis runs from 12 min to a little past the horizon, logarithmic. */
const [LOW, HIGH] = [720, 3_000_000];
const ROWS = 6;
/** Nodes that are out may fill so many of them: a leak must stay in sight while half the fleet is down. */
const OUT_ROWS = 3;

const at = (seconds: number): number => {
  const clamped = Math.min(Math.max(seconds, LOW), HIGH);
  return ((Math.log(clamped) - Math.log(LOW)) / (Math.log(HIGH) - Math.log(LOW))) * 100;
};

/** The list of the page: what is out already; time to EMFILE on one axis, each with its band; then what cannot be told, then the fullest. */
export function DiesFirst({ byUrgency }: { byUrgency: readonly FleetNode[] }) {
  const out = byUrgency.filter(isOut);
  const alive = byUrgency.filter((node) => !isOut(node));
  const leaking = alive.filter((node) => node.leak.verdict === 'leaking');
  const cannotTell = alive.filter((node) => isSeen(node) && node.leak.verdict === 'cannot-tell');
  const quiet = alive.filter((node) => isSeen(node) && node.leak.verdict === 'not-leaking').sort((a, b) => usedShare(b) - usedShare(a));
  const rows = pick(out, leaking, cannotTell, quiet);
  const hidden = out.length - Math.min(out.length, OUT_ROWS);
  return (
    <Card
      flush
      title="Who dies first"
      meta="time to EMFILE, 95 % band, this process life"
      end={
        <Tooltip
          side="below"
          align="right"
          text="The slope of unexplained fds is taken within one process life only, never across a restart; headroom divided by it gives the time, its 95 % interval gives the band. A slope that may be nothing gives no time."
        >
          <span className="meta hide-m px-2">How this is judged</span>
        </Tooltip>
      }
      footer={
        <>
          <Mark kind={quiet.length > 0 ? 'ok' : 'unknown'} />
          <span>
            <b className="t1 med">{plural(quiet.length, 'node')}</b> not leaking
          </span>
          {hidden > 0 ? (
            <Link className="push nw" href="/?view=unreachable">
              {hidden} more down or blocked
            </Link>
          ) : null}
          {cannotTell.length > 0 ? (
            <Link className="push nw" href="/?view=cannot-tell">
              {cannotTell.length} can’t tell yet
            </Link>
          ) : null}
        </>
      }
    >
      <div className="wdf">
        <div className="wdf-row axis" aria-hidden="true">
          <span />
          <div className="track">
            {TICKS.map(([seconds, label, thin]) => (
              <span key={label} className={clsx(thin && 'thin')} style={{ left: `${at(seconds)}%` }}>
                {label}
              </span>
            ))}
          </div>
          <span />
        </div>
        {rows.map((node) => (
          <Row key={node.id} node={node} />
        ))}
      </div>
    </Card>
  );
}

/** One row is kept for what cannot be told and one for the fullest healthy node, so that silence is visible too. */
function pick(
  out: readonly FleetNode[],
  leaking: readonly FleetNode[],
  cannotTell: readonly FleetNode[],
  quiet: readonly FleetNode[],
): FleetNode[] {
  const kept = Math.min(1, cannotTell.length) + Math.min(1, quiet.length);
  const gone = out.slice(0, OUT_ROWS);
  const first = [...gone, ...leaking.slice(0, ROWS - kept - gone.length)];
  const unsure = cannotTell.slice(0, Math.max(1, ROWS - first.length - Math.min(1, quiet.length)));
  return [...first, ...unsure, ...quiet.slice(0, Math.max(0, ROWS - first.length - unsure.length))];
}

function Row({ node }: { node: FleetNode }) {
  const out = isOut(node);
  const band = out ? null : forecastOf(node);
  const mark = worstOf(node);
  const words = forecastWords(node);
  const color = words.tone === 'danger' ? '--danger-line' : '--warn-line';
  const far = band ? band.low > HORIZON_SECONDS : !out && node.leak.verdict === 'not-leaking';
  const high = band?.high ?? HIGH;
  return (
    <Link className="wdf-row" href={`/nodes/${encodeURIComponent(node.id)}`}>
      <div className="who">
        <Mark kind={mark.kind} label={mark.words} />
        <span className="nm ell">{node.name}</span>
        <span className="why">
          <Why node={node} />
        </span>
      </div>
      <div className="track" aria-hidden="true">
        {TICKS.map(([seconds, label]) => (
          <i key={label} className="g" style={{ left: `${at(seconds)}%` }} />
        ))}
        {far ? (
          <svg className="far" width="34" height="12" viewBox="0 0 34 12" aria-hidden="true">
            <path
              d="M0 6h30M25 1.5 30 6l-5 4.5"
              fill="none"
              stroke="var(--series-6)"
              strokeWidth="2"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
        ) : band ? (
          <>
            <i
              className="band"
              style={{
                left: `${(at(band.low) + at(high)) / 2}%`,
                width: `${at(high) - at(band.low)}%`,
                background: `color-mix(in srgb, var(${color}) 38%, var(--surface))`,
              }}
            />
            <i className="mid" style={{ left: `${at(band.mid)}%`, background: `var(${color})` }} />
          </>
        ) : (
          <span className={clsx('lbl', out && 'out')}>{whyNoBand(node)}</span>
        )}
      </div>
      <div className="eta">
        <b className={clsx(words.tone === 'danger' && 'fg-danger', words.tone === 'unknown' && 'fg-unknown')}>
          {words.text === 'can’t tell yet' ? 'Can’t tell' : words.text}
        </b>
        <span>
          {out ? (
            <SeenLast node={node} />
          ) : node.leak.verdict === 'leaking' ? (
            words.band
          ) : (
            `${formatPercent(node.openFds ?? 0, node.fdLimit ?? 0)} used`
          )}
        </span>
      </div>
    </Link>
  );
}

/** What stands on the axis where no band can. */
function whyNoBand(node: FleetNode): string {
  if (isOut(node))
    return node.stateReason ?? (node.state === 'down' ? 'nothing answers' : 'approve its new host key, or find out who took its place');
  if (node.leak.missing) return `needs ${node.leak.missing}`;
  return node.leak.verdict === 'leaking' ? 'the band is still too wide' : 'no verdict yet';
}

const SeenLast = ({ node }: { node: FleetNode }) =>
  node.lastSampleAt === null ? (
    'no sample kept'
  ) : (
    <>
      seen <Ago at={node.lastSampleAt} />
    </>
  );

function Why({ node }: { node: FleetNode }) {
  const { leak } = node;
  if (isOut(node)) return node.state === 'down' ? 'out already' : 'may be another host';
  if (leak.verdict === 'leaking')
    return (
      <>
        {leak.per1000Connections ? `${formatFigure(leak.per1000Connections.mid)} per 1k conn` : 'leaking'}
        {leak.perMinute ? <i className="p3">, {formatSigned(leak.perMinute.mid)}/min</i> : null}
      </>
    );
  if (leak.verdict === 'cannot-tell')
    return node.processStart ? (
      <>
        process is <Age since={node.processStart} /> old
      </>
    ) : (
      'no process start known'
    );
  return 'not leaking';
}
