import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { INCIDENT_STATUSES, incidentName, SEVERITIES } from '#shared/incident-rules.ts';
import type { AlertSignal, AlertState } from '#shared/notify.ts';
import { type AlertNow, lookAround, noteAlert, type Surroundings } from './alerts.ts';

const severitySchema = z.enum(SEVERITIES);
const statusSchema = z.enum(INCIDENT_STATUSES);
const labelsSchema = z.record(z.string(), z.string());
const STATES: Record<z.infer<typeof statusSchema>, AlertState> = { open: 'firing', acknowledged: 'acknowledged', resolved: 'resolved' };
/** Lines of signals in one message. */
const MOST_LINES = 12;

/**
 * Says what an incident and its signals are now; called in the transaction that changed one of them, and idempotent like noteAlert. Signals of rules in
 * shadow are told to nobody: an incident that has no others is not told either, and one that was is over.
 */
export async function noteIncident(tx: Tx, incidentId: string, now: number, seen?: Surroundings): Promise<void> {
  const incident = await tx.selectFrom('incidents').selectAll().where('id', '=', incidentId).executeTakeFirst();
  if (!incident) return;
  const around = seen ?? (await lookAround(tx, now));
  const stored = await tx.selectFrom('signals').selectAll().where('incidentId', '=', incidentId).orderBy('since').execute();
  const quiet = new Set((await tx.selectFrom('alertRules').select('rule').where('mode', '!=', 'on').execute()).map(({ rule }) => rule));
  const labels = await labelsOfNodes(tx, [...new Set(stored.map((s) => s.nodeId))]);
  const signalOf = (s: (typeof stored)[number]): AlertSignal => ({
    rule: s.rule,
    nodeId: s.nodeId,
    node: s.nodeName,
    labels: labels.get(s.nodeId) ?? {},
  });
  const link = `/incidents/${incidentId}`;

  for (const signal of stored) {
    const fires = signal.until === null && !quiet.has(signal.rule);
    const key = `signal:${signal.id}`;
    if (!fires && !(await isTold(tx, key))) continue;
    await noteAlert(
      tx,
      {
        ...{ key, kind: 'signal', state: fires ? 'firing' : 'resolved', severity: severitySchema.parse(signal.severity), link },
        ...{ title: `${signal.nodeName} ${signal.summary}`, text: signal.ended ?? '', signals: [signalOf(signal)] },
        ...{ startsAt: signal.since, endsAt: fires ? null : (signal.until ?? now), by: null },
      },
      now,
      around,
    );
  }

  const loud = stored.filter((s) => !quiet.has(s.rule));
  const key = `incident:${incidentId}`;
  // what a person declared is told, whatever the rules say of it
  const onlyShadow = incident.declaredBy.startsWith('rule ') && stored.length > 0 && loud.length === 0;
  const over = incident.mergedInto !== null || onlyShadow;
  if (over && !(await isTold(tx, key))) return;
  const firing = loud.filter((s) => s.until === null);
  const state = over ? 'resolved' : STATES[statusSchema.parse(incident.status)];
  const lines = (firing.length > 0 ? firing : loud).map((s) => `${s.nodeName} ${s.summary}`);
  await noteAlert(
    tx,
    {
      ...{ key, kind: 'incident', state, severity: severitySchema.parse(incident.severity), link },
      title: `${incidentName(incident.number)} ${incident.title}`,
      text: textOf(lines, state === 'resolved' ? endOf(incident, onlyShadow) : null),
      signals: (firing.length > 0 ? firing : loud).map(signalOf),
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

function textOf(lines: readonly string[], end: string | null): string {
  const shown = lines.slice(0, MOST_LINES);
  const rest = lines.length > shown.length ? [`and ${lines.length - shown.length} more`] : [];
  return [...(end === null || end === '' ? [] : [end]), ...shown, ...rest].join('\n');
}

async function labelsOfNodes(tx: Tx, ids: string[]): Promise<Map<string, Record<string, string>>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.selectFrom('nodes').select(['id', 'labels']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, labels }) => [id, labelsSchema.catch({}).parse(JSON.parse(labels))]));
}
