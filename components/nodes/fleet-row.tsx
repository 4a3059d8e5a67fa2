'use client';
import clsx from 'clsx';
import Link from 'next/link';
import { memo } from 'react';
import { Sparkline } from '#components/charts/sparkline.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Age } from '#components/ui/now.tsx';
import { forecastWords, LEAK_WORDS, poolWord, STATE_WORDS, worstOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount, formatFigure, formatSigned } from '#shared/units/count.ts';

/** One node on one line (two on a phone). Drawn again only when its own figures change. */
export const FleetRow = memo(function FleetRow({
  node,
  selected,
  onToggle,
  sparkEndMs,
}: {
  node: FleetNode;
  selected: boolean;
  onToggle: (id: string) => void;
  sparkEndMs: number;
}) {
  const mark = worstOf(node);
  const forecast = forecastWords(node);
  const leaking = node.leak.verdict === 'leaking';
  return (
    <tr data-row className={selected ? 'sel' : undefined} aria-selected={selected}>
      <td className="c-cb">
        <Checkbox label={`Select ${node.name}`} checked={selected} onChange={() => onToggle(node.id)} />
      </td>
      <td className="c-name">
        <span className="nmcell">
          <Mark kind={mark.kind} label={mark.words} />
          <Link prefetch={false} data-node={node.id} href={`/nodes/${encodeURIComponent(node.id)}`}>
            {node.name}
          </Link>
          {node.state === 'up' || node.state === 'unknown' ? null : (
            <span className="lo" title={node.stateReason ?? undefined}>
              {STATE_WORDS[node.state].toLowerCase()}
            </span>
          )}
          {node.drift ? <Mark kind="drift" label="drift: config.yaml is not what was agreed" /> : null}
          {node.activeRunId === null ? null : <Mark kind="run" label="a run is changing this node" />}
        </span>
      </td>
      <td className="c-leak">
        <LeakCell node={node} />
      </td>
      <td className="c-use">
        <Usage node={node} selected={selected} />
      </td>
      <td className="num c-head">{node.headroom === null ? '–' : formatCount(node.headroom)}</td>
      <td className="p3 c-spark">
        <Sparkline
          values={node.sparkline}
          tone={leaking ? 'unexplained' : 'quiet'}
          breakAt={breakIndex(node, sparkEndMs)}
          label={`open fds of ${node.name} in the last hour`}
        />
      </td>
      <td className="num c-eta">
        <span
          className={clsx(
            forecast.tone === 'danger' && 'fg-danger semi',
            forecast.tone === 'warn' && 'semi',
            forecast.tone === 'neutral' && 't3',
            forecast.tone === 'unknown' && 'fg-unknown',
          )}
        >
          {forecast.tone === 'unknown' || forecast.text === 'not leaking' ? '–' : forecast.text}
        </span>
        <span className="lo band" title={forecast.band ?? undefined}>
          {leaking ? forecast.band : ''}
        </span>
      </td>
      <td className="num c-conn p2">
        {node.connectionsActive === null ? '–' : formatCount(node.connectionsActive)}
        {node.acceptedPerSecond === null ? null : <span className="lo p4"> {formatFigure(node.acceptedPerSecond)}/s</span>}
      </td>
      <td className="p2">
        <PoolCell node={node} />
      </td>
      <td className="num p3">{node.processStart === null ? '–' : <Age since={node.processStart} />}</td>
    </tr>
  );
});

function LeakCell({ node }: { node: FleetNode }) {
  const { leak } = node;
  if (leak.verdict === 'cannot-tell') {
    if (node.openFds === null) return <span className="lo">no data</span>;
    return (
      <span className="fg-unknown" title={leak.missing}>
        can’t tell yet
      </span>
    );
  }
  if (leak.verdict === 'not-leaking') return <span className="t3">{LEAK_WORDS['not-leaking'].toLowerCase()}</span>;
  if (!leak.per1000Connections)
    return <span className="semi t1">leaking{leak.perMinute ? `, ${formatSigned(leak.perMinute.mid)}/min` : ''}</span>;
  const { low, mid, high } = leak.per1000Connections;
  return (
    <>
      <span className="t1 semi">{formatSigned(mid)}</span>
      <span className="lo">
        {' '}
        {formatFigure(low)}–{formatFigure(high)}
      </span>
    </>
  );
}

function Usage({ node, selected }: { node: FleetNode; selected: boolean }) {
  if (node.openFds === null || node.fdLimit === null || node.fdLimit === 0) return <span className="lo">no data</span>;
  const share = (fds: number) => `${Math.min(100, Math.max(0, (fds / (node.fdLimit ?? 1)) * 100))}%`;
  const known = node.explainedFds !== null;
  const explained = known ? Math.min(node.explainedFds ?? 0, node.openFds) : 0;
  const title = known
    ? `${formatCount(explained)} explained, ${formatCount(node.openFds - explained)} unexplained`
    : 'what the fds are is not known from this source';
  return (
    <span className="use" title={title}>
      <span className={selected ? 'bar on-accent' : 'bar'} aria-hidden="true">
        {known ? (
          <>
            <i className="fillx" style={{ width: share(explained) }} />
            <i className="fillu" style={{ width: share(node.openFds - explained) }} />
          </>
        ) : (
          <i className="filln" style={{ width: share(node.openFds) }} />
        )}
      </span>
      <span>
        <span className="t1">{formatCount(node.openFds)}</span> <span className="lim">of {formatCount(node.fdLimit)}</span>
      </span>
    </span>
  );
}

function PoolCell({ node }: { node: FleetNode }) {
  const word = poolWord(node);
  if (word === 'unknown') return <span className="t3">–</span>;
  if (word === 'off') return <span className="t3">off</span>;
  return (
    <>
      on <span className="lo">{node.pool.idle === null ? '' : `${formatCount(node.pool.idle)} idle`}</span>
    </>
  );
}

/** The sparkline has one point a minute, the last one now: where in it the process started. */
function breakIndex(node: FleetNode, endMs: number): number | null {
  if (node.processStart === null) return null;
  const minutesAgo = Math.floor((endMs - Date.parse(node.processStart)) / 60_000);
  const index = node.sparkline.length - 1 - minutesAgo;
  return index > 0 && index < node.sparkline.length ? index : null;
}
