import type { Signal } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { formatBand } from '#shared/units/band.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import { FRESH_MS, type NodeView } from './rules/view.ts';

type More = Pick<NodeView, 'now' | 'sample' | 'sockets' | 'journal' | 'stuckRun' | 'boughtMinutesLeft'>;

/** A node of the fleet's view as the rules look at it. */
export function nodeView(node: FleetNode, more: More): NodeView {
  const { sample, now } = more;
  return {
    ...more,
    sample: sample !== null && now - sample.at <= FRESH_MS ? sample : null,
    ...{ state: node.state, stateReason: node.stateReason, leak: node.leak, timeToEmfileSeconds: node.timeToEmfileSeconds },
    ...{ drift: node.drift, hostKeyBlocked: node.hostKey.blocked, changing: node.activeRunId !== null },
  };
}

/** What is kept with a signal: the figures of the moment in which it fired. */
export function whatWasSeen(node: FleetNode, { now, sockets, journal }: Pick<NodeView, 'now' | 'sockets' | 'journal'>): Signal['evidence'] {
  const facts: [string, string | null][] = [
    ['State', node.stateReason === null ? node.state : `${node.state}: ${node.stateReason}`],
    [
      'Open fds',
      node.openFds === null ? null : `${formatCount(node.openFds)} of ${node.fdLimit === null ? '?' : formatCount(node.fdLimit)}`,
    ],
    ['Unexplained fds', node.unexplainedFds === null ? null : formatCount(node.unexplainedFds)],
    ['Leak verdict', node.leak.verdict],
    ['Per minute', figures(node.leak.perMinute)],
    ['Per 1,000 connections', figures(node.leak.per1000Connections)],
    ['Time to EMFILE', node.timeToEmfileSeconds === null ? null : formatBand(node.timeToEmfileSeconds)],
    ['Connections', node.connectionsActive === null ? null : formatCount(node.connectionsActive)],
    ['Accepted per second', node.acceptedPerSecond === null ? null : formatFigure(node.acceptedPerSecond)],
    ['Process age', node.processStart === null ? null : formatDuration((now - Date.parse(node.processStart)) / 1000)],
    ['Pool', node.pool.enabled === null ? null : node.pool.enabled ? 'on' : 'off'],
    ['CLOSE_WAIT', sockets === null ? null : formatCount(sockets.closeWait)],
  ];
  return {
    at: toInstant(now),
    facts: facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }])),
    raw: journal?.last ?? null,
  };
}

const figures = (interval: { low: number; mid: number; high: number } | null): string | null =>
  interval === null ? null : `${formatFigure(interval.mid)} (${formatFigure(interval.low)} to ${formatFigure(interval.high)})`;
