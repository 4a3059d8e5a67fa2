import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import { DANGER_SECONDS, forecastOf, isOut, usedShare } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { formatBand } from '#shared/units/band.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatPerSecond } from '#shared/units/rate.ts';
import { HORIZON_SECONDS, splitDuration } from '#shared/units/time.ts';

export function FleetKpis({ nodes, byUrgency }: { nodes: readonly FleetNode[]; byUrgency: readonly FleetNode[] }) {
  const count = (holds: (node: FleetNode) => boolean) => nodes.filter(holds).length;
  const seen = nodes.filter((node) => node.openFds !== null && node.fdLimit !== null);
  const shares = seen.map(usedShare).sort((a, b) => a - b);
  const headroomAt = (index: number) => Math.round(100 - (shares[index] ?? 0) * 100);
  const leaking = count((node) => node.leak.verdict === 'leaking');
  const cannotTell = count((node) => node.leak.verdict === 'cannot-tell');
  const down = count((node) => node.state === 'down');
  const blind = count((node) => node.state === 'scrape-blind');
  const blocked = count((node) => node.hostKey.blocked);
  const unseen = count((node) => node.state === 'unknown');
  const drift = count((node) => node.drift);
  const runs = new Set(nodes.map((node) => node.activeRunId).filter((id) => id !== null));
  const runId = [...runs][0];
  return (
    <KpiStrip label="Fleet summary">
      <DiesFirstKpi first={byUrgency.find((node) => !isOut(node))} cannotTell={cannotTell} />
      <Kpi
        label="Leaking"
        mark={leaking > 0 ? 'warn' : cannotTell > 0 ? 'unknown' : 'ok'}
        value={formatCount(leaking)}
        unit={leaking === 1 ? 'node' : 'nodes'}
        detail={cannotTell > 0 ? `${formatCount(cannotTell)} can’t tell yet` : `of ${formatCount(nodes.length)}`}
        href="/?view=leaking"
      />
      {shares.length > 0 ? (
        <Kpi
          label="Headroom, median"
          value={headroomAt(shares.length >> 1)}
          unit="%"
          detail={`lowest ${headroomAt(shares.length - 1)} %`}
        />
      ) : (
        <Kpi label="Headroom, median" value="–" detail="no data" />
      )}
      <Kpi
        label="Connections"
        value={seen.length > 0 ? formatCount(sum(seen, (node) => node.connectionsActive)) : '–'}
        detail={
          <>
            <b>{formatPerSecond(sum(seen, (node) => node.acceptedPerSecond))}</b> conn/s
          </>
        }
      />
      <Kpi
        label="Unexplained"
        className="kx"
        value={formatCount(sum(seen, (node) => node.unexplainedFds))}
        unit="fds"
        detail={`of ${formatCount(sum(seen, (node) => node.openFds))} open`}
      />
      <Kpi
        label="Blind or down"
        mark={down > 0 ? 'down' : 'blind'}
        tone={down > 0 ? 'danger' : undefined}
        value={formatCount(down + blind + unseen)}
        unit={down + blind + unseen === 1 ? 'node' : 'nodes'}
        detail={
          [down > 0 && `${down} down`, blind > 0 && `${blind} blind`, blocked > 0 && `${blocked} blocked`].filter(Boolean).join(', ') ||
          'all are read'
        }
        href="/?view=unreachable"
      />
      <Kpi
        label="Drift"
        mark="drift"
        value={formatCount(drift)}
        unit={drift === 1 ? 'node' : 'nodes'}
        detail={drift > 0 ? 'not as agreed' : 'all as agreed'}
        href="/?view=drift"
      />
      {runId === undefined ? null : (
        <Kpi
          label={runs.size === 1 ? `Run ${runName(runId)}` : 'Runs'}
          mark="run"
          value={formatCount(runs.size === 1 ? count((node) => node.activeRunId === runId) : runs.size)}
          unit={runs.size === 1 ? 'in work' : 'live'}
          detail="open"
          href={runs.size === 1 ? `/runs/${runId}` : '/runs'}
        />
      )}
    </KpiStrip>
  );
}

/** A forecast only from a leak that is told; silence of the judgement is no all-clear. */
function DiesFirstKpi({ first, cannotTell }: { first: FleetNode | undefined; cannotTell: number }) {
  const band = first ? forecastOf(first) : null;
  if (first?.leak.verdict === 'leaking' && !band)
    return (
      <Kpi
        label="Dies first"
        mark="warn"
        value="–"
        detail={`${first.name} leaks, no forecast yet`}
        href={`/nodes/${encodeURIComponent(first.id)}`}
      />
    );
  if (!first || !band)
    return cannotTell > 0 ? (
      <Kpi
        label="Dies first"
        mark="unknown"
        tone="unknown"
        value="Can’t tell"
        detail={`${formatCount(cannotTell)} can’t tell yet`}
        href="/?view=cannot-tell"
      />
    ) : (
      <Kpi label="Dies first" mark="ok" value="None" detail="no node is leaking" />
    );
  const danger = band.low < DANGER_SECONDS;
  const { figure, unit } = splitDuration(Math.min(band.mid, HORIZON_SECONDS));
  return (
    <Kpi
      label="Dies first"
      mark={danger ? 'danger' : 'warn'}
      tone={danger ? 'danger' : undefined}
      value={figure}
      unit={unit}
      detail={
        <>
          <b>{first.name}</b> <span className="whitespace-nowrap">{formatBand(band)}</span>
        </>
      }
      href={`/nodes/${encodeURIComponent(first.id)}`}
    />
  );
}

const sum = (nodes: readonly FleetNode[], value: (node: FleetNode) => number | null): number =>
  nodes.reduce((total, node) => total + (value(node) ?? 0), 0);
