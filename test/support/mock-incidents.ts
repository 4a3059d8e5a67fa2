import type { Incident, IncidentList, Signal, TimelineEntry } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

const MINUTE = 60_000;

/** A leak on two nodes, a run that did not fix it, and what was kept. */
export function mockIncident(nodes: readonly FleetNode[], now: number): Incident {
  const at = (minutes: number) => new Date(now - minutes * MINUTE).toISOString();
  const own = nodes.filter((node) => node.leak.verdict === 'leaking').slice(0, 4);
  const names = own.map(({ name }) => name);
  const [first] = own;
  const whole = (value: number | undefined) => formatCount(Math.round(value ?? 0));
  const { low, mid, high } = first?.leak.perMinute ?? { low: 58, mid: 62, high: 66 };
  const per1000 = first?.leak.per1000Connections?.mid ?? 412;
  const rate = `${whole(mid)} fds/min (${whole(low)} to ${whole(high)})`;
  const leaks = `leaks ${rate}, ${whole(per1000)} per 1,000 connections`;
  const compared = `${whole(per1000)} fds per 1,000 connections before, ${whole(per1000 * 0.99)} after`;
  const signal = (node: FleetNode, rule: Signal['rule'], since: number, until: number | null, summary: string): Signal => ({
    ...{
      id: `s-${rule}-${node.id}-${since}`,
      rule,
      nodeId: node.id,
      nodeName: node.name,
      since: at(since),
      until: until === null ? null : at(until),
    },
    ...{
      severity: rule === 'leaking' ? 'warning' : 'critical',
      summary,
      value: 62,
      threshold: 0,
      ended: until === null ? null : 'cleared',
      incidentId: 'i-1',
    },
    evidence: { at: at(since), facts: [{ label: 'Open fds', value: '3,120 of 8,192' }], raw: null },
  });
  const entry = (
    minutes: number,
    kind: TimelineEntry['kind'],
    tone: TimelineEntry['tone'],
    text: string,
    more: Partial<TimelineEntry> = {},
  ): TimelineEntry => ({
    ...{
      id: `e-${minutes}-${kind}`,
      at: at(minutes),
      kind,
      tone,
      text,
      nodeId: null,
      nodeName: null,
      by: null,
      runId: null,
      captureId: null,
    },
    ...more,
  });
  const on = { nodeId: first?.id ?? 'n', nodeName: first?.name ?? 'edge-01' };
  return {
    ...{
      id: 'i-1',
      number: 12,
      title: `${names.length} nodes leak file descriptors`,
      cause: 'fd-leak',
      status: 'acknowledged',
      severity: 'critical',
    },
    ...{
      owner: 'sre-oncall',
      declaredBy: 'rule leaking',
      openedAt: at(58),
      closedAt: null,
      closed: null,
      reopened: 0,
      mergedInto: null,
      updatedAt: at(1),
    },
    acknowledged: { by: 'sre-oncall', at: at(51) },
    nodes: own.map((node, i) => ({ nodeId: node.id, name: node.name, addedAt: at(58 - 9 * i) })),
    signals: own.flatMap((node, i) => [
      signal(node, 'leaking', 58 - 9 * i, i === 0 ? 30 : null, leaks),
      signal(node, 'time-to-emfile', 52 - 9 * i, null, 'reaches its limit in 78 min (71 min to 84 min)'),
      ...(i === 0 ? [signal(node, 'leaking', 18, null, leaks)] : []),
    ]),
    timeline: [
      entry(58, 'signal', 'warn', leaks, { ...on, by: 'rule leaking' }),
      entry(57.9, 'status', 'neutral', 'Incident opened', { by: 'rule leaking' }),
      entry(52, 'signal', 'danger', 'reaches its limit in 78 min (71 min to 84 min)', { ...on, by: 'rule time-to-emfile' }),
      entry(51.5, 'capture', 'ok', 'Evidence kept: 6 of 6 parts of a process with 3,420 fds', {
        ...on,
        by: 'rule time-to-emfile',
        captureId: 'c-1',
      }),
      entry(51, 'status', 'neutral', 'Acknowledged', { by: 'sre-oncall' }),
      entry(33, 'run', 'neutral', 'R-1A88X fd-leak began', { ...on, by: 'sre-oncall', runId: 'r_0000000001a88x' }),
      entry(30, 'restart', 'neutral', 'Restarted by R-1A88X: 4,380 fds before, 66 after', { ...on, runId: 'r_0000000001a88x' }),
      entry(24, 'note', 'neutral', 'The upstream of ws.example.com never sends a FIN.\n`ss -tnp state close-wait | wc -l` says 3,102.', {
        by: 'sre-lead',
      }),
      entry(21, 'run', 'danger', `R-1A88X: not fixed. ${compared}`, {
        ...on,
        runId: 'r_0000000001a88x',
      }),
    ],
    suggestions: [
      {
        ...{
          runbook: 'buy-time',
          title: `Buy time on ${names.length} nodes`,
          selector: `name=${names.join(',')}`,
          params: { limit: 65_536, keep: true },
        },
        why: `${names[0]} has ${formatDuration(first?.timeToEmfileSeconds?.mid ?? 2280)} left. Raise the limit of the running process: no restart, nothing cut. It fixes nothing.`,
        href: `/runbooks/buy-time?selector=name%3D${names.join('%2C')}&params.limit=65536`,
      },
      {
        ...{
          runbook: 'capture-evidence',
          title: 'Keep evidence',
          selector: `name=${names.join(',')}`,
          params: {},
          href: '/runbooks/capture-evidence',
        },
        why: 'A restart frees every leaked fd, and the proof of what leaked with it.',
      },
      {
        ...{
          runbook: 'fd-leak',
          title: 'Restart and verify',
          selector: `name=${names[1] ?? names[0]}`,
          params: { watchSeconds: 60 },
          href: '/runbooks/fd-leak',
        },
        why: 'The documented workflow: pool off, restart, then judge by the slope whether the leak is gone.',
      },
    ],
    closing: {
      ready: false,
      criteria: [
        {
          key: 'quiet',
          label: 'No rule fires for 10 min',
          done: 0,
          total: names.length,
          detail: `${names[0]}: still fires, and ${names.length - 1} more`,
        },
        {
          key: 'judged',
          label: 'Not leaking, judged on the process that runs now, or fixed by a run',
          done: 0,
          total: names.length,
          detail: `${names[0]}: leaks, and ${names.length - 1} more`,
        },
        { key: 'load', label: '200 connections or more since its start', done: names.length, total: names.length, detail: null },
      ],
    },
    bought: [
      {
        ...{
          id: 'b-1',
          nodeId: own[1]?.id ?? 'n',
          nodeName: names[1] ?? 'edge-02',
          runId: 'r_0000000001buy1',
          at: at(40),
          limitBefore: 8192,
          limitAfter: 65_536,
        },
        ...{ perMinute: 62, minutesBought: 925, expiresAt: new Date(now + 700 * MINUTE).toISOString(), endedAt: null },
      },
    ],
    captures: [
      {
        ...{
          id: 'c-1',
          incidentId: 'i-1',
          at: at(51.5),
          by: 'rule time-to-emfile',
          processStart: at(200),
          openFds: 3420,
          bytes: 214_000,
          sha256: 'a3'.repeat(32),
        },
        ...{ nodeId: on.nodeId, nodeName: on.nodeName, parts: [] },
      },
    ],
    known: [
      {
        tone: 'danger',
        text: `${names[0]}: leaking ${whole(mid)} fds/min. What grew in 30 min: 93 % clients in CLOSE_WAIT.`,
        href: `/nodes/${on.nodeId}`,
        link: 'Fds of the node',
      },
      {
        tone: 'danger',
        text: `${names[0]}, pool off and restarted: it is not fixed: ${compared}.`,
        href: '/runs/r_0000000001a88x',
        link: 'R-1A88X',
      },
      {
        tone: 'unknown',
        text: 'Of the nodes that are judged, 3 of 50 with the pool on leak, and 1 of 1 with it off.',
        href: '/compare',
        link: `Compare ${nodes.length} nodes`,
      },
    ],
  };
}

