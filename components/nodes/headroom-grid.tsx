'use client';
import { ChevronDown } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { useUrlState } from '#client/url-state.ts';
import { Card } from '#components/ui/card.tsx';
import { isSeen, usedShare } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';

type CellKind = 'calm' | 'busy' | 'full' | 'leak' | 'blind' | 'down' | 'drift';
const LEGEND: readonly [CellKind, string, number][] = [
  ['calm', 'under 70 % used', 0.45],
  ['busy', '70–85 %', 0.78],
  ['full', 'over 85 %', 0.93],
  ['leak', 'leaking', 0.6],
  ['blind', 'blind or no data', 0.4],
  ['down', 'down', 0],
  ['drift', 'drift', 0.4],
];

const kindOf = (node: FleetNode): CellKind => {
  if (node.state === 'down') return 'down';
  if (!isSeen(node) || node.state === 'unknown' || node.state === 'scrape-blind' || node.hostKey.blocked) return 'blind';
  if (node.leak.verdict === 'leaking') return 'leak';
  const used = usedShare(node);
  if (used > 0.85) return 'full';
  if (used > 0.7) return 'busy';
  return node.drift ? 'drift' : 'calm';
};

const GROUP_PREFERENCE = ['site', 'zone', 'region', 'group', 'rack'];
const NO_GROUP = 'all nodes';
const LONGEST_NAME = 12;

/** A cell fills from the bottom with open fds: the empty top is the headroom. Places are fixed within a group so that they can be learnt. */
export function HeadroomGrid({ nodes }: { nodes: readonly FleetNode[] }) {
  const keys = useMemo(() => groupKeys(nodes), [nodes]);
  const [chosen, setChosen] = useUrlState('group');
  const key = chosen !== null && keys.includes(chosen) ? chosen : (keys[0] ?? null);
  const groups = useMemo(() => grouped(nodes, key), [nodes, key]);
  const [frame, width] = useWidth();
  const longest = Math.max(3, ...groups.map(([name]) => Math.min(name.length, LONGEST_NAME)));
  const labelWidth = longest * 7 + 46;
  const gap = nodes.length > 400 ? 1 : nodes.length > 48 ? 2 : 4;
  const largest = nodes.length > 48 ? 26 : 40;
  // 1,000 nodes: 8 px cells; a handful: not larger than a thumb
  const perRow = nodes.length > 48 ? 24 : 8;
  const side = Math.max(8, Math.min(largest, Math.floor((width - labelWidth + gap) / perRow) - gap));
  const cellHeight = side + (side > 30 ? 10 : 3);
  const columns = Math.max(1, Math.floor((width - labelWidth + gap) / (side + gap)));
  let y = 0;
  const placed = groups.map(([name, members]) => {
    const top = y;
    y += Math.ceil(members.length / columns) * (cellHeight + gap) + 6;
    return { name, members, top };
  });
  const height = Math.max(1, y - 6);
  return (
    <Card
      flush
      title="Headroom"
      meta="one cell a node"
      end={
        keys.length > 1 ? (
          <label className="group-by">
            Group by
            <select className="bare" value={key ?? ''} onChange={(event) => setChosen(event.target.value)}>
              {keys.map((option) => (
                <option key={option} value={option}>
                  {option}
                </option>
              ))}
            </select>
            <ChevronDown className="i xs" aria-hidden="true" />
          </label>
        ) : null
      }
    >
      <div className="heat">
        <div className="chart" ref={frame}>
          {width > 0 ? (
            <svg height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary(nodes)}>
              {placed.map(({ name, members, top }) => (
                <g key={name}>
                  <text className="b" x={0} y={top + 12}>
                    {name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name}
                  </text>
                  <text className="end" x={labelWidth - 12} y={top + 12}>
                    {members.length}
                  </text>
                  {members.map((node, index) => (
                    <NodeCell
                      key={node.id}
                      id={node.id}
                      title={cellTitle(node)}
                      kind={kindOf(node)}
                      x={labelWidth + (index % columns) * (side + gap)}
                      y={top + Math.floor(index / columns) * (cellHeight + gap)}
                      side={side}
                      height={cellHeight}
                      used={Math.round(usedShare(node) * 100) / 100}
                    />
                  ))}
                </g>
              ))}
            </svg>
          ) : null}
        </div>
      </div>
      <div className="legend heat-legend">
        {LEGEND.map(([kind, label, used]) => (
          <span key={kind}>
            <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
              <Cell kind={kind} side={12} height={12} used={used} />
            </svg>
            {label}
          </span>
        ))}
      </div>
    </Card>
  );
}

