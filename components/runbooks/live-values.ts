import { selectorSubject } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import type { StepKind } from '#shared/runbooks.ts';
import { matchesSelector, parseSelector } from '#shared/selector.ts';
import { formatCount, formatFigure, formatSigned, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

/** The nodes that a selector means now; none when it is empty or cannot be read. */
export function meant(nodes: readonly FleetNode[], text: string): FleetNode[] {
  const parsed = parseSelector(text);
  if (text.trim() === '' || !parsed.ok) return [];
  return nodes.filter((node) => matchesSelector(parsed.selector, selectorSubject(node)));
}

/** What a step would find now, in a few words; null for steps that have no figure of their own. */
export function liveValue(kind: StepKind, nodes: readonly FleetNode[], nowMs: number): string | null {
  const [one] = nodes;
  if (!one) return null;
  const of = (holds: (node: FleetNode) => boolean) => nodes.filter(holds).length;
  const single = nodes.length === 1;
  const share = (count: number, what: string) => `${count} of ${plural(nodes.length, 'node')} ${what}`;
  switch (kind) {
    case 'preflight': {
      const ready = of(
        ({ state, hostKey, activeRunId }) => (state === 'up' || state === 'scrape-blind') && !hostKey.blocked && activeRunId === null,
      );
      if (!single) return share(ready, 'can be worked on');
      if (one.activeRunId !== null) return 'a run is changing it already';
      return ready === 1
        ? 'reachable, nothing else at work'
        : one.hostKey.blocked
          ? 'blocked: its host key changed'
          : `${one.state}${one.stateReason ? `: ${one.stateReason}` : ''}`;
    }
    case 'edit-config': {
      const on = of(({ pool }) => pool.enabled === true);
      if (!single) return share(on, 'have the pool on');
      return one.pool.enabled === null ? 'not known' : one.pool.enabled ? 'enabled: true' : 'enabled: false';
    }
    case 'service':
    case 'verify-process': {
      const ages = nodes.flatMap(({ processStart }) => (processStart ? [(nowMs - Date.parse(processStart)) / 1000] : []));
      if (ages.length === 0 || nowMs === 0) return 'process start not known';
      return single
        ? `the process is ${formatDuration(ages[0] ?? 0)} old`
        : `processes are ${formatDuration(Math.min(...ages))} to ${formatDuration(Math.max(...ages))} old`;
    }
    case 'verify-fds': {
      const counts = nodes.flatMap(({ openFds }) => (openFds === null ? [] : [openFds]));
      if (counts.length === 0) return 'no data';
      if (!single) return `${formatCount(Math.min(...counts))} to ${formatCount(Math.max(...counts))} open fds`;
      return `${formatCount(counts[0] ?? 0)} open fds${one.fdLimit === null ? '' : ` of ${formatCount(one.fdLimit)}`}`;
    }
    case 'baseline':
    case 'watch': {
      if (!single)
        return share(
          of(({ leak }) => leak.verdict === 'leaking'),
          'leak',
        );
      if (one.leak.perMinute === null) return one.leak.missing ? `can’t tell yet: needs ${one.leak.missing}` : 'can’t tell yet';
      const per1000 = one.leak.per1000Connections ? `, ${formatFigure(one.leak.per1000Connections.mid)} per 1,000 connections` : '';
      return `${formatSigned(one.leak.perMinute.mid)} fds/min${per1000}`;
    }
    case 'verify-metrics': {
      const idle = nodes.reduce((sum, { pool }) => sum + (pool.idle ?? 0), 0);
      const active = nodes.reduce((sum, { pool }) => sum + (pool.active ?? 0), 0);
      return nodes.every(({ pool }) => pool.idle === null)
        ? 'no pool gauges'
        : `pool idle ${formatCount(idle)}, active ${formatCount(active)}`;
    }
    default:
      return null;
  }
}