export function mockIncidents(nodes: readonly FleetNode[], now: number, status: string | null): IncidentList {
  const { signals, timeline: _t, suggestions: _s, closing: _c, bought: _b, captures: _k, known: _w, ...head } = mockIncident(nodes, now);
  const open = { ...head, firing: [...new Set(signals.filter((s) => s.until === null).map((s) => s.rule))], signalCount: signals.length };
  const at = (hours: number) => new Date(now - hours * 60 * MINUTE).toISOString();
  const old = (
    number: number,
    title: string,
    cause: typeof open.cause,
    severity: typeof open.severity,
    hours: number,
    closed: { by: string; reason: string },
  ) => ({
    ...{
      ...open,
      id: `i-${number}`,
      number,
      title,
      cause,
      severity,
      status: 'resolved' as const,
      openedAt: at(hours),
      closedAt: at(hours - 1),
      closed,
    },
    ...{ firing: [], owner: number % 2 ? 'sre-lead' : null, signalCount: 2, nodes: open.nodes.slice(0, 1) },
  });
  const incidents = [
    open,
    old(11, 'config.yaml of core-02 is not what was agreed', 'config-drift', 'info', 20, {
      by: 'evidence',
      reason: 'nothing fires any more on core-02',
    }),
    old(9, '3 nodes cannot be read', 'unreachable', 'critical', 44, { by: 'evidence', reason: 'nothing fires any more on its 3 nodes' }),
    old(8, 'edge-04 leaks file descriptors', 'fd-leak', 'warning', 70, {
      by: 'evidence',
      reason: 'R-9KD2M proved the fix on 1 of 1 nodes',
    }),
  ];
  const asked = incidents.filter((i) => status === null || status === 'all' || (status === 'resolved') === (i.status === 'resolved'));
  return { incidents: nodes.length === 0 ? [] : asked, open: nodes.length === 0 ? 0 : 1, cut: false };
}

export const mockOffers = (nodes: readonly FleetNode[], limit: number) => ({
  limit,
  offers: nodes
    .filter((node) => node.leak.verdict === 'leaking')
    .slice(0, 4)
    .map((node, i) => ({
      ...{
        nodeId: node.id,
        nodeName: node.name,
        limitNow: node.fdLimit,
        hardLimit: node.fdLimit,
        openFds: node.openFds,
        perMinute: 62,
        endNow: node.timeToEmfileSeconds,
      },
      ...(i === 2
        ? {
            limitThen: null,
            endThen: null,
            minutesBought: null,
            nothing:
              'Nothing to buy: 65,536 is its hard limit too, and this account may not raise that. A prepared node can; without it only a restart with a higher LimitNOFILE helps.',
          }
        : {
            limitThen: limit,
            endThen: { low: 36_000, mid: 39_000, high: 44_000 },
            minutesBought: (limit - (node.fdLimit ?? 0)) / 62,
            nothing: null,
          }),
    })),
});
