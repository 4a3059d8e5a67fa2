import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '#server/kernel/invalid.ts';
import type { Channel, HeldAlert } from '#shared/notify.ts';
import { matcherSchema, type Silence } from '#shared/silences.ts';
import { labelsOf } from './labels.ts';
import { asMatchers, matchesAll, parseFilters } from './matchers.ts';

/**
 * The shapes of Alertmanager's API v2 (prometheus/alertmanager, api/v2/openapi.yaml), so that amtool, karma and Grafana read and silence this console's
 * signals as an Alertmanager's alerts. What is not served: pushing alerts here, inhibition, clustering.
 */
type GettableAlert = {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  generatorURL: string;
  fingerprint: string;
  receivers: { name: string }[];
  status: { state: 'active' | 'suppressed'; silencedBy: string[]; inhibitedBy: string[] };
};

/** What an alert is said to last at least, when nobody says it again. */
const LASTS_MS = 5 * 60_000;
const NOBODY = 'nobody';

const flag = z.enum(['true', 'false']).default('true');
const querySchema = z.object({
  active: flag,
  silenced: flag,
  inhibited: flag,
  unprocessed: flag,
  receiver: z.string().max(200).optional(),
});

export type AlertQuery = {
  search: URLSearchParams;
  alerts: HeldAlert[];
  channels: readonly Pick<Channel, 'name' | 'target' | 'route' | 'enabled'>[];
  url: string;
  now: number;
};

/** Throws request.invalid when the query is none. */
export function gettableAlerts({ search, alerts, channels, url, now }: AlertQuery): GettableAlert[] {
  const asked = querySchema.safeParse(Object.fromEntries([...search].filter(([key]) => key !== 'filter')));
  if (!asked.success) throw invalid(asked.error, 'the query');
  const { active, silenced, receiver } = asked.data;
  const filter = parseFilters(search.getAll('filter'));
  // clients send it as a regular expression; it is taken as a name
  const named = receiver === undefined || receiver === '' ? null : receiver.replace(/^\^\(\?:(.*)\)\$$/, '$1');
  return alerts.flatMap((alert) => {
    const [signal] = alert.signals;
    if (!signal || alert.kind !== 'signal') return [];
    const state = alert.silencedBy.length > 0 ? ('suppressed' as const) : ('active' as const);
    if (state === 'active' ? active === 'false' : silenced === 'false') return [];
    const labels = labelsOf(signal, alert.severity);
    if (!matchesAll(filter, labels)) return [];
    const receivers = receiversOf(channels, alert);
    if (named !== null && !receivers.some(({ name }) => name === named)) return [];
    return [
      {
        ...{ labels, annotations: { summary: alert.title, description: alert.text }, receivers },
        ...{ startsAt: alert.startsAt, endsAt: alert.endsAt ?? new Date(now + LASTS_MS).toISOString(), updatedAt: alert.updatedAt },
        generatorURL: `${url}${alert.link}`,
        fingerprint: fingerprintOf(labels),
        status: { state, silencedBy: alert.silencedBy, inhibitedBy: [] },
      },
    ];
  });
}

function receiversOf(channels: AlertQuery['channels'], alert: HeldAlert): { name: string }[] {
  const rules = new Set(alert.signals.map((s) => s.rule));
  const taking = channels.filter(
    ({ enabled, route }) =>
      enabled && route.severities.includes(alert.severity) && (route.rules.length === 0 || route.rules.some((rule) => rules.has(rule))),
  );
  return taking.length === 0 ? [{ name: NOBODY }] : taking.map(({ name }) => ({ name }));
}

/** 16 hex digits that stay the same while the labels do; not the number that an Alertmanager would compute. */
const fingerprintOf = (labels: Record<string, string>): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(labels).sort()))
    .digest('hex')
    .slice(0, 16);

/** Grouped by the incident that they belong to. */
export function alertGroups(query: AlertQuery): { labels: Record<string, string>; receiver: { name: string }; alerts: GettableAlert[] }[] {
  const groups = new Map<string, GettableAlert[]>();
  for (const alert of gettableAlerts(query)) groups.set(alert.generatorURL, [...(groups.get(alert.generatorURL) ?? []), alert]);
  return [...groups].map(([link, alerts]) => ({
    labels: { incident: link.split('/').at(-1) ?? '' },
    receiver: alerts[0]?.receivers[0] ?? { name: NOBODY },
    alerts,
  }));
}

export const receiverNames = (channels: readonly Pick<Channel, 'name'>[]): { name: string }[] =>
  channels.length === 0 ? [{ name: NOBODY }] : channels.map(({ name }) => ({ name }));

/** `filter` holds against the silence's own matchers: the label that is asked for must be one of them, as in Alertmanager. */
export function gettableSilences(silences: readonly Silence[], search: URLSearchParams): object[] {
  const filter = parseFilters(search.getAll('filter'));
  return silences
    .map(gettableSilence)
    .filter(({ matchers }) =>
      filter.every((wanted) => matchesAll([wanted], { [wanted.name]: matchers.find((m) => m.name === wanted.name)?.value ?? '' })),
    );
}

export function gettableSilence(silence: Silence) {
  const { id, state, reason, createdBy, startsAt, endsAt, updatedAt } = silence;
  return {
    id,
    status: { state },
    comment: reason,
    createdBy,
    startsAt,
    endsAt,
    updatedAt,
    matchers: [...asMatchers(silence.selector), ...silence.matchers],
  };
}

/** POST silences: one with an id takes the place of that one. */
export const postableSilenceSchema = z.object({
  id: z.string().max(64).optional(),
  matchers: z.array(matcherSchema).min(1, 'must have a matcher').max(20),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  createdBy: z.string().trim().min(1).max(80),
  comment: z.string().trim().min(1, 'must say why').max(500),
});
export type PostableSilence = z.infer<typeof postableSilenceSchema>;

export const sameMatchers = (before: Silence, posted: PostableSilence): boolean =>
  JSON.stringify(gettableSilence(before).matchers.map(inOrder).sort()) === JSON.stringify(posted.matchers.map(inOrder).sort());
const inOrder = ({ name, value, isRegex, isEqual }: z.infer<typeof matcherSchema>): string =>
  JSON.stringify([name, value, isRegex, isEqual]);

export function statusOf(startedAt: number): object {
  // amtool says so when the version is not its own
  const build = { branch: 'headroom', buildDate: '', buildUser: '', goVersion: '', revision: '', version: '0.25.0' };
  return {
    cluster: { status: 'disabled', peers: [] },
    config: { original: '# Headroom keeps its channels under Settings.\nroute:\n  receiver: headroom\nreceivers:\n  - name: headroom\n' },
    uptime: new Date(startedAt).toISOString(),
    versionInfo: build,
  };
}
