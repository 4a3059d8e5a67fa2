import type { Db, Tx } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import { SEVERITIES, type Severity } from '#shared/incident-rules.ts';
import {
  type Alert,
  type AlertSignal,
  type AlertState,
  alertSignalSchema,
  type ChannelKind,
  type ChannelRoute,
  channelRouteSchema,
  type HeldAlert,
  heldAlertSchema,
} from '#shared/notify.ts';
import { toInstant } from '#shared/time.ts';
import { covers, selects } from './matchers.ts';
import { syncRunSilences } from './run-silences.ts';
import { activeSilences, type StoredSilence } from './silences.ts';

/** What an alert is now; times in epoch milliseconds. See alertSchema. */
export type AlertNow = {
  key: string;
  kind: Alert['kind'];
  state: AlertState;
  severity: Severity;
  title: string;
  text: string;
  link: string;
  signals: AlertSignal[];
  startsAt: number;
  endsAt: number | null;
  by: string | null;
};

type Row = AlertNow & { change: number; life: number; silencedBy: string[]; updatedAt: number };
type RoutedChannel = { id: string; kind: ChannelKind; route: ChannelRoute };
/** What one evaluation needs: read once for many alerts. */
export type Surroundings = { channels: RoutedChannel[]; silences: StoredSilence[] };

/**
 * Says what an alert is now, in the transaction that changed it: what receivers must be told is in the outbox before anybody could forget it. Idempotent;
 * saying the same again tells nobody again. A change is another state, a worse
 * severity, or that it began anew; of a better severity nobody is woken.
 */
export async function noteAlert(tx: Tx, alert: AlertNow, now: number, around?: Surroundings): Promise<void> {
  const { channels, silences } = around ?? (await lookAround(tx, now));
  const before = await readAlert(tx, alert.key);
  if (before === null && alert.state === 'resolved') return;
  const began = before === null || (before.state === 'resolved' && alert.state !== 'resolved');
  const worse = before !== null && SEVERITIES.indexOf(alert.severity) < SEVERITIES.indexOf(before.severity);
  const changed = began || before.state !== alert.state || worse;
  const change = (before?.change ?? 0) + (changed ? 1 : 0);
  const row: Row = { ...alert, change, life: began ? change : before.life, silencedBy: [], updatedAt: now };
  await settle(tx, row, { channels, silences }, now);
}

/** For several `noteAlert` of one transaction: other processes' transactions wait for its end. */
export async function lookAround(tx: Tx, now: number): Promise<Surroundings> {
  await syncRunSilences(tx, now);
  return surroundings(tx, now);
}

/** Tells what was held back and is not any more, and what a new channel has not heard of. Gives the keys of alerts whose silence changed. */
export async function sweepAlerts(tx: Tx, now: number): Promise<string[]> {
  const rows = (await tx.selectFrom('alerts').selectAll().where('state', '!=', 'resolved').execute()).map(fromRow);
  if (rows.length === 0) return [];
  const { channels, silences } = await surroundings(tx, now);
  const sent = await tx
    .selectFrom('alerts as a')
    .innerJoin('deliveries as d', (join) => join.onRef('d.alertKey', '=', 'a.key').onRef('d.change', '=', 'a.change'))
    .select(['d.channelId', 'd.alertKey'])
    .where('a.state', '=', 'firing')
    .execute();
  const told = new Set(sent.map(({ channelId, alertKey }) => `${channelId} ${alertKey}`));
  const touched: string[] = [];
  for (const row of rows) {
    const silencedBy = silencesOf(row, silences);
    const same = silencedBy.join() === row.silencedBy.join();
    const due =
      row.state === 'firing' && silencedBy.length === 0
        ? channels.filter((c) => !told.has(`${c.id} ${row.key}`) && isRouted(row, loudOf(row, silences), c))
        : [];
    if (same && due.length === 0) continue;
    if (!same) touched.push(row.key);
    await settle(tx, row, { channels: due, silences }, now);
  }
  return touched;
}

async function settle(tx: Tx, row: Row, { channels, silences }: Surroundings, updatedAt: number): Promise<void> {
  const silencedBy = row.state === 'resolved' ? [] : silencesOf(row, silences);
  const { signals, ...plain } = row;
  const kept = { ...plain, signals: JSON.stringify(signals), silencedBy: JSON.stringify(silencedBy), updatedAt };
  await tx
    .insertInto('alerts')
    .values(kept)
    .onConflict((conflict) => conflict.column('key').doUpdateSet(kept))
    .execute();
  const told = await channelsToldOf(tx, row);
  const loud = loudOf(row, silences);
  for (const channel of channels) {
    const due = row.state === 'firing' ? silencedBy.length === 0 && isRouted(row, loud, channel) : told.has(channel.id);
    if (due)
      await enqueue(
        tx,
        { channelId: channel.id, alertKey: row.key, change: row.change, event: row.state, payload: toAlert(row) },
        updatedAt,
      );
  }
}

/** One row per channel, alert and change, ever. */
export async function enqueue(
  tx: Db | Tx,
  what: { channelId: string; alertKey: string; change: number; event: string; payload: object },
  now: number,
): Promise<string> {
  const id = newId('dl', now);
  const row = { ...what, id, payload: JSON.stringify(what.payload), state: 'pending', attempts: 0, since: now, nextAt: now };
  await tx
    .insertInto('deliveries')
    .values({ ...row, leaseUntil: 0, createdAt: now, finishedAt: null, answer: null })
    .onConflict((conflict) => conflict.columns(['channelId', 'alertKey', 'change']).doNothing())
    .execute();
  return id;
}

