'use client';
import { ChevronDown } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useUrlState } from '#client/url-state.ts';
import { Card } from '#components/ui/card.tsx';
import { isSeen, usedShare } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { nameOrder } from './name-order.ts';

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
  const cells = placed.flatMap(({ members, top }) =>
    members.map((node, index) => ({
      node,
      kind: kindOf(node),
      x: labelWidth + (index % columns) * (side + gap),
      y: top + Math.floor(index / columns) * (cellHeight + gap),
      used: usedShare(node),
    })),
  );
  const router = useRouter();
  const at = (event: React.MouseEvent<SVGSVGElement>): FleetNode | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return cells.find((cell) => x >= cell.x && x < cell.x + side && y >= cell.y && y < cell.y + cellHeight)?.node;
  };
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
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for the pointer; the table below has the links */}
          <svg
            height={height}
            viewBox={`0 0 ${width} ${height}`}
            role="img"
            aria-label={summary(nodes)}
            onPointerMove={(event) => {
              const node = at(event);
              event.currentTarget.style.cursor = node ? 'pointer' : '';
              if (frame.current) frame.current.title = node ? cellTitle(node) : '';
            }}
            onClick={(event) => {
              const node = at(event);
              if (node) router.push(`/nodes/${encodeURIComponent(node.id)}`);
            }}
          >
            {placed.map(({ name, members, top }) => (
              <g key={name}>
                <text className="b" x={0} y={top + 12}>
                  {name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name}
                </text>
                <text className="end" x={labelWidth - 12} y={top + 12}>
                  {members.length}
                </text>
              </g>
            ))}
            <Cells cells={cells} side={side} height={cellHeight} />
          </svg>
        </div>
      </div>
      <div className="legend heat-legend">
        {LEGEND.map(([kind, label, used]) => (
          <span key={kind}>
            <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
              <Cells cells={[{ kind, x: 0, y: 0, used }]} side={12} height={12} />
            </svg>
            {label}
          </span>
        ))}
      </div>
    </Card>
  );
}

type Placed = { kind: CellKind; x: number; y: number; used: number };

const SOLID = {
  calm: 'var(--fd-explained)',
  drift: 'var(--fd-explained)',
  busy: 'var(--warn-line)',
  full: 'var(--danger-line)',
} as const;
const SOLID_KINDS = ['calm', 'drift', 'busy', 'full'] as const;
const box = (x: number, y: number, width: number, height: number): string => `M${x} ${y}h${width}v${height}h${-width}Z`;

/** One path a layer for all cells that look alike: a thousand nodes are some fifteen elements, not five thousand. */
function Cells({ cells, side, height }: { cells: readonly Placed[]; side: number; height: number }) {
  const draw = (kind: CellKind, path: (cell: Placed, fill: number) => string) =>
    cells
      .filter((cell) => cell.kind === kind)
      .map((cell) => path(cell, Math.max(2, Math.round(cell.used * height * 10) / 10)))
      .join('');
  const frames = (kind: CellKind, inset: number) =>
    draw(kind, ({ x, y }) => box(x + inset, y + inset, side - 2 * inset, height - 2 * inset));
  return (
    <>
      {SOLID_KINDS.map((kind) => (
        <g key={kind}>
          <path d={frames(kind, 0)} fill={`color-mix(in srgb, ${SOLID[kind]} 24%, var(--surface))`} />
          <path d={draw(kind, ({ x, y }, fill) => box(x, y + height - fill, side, fill))} fill={SOLID[kind]} />
        </g>
      ))}
      <path
        d={draw('drift', ({ x, y }) => `M${x + side} ${y - 1}v${side * 0.6}L${x + side * 0.4} ${y - 1}Z`)}
        fill="var(--warn-line)"
        stroke="var(--surface)"
        strokeWidth={1}
      />
      <path d={frames('blind', 0.6)} fill="var(--sunken)" stroke="var(--unknown-line)" strokeDasharray="2.4 1.6" />
      <path
        d={draw('blind', ({ x, y, used }, fill) =>
          used > 0 ? box(x + 2.4, y + height - fill - 1, side - 4.8, Math.max(0, fill - 1.4)) : '',
        )}
        fill="var(--unknown-line)"
      />
      <path d={frames('down', 0.6)} fill="var(--sunken)" stroke="var(--danger-line)" />
      <path
        d={draw('down', ({ x, y }) => {
          const arm = side * 0.4;
          return `M${x + side * 0.3} ${y + height / 2 - arm / 2}l${arm} ${arm}m0 ${-arm}l${-arm} ${arm}`;
        })}
        fill="none"
        stroke="var(--danger-line)"
        strokeWidth={1.4}
        strokeLinecap="round"
      />
      <g stroke="var(--fd-unexplained)" strokeLinejoin="round">
        <path d={frames('leak', 0.8)} fill="color-mix(in srgb, var(--fd-unexplained) 20%, var(--surface))" strokeWidth={1.6} />
        <path
          d={draw('leak', ({ x, y }, fill) => box(x + 1, y + height - fill, side - 2, fill - 1))}
          fill="var(--fd-unexplained)"
          stroke="none"
        />
        <path
          d={draw('leak', ({ x, y }) => `M${x + side / 2} ${y + height * 0.26}L${x + side * 0.8} ${y + height * 0.62}H${x + side * 0.2}Z`)}
          fill="var(--surface)"
          strokeWidth={1.1}
        />
      </g>
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
  for (const node of [...nodes].sort(nameOrder(nodes))) {
    const name = key === null ? NO_GROUP : (node.labels[key] ?? 'none');
    const members = groups.get(name);
    if (members) members.push(node);
    else groups.set(name, [node]);
  }
  return [...groups];
}

/** Of the frame on a screen of 1440 px: what the server draws for. */
const USUAL_WIDTH = 519;

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(USUAL_WIDTH);
  useLayoutEffect(() => {
    if (!frame.current) return;
    const measure = (px: number) => setWidth(Math.floor(px) || USUAL_WIDTH);
    measure(frame.current.clientWidth);
    const observer = new ResizeObserver(([entry]) => measure(entry?.contentRect.width ?? 0));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return [frame, width];
}
