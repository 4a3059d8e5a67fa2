import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Schema, Tx } from '#server/db/index.ts';
import { INCIDENT_STATUSES, incidentName, SEVERITIES } from '#shared/incident-rules.ts';
import type { AlertSignal, AlertState } from '#shared/notify.ts';
import { type AlertNow, lookAround, noteAlert, type Surroundings } from './alerts.ts';

const severitySchema = z.enum(SEVERITIES);
const statusSchema = z.enum(INCIDENT_STATUSES);
const labelsSchema = z.record(z.string(), z.string());
const STATES: Record<z.infer<typeof statusSchema>, AlertState> = { open: 'firing', acknowledged: 'acknowledged', resolved: 'resolved' };
/** Lines of signals in one message. */
const MOST_LINES = 12;
/** Of what ended, as far as it is looked at for a message. */
const MOST_SIGNALS = 5000;

/**
 * Says what an incident and its signals are now; called in the transaction that changed one of them, and idempotent like noteAlert. Signals of rules in
 * shadow are told to nobody: an incident that has no others is not told either, and one that was is over.
 */
export async function noteIncident(tx: Tx, incidentId: string, now: number, seen?: Surroundings): Promise<void> {
  const incident = await tx.selectFrom('incidents').selectAll().where('id', '=', incidentId).executeTakeFirst();
  if (!incident) return;
  const around = seen ?? (await lookAround(tx, now));
  const rules = await tx.selectFrom('alertRules').select('rule').where('mode', '!=', 'on').execute();
  const quiet = new Set(rules.map(({ rule }) => rule));
  const firing = await signalsOf(tx, incidentId).where('until', 'is', null).orderBy('since').execute();
  const told = await openSignalAlerts(tx);
  const ended = await endedAndTold(tx, incidentId, told, firing);
  const labels = await labelsOfNodes(tx, [...new Set([...firing, ...ended].map((s) => s.nodeId))]);
  const signalOf = (s: Pick<SignalRow, 'rule' | 'nodeId' | 'nodeName'>): AlertSignal => ({
    rule: s.rule,
    nodeId: s.nodeId,
    node: s.nodeName,
    labels: labels.get(s.nodeId) ?? {},
  });
  const link = `/incidents/${incidentId}`;

  for (const signal of [...firing, ...ended]) {
    const fires = signal.until === null && !quiet.has(signal.rule);
    const key = `signal:${signal.id}`;
    const before = told.get(key);
    if (!fires && before === undefined) continue;
    const alert: AlertNow = {
      ...{ key, kind: 'signal', state: fires ? 'firing' : 'resolved', severity: severitySchema.parse(signal.severity), link },
      ...{ title: `${signal.nodeName} ${signal.summary}`, text: signal.ended ?? '', signals: [signalOf(signal)] },
      ...{ startsAt: signal.since, endsAt: fires ? null : (signal.until ?? now), by: null },
    };
    if (before === undefined || !isSaid(before, alert)) await noteAlert(tx, alert, now, around);
  }

  const key = `incident:${incidentId}`;
  const loud = firing.filter((s) => !quiet.has(s.rule));
  const all = loud.length > 0 ? { signals: loud, lines: loud.length, any: true } : await endedOf(tx, incidentId, quiet);
  // what a person declared is told, whatever the rules say of it
  const onlyShadow = incident.declaredBy.startsWith('rule ') && all.any && all.lines === 0;
  const over = incident.mergedInto !== null || onlyShadow;
  if (over && !(await isTold(tx, key))) return;
  const state = over ? 'resolved' : STATES[statusSchema.parse(incident.status)];
  for (const [id, of] of await labelsOfNodes(
    tx,
    [...new Set(all.signals.map((s) => s.nodeId))].filter((one) => !labels.has(one)),
  ))
    labels.set(id, of);
  await noteAlert(
    tx,
    {
      ...{ key, kind: 'incident', state, severity: severitySchema.parse(incident.severity), link },
      title: `${incidentName(incident.number)} ${incident.title}`,
      text: textOf(all, state === 'resolved' ? endOf(incident, onlyShadow) : null),
      signals: distinct(all.signals).map(signalOf),
      ...{ startsAt: incident.openedAt, endsAt: state === 'resolved' ? (incident.closedAt ?? now) : null },
      by:
        state === 'acknowledged'
          ? incident.acknowledgedBy
          : state === 'resolved' && incident.closedBy !== 'evidence'
            ? incident.closedBy
            : null,
    } satisfies AlertNow,
    now,
    around,
  );
}

const COLUMNS = ['id', 'rule', 'nodeId', 'nodeName', 'severity', 'since', 'until', 'summary', 'ended'] as const;
type SignalRow = Pick<Selectable<Schema['signals']>, (typeof COLUMNS)[number]>;

const signalsOf = (tx: Tx, incidentId: string) =>
  tx
    .selectFrom('signals')
    .select([...COLUMNS])
    .where('incidentId', '=', incidentId);

