'use client';
import { useConfigsBySha } from '#client/compare.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { Card } from '#components/ui/card.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { poolWord } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatSigned, plural } from '#shared/units/count.ts';
import { experimentSentence, groupByPool, POOL_KEYS, type PoolGroup, type PoolKey, readPool, type Spread, UNKNOWN } from './pool-groups.ts';

/** Values that are named in the header's cell before they are only counted. */
const MOST_NAMES = 4;

/** Pool settings against slopes: the experiment that a mixed fleet makes by itself. */
export function CompareMatrix({ nodes, onSelect }: { nodes: readonly FleetNode[]; onSelect: (names: string[]) => void }) {
  const [key, setKey] = useUrlChoice<PoolKey>('key', POOL_KEYS, 'enabled');
  const configs = useConfigsBySha(nodes);
  const settingOf = (node: FleetNode): string => {
    const text = node.configSha256 === null ? undefined : configs.texts.get(node.configSha256);
    if (text !== undefined) return readPool(text)[key] ?? 'not in the file';
    const word = poolWord(node);
    return key === 'enabled' && word !== 'unknown' ? String(word === 'on') : UNKNOWN;
  };
  const groups = groupByPool(nodes, settingOf);
  const most = Math.max(1, ...groups.map(({ per1000 }) => per1000?.high ?? 0));
  const lowest = Math.min(0, ...groups.map(({ per1000 }) => per1000?.low ?? 0));
  return (
    <Card
      flush
      title="Natural experiment"
      meta={`pool settings against slopes, ${plural(nodes.length, 'node')}, this process life`}
      footer={
        <span>
          Middle slopes of each node: the lowest, the median, the highest.{' '}
          {configs.left > 0 ? `${plural(configs.left, 'more config')} not read: narrow the selector. ` : ''}
          Nodes were not put into these groups by lot, so whatever else they share may be the cause.
        </span>
      }
    >
      <div className="chart-bar">
        <Segmented label="Setting" options={POOL_KEYS.map((value) => ({ value, label: value }))} value={key} onChange={setKey} />
      </div>
      <p className="px-4 pb-3 t1" role="status">
        {configs.pending && key !== 'enabled' ? 'Reading the files…' : experimentSentence(key, groups)}
      </p>
      <TableFrame label={`Nodes by connection_pool.${key}`}>
        <thead>
          <tr>
            <th scope="col" className="mono">
              {key}
            </th>
            <th scope="col">Nodes</th>
            <th scope="col">Leaking</th>
            <th scope="col" className="num">
              fds/min
            </th>
            <th scope="col" className="num">
              Per 1,000 conn
            </th>
            <th scope="col" className="p2">
              <span className="vh">Per 1,000 connections, drawn</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow key={group.value} group={group} most={most} lowest={lowest} onSelect={onSelect} />
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}

function GroupRow({
  group,
  most,
  lowest,
  onSelect,
}: {
  group: PoolGroup;
  most: number;
  lowest: number;
  onSelect: (names: string[]) => void;
}) {
  const names = group.nodes.map(({ name }) => name);
  return (
    <tr>
      <td className="mono t1">{group.value}</td>
      <td>
        <button
          type="button"
          className="lnk"
          title={`Compare ${names.length === 1 ? 'it' : 'these'} alone`}
          onClick={() => onSelect(names.slice(0, 60))}
        >
          {names.length > MOST_NAMES ? plural(names.length, 'node') : names.join(', ')}
        </button>
      </td>
      <td>
        <span className="row">
          <Mark kind={group.leaking > 0 ? 'warn' : group.cannotTell === names.length ? 'unknown' : 'ok'} />
          {group.leaking} of {names.length}
          {group.cannotTell > 0 ? <span className="t3 sm">{group.cannotTell} can’t tell yet</span> : null}
        </span>
      </td>
      <SpreadCell spread={group.perMinute} />
      <SpreadCell spread={group.per1000} />
      <td className="p2">{group.per1000 ? <SpreadBar spread={group.per1000} most={most} lowest={lowest} /> : null}</td>
    </tr>
  );
}

function SpreadCell({ spread }: { spread: Spread | null }) {
  return (
    <td className="num">
      {spread === null ? (
        <span className="t3">no slope</span>
      ) : (
        <>
          <b className="t1">{formatSigned(spread.mid)}</b>
          <span className="t3 sm">
            {' '}
            {formatSigned(spread.low)} to {formatSigned(spread.high)}
          </span>
        </>
      )}
    </td>
  );
}

const WIDTH = 180;

function SpreadBar({ spread: { low, mid, high }, most, lowest }: { spread: Spread; most: number; lowest: number }) {
  const x = (value: number) => 5 + ((value - lowest) / (most - lowest)) * (WIDTH - 10);
  return (
    <svg width={WIDTH} height="18" viewBox={`0 0 ${WIDTH} 18`} aria-hidden="true">
      <path d={`M${x(0)} 1v16`} stroke="var(--line-control)" />
      <path d={`M${x(low)} 9H${x(high)}`} stroke="var(--series-1)" strokeWidth="3" strokeLinecap="round" />
      <circle cx={x(mid)} cy="9" r="4.5" fill="var(--series-1)" stroke="var(--surface)" strokeWidth="1.5" />
    </svg>
  );
}
