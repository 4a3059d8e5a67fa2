import clsx from 'clsx';
import Link from 'next/link';
import { Sparkline } from '#components/charts/sparkline.tsx';
import { LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Mark, type MarkKind } from '#components/ui/mark.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { Incident } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatBand } from '#shared/units/band.ts';
import { formatCount, formatPercent, formatSigned } from '#shared/units/count.ts';
import { formatForecast } from '#shared/units/time.ts';

/** Its nodes as they are now, who dies first on top. A click shows one's chart. */
export function AffectedNodes({
  incident,
  nodes,
  shown,
  onShow,
}: {
  incident: Incident;
  nodes: readonly FleetNode[];
  shown: string | null;
  onShow: (id: string) => void;
}) {
  const gone = incident.nodes.filter(({ nodeId }) => !nodes.some(({ id }) => id === nodeId));
  const query = encodeURIComponent(`name=${nodes.map(({ name }) => name).join(',')}`);
  return (
    <Card
      flush
      title="Affected nodes"
      meta={String(incident.nodes.length)}
      end={
        nodes.length > 1 ? (
          <LinkButton small look="ghost" href={`/compare?q=${query}&by=age`}>
            Compare by process age
          </LinkButton>
        ) : undefined
      }
      footer={gone.length > 0 ? <span>No longer registered: {gone.map(({ name }) => name).join(', ')}</span> : undefined}
    >
      <TableFrame label="Affected nodes">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" className="num">
              Time to EMFILE
            </th>
            <th scope="col" className="num p2">
              Per 1,000 conn
            </th>
            <th scope="col" className="num">
              Headroom
            </th>
            <th scope="col" className="p3">
              Open fds, 1 h
            </th>
            <th scope="col" className="p4">
              Fires
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <NodeRow
              key={node.id}
              node={node}
              firing={incident.signals.filter((s) => s.nodeId === node.id && s.until === null).length}
              shown={shown === node.id}
              onShow={onShow}
            />
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}

const markOf = (node: FleetNode, firing: number): MarkKind =>
  node.state === 'down'
    ? 'down'
    : node.state === 'scrape-blind'
      ? 'blind'
      : firing === 0
        ? node.leak.verdict === 'cannot-tell'
          ? 'unknown'
          : 'ok'
        : (node.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) < 7200
          ? 'danger'
          : 'warn';

function NodeRow({ node, firing, shown, onShow }: { node: FleetNode; firing: number; shown: boolean; onShow: (id: string) => void }) {
  const { timeToEmfileSeconds: band, leak, openFds, fdLimit, headroom } = node;
  const leaking = leak.verdict === 'leaking';
  return (
    <tr className={clsx(shown && 'on')} aria-current={shown ? 'true' : undefined}>
      <td className="name">
        <span className="row">
          <Mark kind={markOf(node, firing)} label={firing === 0 ? 'nothing fires' : `${firing} fire`} />
          <Link href={`/nodes/${node.id}`}>{node.name}</Link>
          <button type="button" className="lnk sm" onClick={() => onShow(node.id)} aria-label={`Show the chart of ${node.name}`}>
            chart
          </button>
        </span>
      </td>
      <td className="num">
        {leaking && band ? (
          <>
            <b className={band.low < 7200 ? 'fg-danger' : 't1'}>{formatForecast(band.mid)}</b>
            <span className="inc-band">{formatBand(band)}</span>
          </>
        ) : (
          <span className="t3">{leak.verdict === 'not-leaking' ? 'no leak' : 'can’t tell yet'}</span>
        )}
      </td>
      <td className="num p2">
        {leak.per1000Connections ? formatSigned(leak.per1000Connections.mid) : <span className="t3">unknown</span>}
      </td>
      <td className="num">
        {headroom === null || fdLimit === null || openFds === null ? (
          <span className="t3">unknown</span>
        ) : (
          <>
            {formatCount(headroom)} <span className="t3 sm">{formatPercent(headroom, fdLimit)}</span>
          </>
        )}
      </td>
      <td className="p3">
        <Sparkline
          values={node.sparkline}
          tone={leaking ? 'unexplained' : 'quiet'}
          breakAt={null}
          label={`Open fds of ${node.name}, last hour`}
        />
      </td>
      <td className="p4">{firing === 0 ? <span className="t3">nothing</span> : firing}</td>
    </tr>
  );
}