/** What receivers believe to fire, by key. */
async function openSignalAlerts(tx: Tx): Promise<Map<string, Said>> {
  const rows = await tx
    .selectFrom('alerts')
    .select(['key', 'state', 'severity', 'title', 'text', 'link', 'signals', 'startsAt'])
    .where('kind', '=', 'signal')
    .where('state', 'in', ['firing', 'acknowledged'])
    .execute();
  return new Map(rows.map((row) => [row.key, row]));
}
type Said = Record<'state' | 'severity' | 'title' | 'text' | 'link' | 'signals', string> & { startsAt: number };

/** Saying it once more would change nothing; who is told when a silence or a channel changes is `sweepAlerts`. */
const isSaid = (before: Said, now: AlertNow): boolean =>
  now.state === before.state &&
  now.severity === before.severity &&
  now.title === before.title &&
  now.text === before.text &&
  now.link === before.link &&
  now.startsAt === before.startsAt &&
  JSON.stringify(now.signals) === before.signals;

const IDS_AT_ONCE = 1000;

/** Signals that are over and that receivers believe to fire: of an incident that flaps for hours all others are history. By id: they are few. */
async function endedAndTold(
  tx: Tx,
  incidentId: string,
  told: ReadonlyMap<string, Said>,
  firing: readonly SignalRow[],
): Promise<SignalRow[]> {
  const fires = new Set(firing.map(({ id }) => `signal:${id}`));
  const ids = [...told.keys()].filter((key) => !fires.has(key)).map((key) => key.replace(/^signal:/, ''));
  const found: SignalRow[] = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const some = ids.slice(from, from + IDS_AT_ONCE);
    const rows = await tx
      .selectFrom('signals')
      .select([...COLUMNS, 'incidentId'])
      .where('id', 'in', some)
      .execute();
    for (const { incidentId: of, ...row } of rows) if (of === incidentId && row.until !== null) found.push(row);
  }
  return found.sort((a, b) => a.since - b.since);
}

/** Of an incident in which nothing fires that may be told: what fired. `lines`: all of them, however many; `any`: quiet ones included. */
async function endedOf(tx: Tx, incidentId: string, quiet: ReadonlySet<string>) {
  const rules = await tx
    .selectFrom('signals')
    .select((eb) => ['rule', eb.fn.countAll().as('signals')])
    .where('incidentId', '=', incidentId)
    .groupBy('rule')
    .execute();
  const loud = rules.filter(({ rule }) => !quiet.has(rule));
  const lines = loud.reduce((sum, { signals }) => sum + Number(signals), 0);
  if (lines === 0) return { signals: [], lines, any: rules.length > 0 };
  const of = signalsOf(tx, incidentId).where(
    'rule',
    'in',
    loud.map(({ rule }) => rule),
  );
  const signals = await of.orderBy('since', 'desc').limit(MOST_SIGNALS).execute();
  return { signals: signals.reverse(), lines, any: true };
}

/** One of each rule and node. */
const distinct = (signals: readonly SignalRow[]): SignalRow[] => [...new Map(signals.map((s) => [`${s.nodeId} ${s.rule}`, s])).values()];

/** Every incident that is open, or that somebody may still think open: what a change elsewhere (a rule's mode, a label) made of it. */
export async function noteOpenIncidents(tx: Tx, now: number): Promise<void> {
  const open = await tx.selectFrom('incidents').select('id').where('status', '!=', 'resolved').execute();
  const told = await tx.selectFrom('alerts').select('key').where('kind', '=', 'incident').where('state', '!=', 'resolved').execute();
  const ids = new Set([...open.map(({ id }) => id), ...told.map(({ key }) => key.replace(/^incident:/, ''))]);
  const around = await lookAround(tx, now);
  for (const id of ids) await noteIncident(tx, id, now, around);
}

const isTold = async (tx: Tx, key: string): Promise<boolean> => {
  const row = await tx.selectFrom('alerts').select('state').where('key', '=', key).executeTakeFirst();
  return row !== undefined && row.state !== 'resolved';
};

function endOf(incident: { mergedInto: string | null; closedReason: string | null }, onlyShadow: boolean): string {
  if (incident.mergedInto !== null) return 'It is part of another incident now.';
  if (onlyShadow) return 'Its rules are in shadow or off now.';
  return incident.closedReason ?? '';
}

function textOf({ signals, lines }: { signals: readonly SignalRow[]; lines: number }, end: string | null): string {
  const shown = signals.slice(0, MOST_LINES).map((s) => `${s.nodeName} ${s.summary}`);
  const rest = lines > shown.length ? [`and ${lines - shown.length} more`] : [];
  return [...(end === null || end === '' ? [] : [end]), ...shown, ...rest].join('\n');
}

async function labelsOfNodes(tx: Tx, ids: string[]): Promise<Map<string, Record<string, string>>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.selectFrom('nodes').select(['id', 'labels']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, labels }) => [id, labelsSchema.catch({}).parse(JSON.parse(labels))]));
}
