import type { AlertRule } from '#shared/alert-rules.ts';
import { INCIDENT_RULES, RULE_KEYS } from '#shared/incident-rules.ts';
import type { Channel, Delivery, HeldAlert } from '#shared/notify.ts';
import type { Silence } from '#shared/silences.ts';

const iso = (ms: number) => new Date(ms).toISOString();

/** The answers about notifications, by the first word of the path; null of any other. `empty`: nothing is there yet. */
export function notifyAnswer(noun: string, nowMs: number, empty: boolean): object | null {
  switch (noun) {
    case 'alerts':
      return { alerts: empty ? [] : alerts(nowMs) };
    case 'silences':
      return { silences: empty ? [] : silences(nowMs) };
    case 'channels':
      return { channels: empty ? [] : channels(nowMs) };
    case 'deliveries':
      return { deliveries: empty ? [] : deliveries(nowMs) };
    case 'alert-rules':
      return { rules: rules(nowMs, empty) };
    default:
      return null;
  }
}

function alerts(now: number): HeldAlert[] {
  const one = (
    i: number,
    rule: string,
    severity: HeldAlert['severity'],
    node: string,
    words: string,
    silencedBy: string[] = [],
  ): HeldAlert => ({
    ...{
      key: `signal:s_${i}`,
      kind: 'signal',
      state: 'firing',
      severity,
      title: `${node} ${words}`,
      text: '',
      link: '/incidents/in_1',
      change: 1,
      silencedBy,
    },
    ...{
      signals: [{ rule, nodeId: `id-${node}`, node, labels: {} }],
      startsAt: iso(now - i * 900_000),
      endsAt: null,
      by: null,
      updatedAt: iso(now - i * 900_000),
    },
  });
  return [
    one(1, 'time-to-emfile', 'critical', 'edge-01', 'reaches its limit in 41 min (36 to 49)'),
    one(2, 'leaking', 'warning', 'edge-01', 'leaks 62 fds/min (58 to 66)'),
    one(3, 'scrape-blind', 'warning', 'edge-03', 'answers by SSH, and its metrics page does not', ['5b0f6a3c-2f1c-4a8a-9d1e-1c1de8f3a7aa']),
  ];
}

function silences(now: number): Silence[] {
  const about = {
    createdAt: iso(now - 1e6),
    updatedAt: iso(now - 1e6),
    endedBy: null,
    runId: null,
    nodeId: null,
    startsAt: iso(now - 1e6),
  };
  return [
    {
      ...{
        ...about,
        id: '5b0f6a3c-2f1c-4a8a-9d1e-1c1de8f3a7aa',
        state: 'active',
        selector: '*',
        runId: 'r_0abc123',
        nodeId: 'id-edge-03',
        holds: 1,
      },
      matchers: [
        { name: 'node', value: 'edge-03', isRegex: false, isEqual: true },
        { name: 'alertname', value: 'node-down|scrape-blind', isRegex: true, isEqual: true },
      ],
      ...{ reason: 'a run restarts it: Rolling restart, started by ana', createdBy: 'Headroom', endsAt: iso(now + 420_000) },
    },
    {
      ...{
        ...about,
        id: 'a',
        state: 'active',
        selector: 'group=core',
        matchers: [],
        reason: 'kernel upgrade, CHG-4411',
        createdBy: 'ana',
        holds: 0,
      },
      endsAt: iso(now + 7_500_000),
    },
    {
      ...about,
      id: 'b',
      state: 'expired',
      selector: 'name=edge-02',
      matchers: [],
      reason: 'disk swap',
      createdBy: 'jo',
      holds: 0,
      endedBy: 'jo',
      endsAt: iso(now - 9e6),
    },
  ];
}

function channels(now: number): Channel[] {
  const about = {
    version: 1,
    hasSecret: true,
    createdBy: 'ana',
    createdAt: iso(now - 9e8),
    enabled: true,
    allowPrivate: false,
    pending: 0,
    dead: 0,
    last: null,
  };
  const all = { severities: ['critical' as const, 'warning' as const, 'info' as const], rules: [], selector: '*' };
  const fine = { state: 'delivered' as const, at: iso(now - 840_000), answer: 'hooks.slack.com answered 200 ok' };
  return [
    {
      ...about,
      id: 'ch_1',
      name: 'am',
      target: { kind: 'alertmanager', url: 'http://alertmanager.internal:9093', caCertificate: '' },
      route: all,
      allowPrivate: true,
    },
    {
      ...about,
      id: 'ch_2',
      name: 'oncall',
      target: { kind: 'pagerduty', url: 'https://events.pagerduty.com/v2/enqueue', caCertificate: '' },
      route: { ...all, severities: ['critical'] },
      last: fine,
    },
    {
      ...about,
      id: 'ch_3',
      name: 'sre-slack',
      target: { kind: 'slack', caCertificate: '' },
      route: { ...all, selector: 'group=edge' },
      last: fine,
    },
    {
      ...{
        ...about,
        id: 'ch_4',
        name: 'ticket-hook',
        target: { kind: 'webhook', url: 'https://tickets.example.com/', caCertificate: '' },
        route: all,
        pending: 1,
        dead: 2,
      },
      last: { state: 'dead', at: iso(now - 3.6e6), answer: 'tickets.example.com answered 410: no such hook' },
    },
  ];
}

function deliveries(now: number): Delivery[] {
  const one = (
    i: number,
    channel: string,
    event: Delivery['event'],
    state: Delivery['state'],
    answer: string | null,
    attempts = 1,
  ): Delivery => ({
    ...{
      id: `dl_${i}`,
      channelId: `ch_${i}`,
      channel,
      event,
      alertKey: 'incident:in_1',
      title: 'INC-12 edge-01 leaks file descriptors',
      link: '/incidents/in_1',
    },
    ...{ state, attempts, answer, createdAt: iso(now - i * 840_000), nextAt: state === 'pending' ? iso(now + 190_000) : null },
    finishedAt: state === 'pending' ? null : iso(now - i * 840_000),
  });
  return [
    one(1, 'oncall', 'firing', 'delivered', 'events.pagerduty.com answered 202'),
    one(1.01, 'sre-slack', 'firing', 'delivered', 'hooks.slack.com answered 200 ok'),
    one(1.02, 'ticket-hook', 'firing', 'pending', 'tickets.example.com gave no answer within 10 s', 6),
    one(5, 'ticket-hook', 'resolved', 'dead', 'tickets.example.com answered 410: no such hook'),
  ];
}

function rules(now: number, empty: boolean): AlertRule[] {
  return RULE_KEYS.map((rule, i) => {
    const fired = !empty && i < 3;
    return {
      ...{ rule, mode: i === 4 ? 'shadow' : i === 3 ? 'off' : 'on', numbers: INCIDENT_RULES[rule].defaults },
      ...(i === 4 ? { version: 2, updatedBy: 'ana', updatedAt: iso(now - 2e8) } : { version: 0, updatedBy: null, updatedAt: null }),
      ...{ firing: fired ? 1 : 0, firedIn7Days: fired ? 4 - i : 0 },
      lastFired: fired ? { at: iso(now - (i + 1) * 9e5), nodeId: 'id-edge-01', node: 'edge-01', incidentId: 'in_1' } : null,
    };
  });
}