/** Who heard that it fires must hear that it is over, silence or not: a page that nobody closes is worse than one too many. */
async function channelsToldOf(tx: Tx, row: Row): Promise<Set<string>> {
  if (row.state === 'firing') return new Set();
  const rows = await tx
    .selectFrom('deliveries')
    .select('channelId')
    .distinct()
    .where('alertKey', '=', row.key)
    .where('change', '>=', row.life)
    .where('change', '<', row.change)
    .execute();
  return new Set(rows.map((r) => r.channelId));
}

/** Alertmanager groups by itself, so it gets every signal; people get incidents. An incident by hand may have no signal: its severity decides. */
function isRouted(row: Row, loud: readonly AlertSignal[], { kind, route }: RoutedChannel): boolean {
  if ((kind === 'alertmanager') !== (row.kind === 'signal')) return false;
  if (!route.severities.includes(row.severity)) return false;
  if (row.signals.length === 0) return route.rules.length === 0 && route.selector === '*';
  return loud.some((signal) => (route.rules.length === 0 || route.rules.includes(signal.rule)) && selects(route.selector, signal));
}

const loudOf = (row: Row, silences: readonly StoredSilence[]): AlertSignal[] =>
  row.signals.filter((signal) => !silences.some((s) => covers(s, signal, row.severity)));

/** It is silent when each of its signals is. */
function silencesOf(row: Row, silences: readonly StoredSilence[]): string[] {
  const perSignal = row.signals.map((signal) => silences.filter((s) => covers(s, signal, row.severity)).map((s) => s.id));
  if (perSignal.length === 0 || perSignal.some((ids) => ids.length === 0)) return [];
  return [...new Set(perSignal.flat())].sort();
}

async function surroundings(tx: Tx, now: number): Promise<Surroundings> {
  const channels = await tx.selectFrom('channels').select(['id', 'kind', 'route']).where('enabled', '=', 1).execute();
  return {
    channels: channels.map(({ id, kind, route }) => ({
      id,
      kind: kind as ChannelKind,
      route: channelRouteSchema.parse(JSON.parse(route)),
    })),
    silences: await activeSilences(tx, now),
  };
}

async function readAlert(tx: Tx, key: string): Promise<Row | null> {
  const row = await tx.selectFrom('alerts').selectAll().where('key', '=', key).executeTakeFirst();
  return row ? fromRow(row) : null;
}

type Stored = Omit<Row, 'signals' | 'silencedBy' | 'kind' | 'state' | 'severity'> &
  Record<'signals' | 'silencedBy' | 'kind' | 'state' | 'severity', string>;
const shapes = heldAlertSchema.pick({ kind: true, state: true, severity: true, silencedBy: true });
function fromRow(row: Stored): Row {
  const { signals, silencedBy, kind, state, severity, ...plain } = row;
  return {
    ...plain,
    ...shapes.parse({ kind, state, severity, silencedBy: JSON.parse(silencedBy) }),
    signals: alertSignalSchema.array().parse(JSON.parse(signals)),
  };
}

const toAlert = ({ key, kind, state, severity, title, text, link, signals, startsAt, endsAt, by }: AlertNow): Alert => ({
  ...{ key, kind, state, severity, title, text, link, signals, by },
  startsAt: toInstant(startsAt),
  endsAt: endsAt === null ? null : toInstant(endsAt),
});

/** Newest first; those that are over only when asked for. */
export async function listAlerts(db: Db | Tx, options: { kind?: Alert['kind']; over?: boolean } = {}): Promise<HeldAlert[]> {
  let query = db.selectFrom('alerts').selectAll().orderBy('startsAt', 'desc').limit(2000);
  if (!options.over) query = query.where('state', '!=', 'resolved');
  if (options.kind) query = query.where('kind', '=', options.kind);
  const rows = (await query.execute()).map(fromRow);
  return rows.map((row) => ({ ...toAlert(row), change: row.change, silencedBy: row.silencedBy, updatedAt: toInstant(row.updatedAt) }));
}

/** Signals that fire, are not silent, and go to this channel. */
export async function firingFor(db: Db, channel: { target: { kind: ChannelKind }; route: ChannelRoute; id: string }): Promise<Alert[]> {
  const rows = await db
    .selectFrom('alerts')
    .selectAll()
    .where('state', '!=', 'resolved')
    .where('kind', '=', 'signal')
    .where('silencedBy', '=', '[]')
    .execute();
  const routed = { id: channel.id, kind: channel.target.kind, route: channel.route };
  return rows
    .map(fromRow)
    .filter((row) => isRouted(row, row.signals, routed))
    .map(toAlert);
}

/** Finished deliveries and alerts that are over are kept for a month; whoever must be told an end is in them. */
const KEPT_MS = 30 * 86_400_000;
export async function pruneAlerts(db: Db, now: number): Promise<void> {
  const gone = now - KEPT_MS;
  await db.deleteFrom('alerts').where('state', '=', 'resolved').where('updatedAt', '<', gone).execute();
  await db
    .deleteFrom('deliveries')
    .where('state', '!=', 'pending')
    .where('createdAt', '<', gone)
    .where('alertKey', 'not in', (eb) => eb.selectFrom('alerts').select('key'))
    .execute();
  await db.deleteFrom('silences').where('endsAt', '<', gone).execute();
}