const NodeCell = memo(function NodeCell({
  id,
  title,
  x,
  y,
  ...cell
}: {
  id: string;
  title: string;
  kind: CellKind;
  x: number;
  y: number;
  side: number;
  height: number;
  used: number;
}) {
  const router = useRouter();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer; the table below has the links
    <g className="cell" transform={`translate(${x} ${y})`} onClick={() => router.push(`/nodes/${encodeURIComponent(id)}`)}>
      <title>{title}</title>
      <Cell {...cell} />
    </g>
  );
});

function Cell({ kind, side, height, used }: { kind: CellKind; side: number; height: number; used: number }) {
  const fill = Math.max(2, used * height);
  if (kind === 'down' || kind === 'blind') {
    const color = kind === 'down' ? 'var(--danger-line)' : 'var(--unknown-line)';
    return (
      <>
        <rect
          x={0.6}
          y={0.6}
          width={side - 1.2}
          height={height - 1.2}
          rx={2}
          fill="var(--sunken)"
          stroke={color}
          strokeDasharray={kind === 'blind' ? '2.4 1.6' : undefined}
        />
        {kind === 'down' ? (
          <path
            d={`m${side * 0.3} ${height / 2 - side * 0.2} ${side * 0.4} ${side * 0.4}m0-${side * 0.4}L${side * 0.3} ${height / 2 + side * 0.2}`}
            stroke={color}
            strokeWidth={1.4}
            strokeLinecap="round"
          />
        ) : used > 0 ? (
          <rect x={2.4} y={height - fill - 1} width={side - 4.8} height={Math.max(0, fill - 1.4)} rx={1} fill={color} />
        ) : null}
      </>
    );
  }
  if (kind === 'leak')
    return (
      <>
        <rect
          x={0.8}
          y={0.8}
          width={side - 1.6}
          height={height - 1.6}
          rx={2}
          fill="color-mix(in srgb, var(--fd-unexplained) 20%, var(--surface))"
          stroke="var(--fd-unexplained)"
          strokeWidth={1.6}
        />
        <path d={`M1 ${height - fill}h${side - 2}v${fill - 1}h-${side - 2}Z`} fill="var(--fd-unexplained)" />
        <path
          d={`M${side / 2} ${height * 0.26} ${side * 0.8} ${height * 0.62}H${side * 0.2}Z`}
          fill="var(--surface)"
          stroke="var(--fd-unexplained)"
          strokeWidth={1.1}
          strokeLinejoin="round"
        />
      </>
    );
  const color = kind === 'full' ? 'var(--danger-line)' : kind === 'busy' ? 'var(--warn-line)' : 'var(--fd-explained)';
  return (
    <>
      <rect width={side} height={height} rx={2} fill={`color-mix(in srgb, ${color} 24%, var(--surface))`} />
      <path d={`M0 ${height - fill}h${side}v${fill - 2}a2 2 0 0 1-2 2h-${side - 4}a2 2 0 0 1-2-2Z`} fill={color} />
      {kind === 'drift' ? (
        <path d={`M${side} -1v${side * 0.6}L${side * 0.4} -1Z`} fill="var(--warn-line)" stroke="var(--surface)" strokeWidth={1} />
      ) : null}
    </>
  );
}

const cellTitle = (node: FleetNode): string =>
  node.openFds !== null && node.fdLimit !== null
    ? `${node.name}: ${formatCount(node.openFds)} of ${formatCount(node.fdLimit)} fds, headroom ${formatCount(node.fdLimit - node.openFds)}`
    : `${node.name}: ${node.stateReason ?? node.state}`;

function summary(nodes: readonly FleetNode[]): string {
  const counts = LEGEND.map(([kind, label]) => [nodes.filter((node) => kindOf(node) === kind).length, label] as const).filter(
    ([count]) => count > 0,
  );
  return `Headroom of ${nodes.length} nodes: ${counts.map(([count, label]) => `${count} ${label}`).join(', ')}. The table below has the figures.`;
}

/** Label keys that divide the fleet: more than one value, fewer values than nodes. */
function groupKeys(nodes: readonly FleetNode[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const node of nodes)
    for (const [key, value] of Object.entries(node.labels)) {
      const known = values.get(key) ?? new Set();
      values.set(key, known.add(value));
    }
  const rank = (key: string) => (GROUP_PREFERENCE.indexOf(key) + GROUP_PREFERENCE.length) % GROUP_PREFERENCE.length;
  return [...values]
    .filter(([, known]) => known.size <= Math.max(12, nodes.length / 8))
    .map(([key]) => key)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function grouped(nodes: readonly FleetNode[], key: string | null): [string, FleetNode[]][] {
  const groups = new Map<string, FleetNode[]>();
  for (const node of [...nodes].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))) {
    const name = key === null ? NO_GROUP : (node.labels[key] ?? 'none');
    groups.set(name, [...(groups.get(name) ?? []), node]);
  }
  return [...groups];
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!frame.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return [frame, width];
}
