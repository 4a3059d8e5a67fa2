import type { Selectable } from 'kysely';
import type { Db, Schema, Tx } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import { type Cause, INCIDENT_RULES, type RuleKey, SEVERITIES, type Severity } from '#shared/incident-rules.ts';
import type { Signal, TimelineEntry } from '#shared/incidents.ts';
import { type Grouped, placeSignal, REOPEN_MS } from './place.ts';
import { incidentRow, type SignalRow, toHeads, toSignal } from './rows.ts';
import { autoTitle, worst } from './words.ts';

/** What is written of signals and incidents, each inside the transaction of who decides. Doing one twice changes nothing. */

export type Fired = {
  rule: RuleKey;
  nodeId: string;
  nodeName: string;
  value: number | null;
  threshold: number | null;
  words: string;
  evidence: Signal['evidence'];
  /** kept, and part of no incident: its rule is on trial */
  shadow: boolean;
};
export type Entry = Pick<TimelineEntry, 'kind' | 'tone' | 'text'> &
  Partial<Pick<TimelineEntry, 'nodeId' | 'nodeName' | 'by' | 'runId' | 'captureId'>> & {
    /** one entry an incident for it, however often it is told */ key: string;
    at: number;
  };

export async function addEntry(tx: Tx, incidentId: string, { key, at, by, ...entry }: Entry): Promise<void> {
  await tx
    .insertInto('incidentEntries')
    .values({
      id: newId('e', at),
      incidentId,
      key,
      at,
      nodeId: null,
      nodeName: null,
      runId: null,
      captureId: null,
      actor: by ?? null,
      ...entry,
    })
    .onConflict((oc) => oc.columns(['incidentId', 'key']).doNothing())
    .execute();
}

const TONES: Record<Severity, TimelineEntry['tone']> = { critical: 'danger', warning: 'warn', info: 'neutral' };

/**
 * What one transaction over many signals knows: the open incidents are read once, and each that changed is brought up to date once, by `endPass`. In a storm
 * a thousand signals of one incident would else read all of it a thousand times.
 */
export type Pass = { grouped: Grouping[] | null; stale: Set<string> };
type Grouping = Omit<Grouped, 'nodeIds'> & { nodeIds: Set<string> };
export const beginPass = (): Pass => ({ grouped: null, stale: new Set() });

export async function endPass(tx: Tx, pass: Pass, now: number): Promise<void> {
  for (const id of pass.stale) await refreshIncident(tx, id, now);
  pass.stale.clear();
}

/** Null: another process has it open already. `endPass` must come after it. */
export async function fireSignal(tx: Tx, fired: Fired, now: number, pass: Pass): Promise<{ signal: SignalRow; touched: string[] } | null> {
  const known = await tx
    .selectFrom('signals')
    .select('id')
    .where('nodeId', '=', fired.nodeId)
    .where('rule', '=', fired.rule)
    .where('until', 'is', null)
    .executeTakeFirst();
  if (known) return null;
  const { severity } = INCIDENT_RULES[fired.rule];
  const placed = fired.shadow ? { incidentId: null, touched: [] } : await placeInIncident(tx, fired, now, pass);
  const { incidentId } = placed;
  const signal: SignalRow = {
    ...{ id: newId('s', now), rule: fired.rule, nodeId: fired.nodeId, nodeName: fired.nodeName, severity, since: now, until: null },
    ...{ summary: fired.words, value: fired.value, threshold: fired.threshold, ended: null, incidentId, updatedAt: now },
    evidence: JSON.stringify(fired.evidence),
  };
  await tx.insertInto('signals').values(signal).execute();
  if (incidentId === null) return { signal, touched: [] };
  await addNode(tx, incidentId, { nodeId: fired.nodeId, name: fired.nodeName, at: now });
  await addEntry(tx, incidentId, {
    ...{ key: `fired:${signal.id}`, at: now, kind: 'signal', tone: TONES[severity], nodeId: fired.nodeId, nodeName: fired.nodeName },
    ...{ text: fired.words, by: `rule ${fired.rule}` },
  });
  pass.stale.add(incidentId);
  return { signal, touched: placed.touched };
}

/** Gives the incident that it is part of now: a person may have merged or split it since it was read. `endPass` must come after it. */
export async function endSignal(tx: Tx, signal: SignalRow, ended: string, now: number, pass: Pass): Promise<string | null> {
  await tx
    .updateTable('signals')
    .set({ until: now, ended, updatedAt: now })
    .where('id', '=', signal.id)
    .where('until', 'is', null)
    .execute();
  const { incidentId = null } = (await tx.selectFrom('signals').select('incidentId').where('id', '=', signal.id).executeTakeFirst()) ?? {};
  if (incidentId === null) return null;
  await addEntry(tx, incidentId, {
    ...{ key: `cleared:${signal.id}`, at: now, kind: 'signal', tone: 'ok', nodeId: signal.nodeId, nodeName: signal.nodeName },
    ...{ text: `${INCIDENT_RULES[toSignal(signal).rule].title}: ${ended}`, by: `rule ${signal.rule}` },
  });
  pass.stale.add(incidentId);
  return incidentId;
}

export async function addNode(tx: Tx, incidentId: string, node: { nodeId: string; name: string; at: number }): Promise<void> {
  await tx
    .insertInto('incidentNodes')
    .values({ incidentId, nodeId: node.nodeId, name: node.name, addedAt: node.at })
    .onConflict((oc) => oc.columns(['incidentId', 'nodeId']).doNothing())
    .execute();
}

async function placeInIncident(tx: Tx, fired: Fired, now: number, pass: Pass): Promise<{ incidentId: string; touched: string[] }> {
  pass.grouped ??= await grouped(tx, now);
  const placed = placeSignal({ rule: fired.rule, nodeId: fired.nodeId, at: now }, pass.grouped);
  const by = `rule ${fired.rule}`;
  if (placed.do === 'open') {
    const { cause } = placed;
    const nodes = [{ nodeId: fired.nodeId, name: fired.nodeName }];
    const id = await openIncident(tx, { title: null, cause, severity: null, by, nodes }, now);
    pass.grouped.push({ id, cause, open: true, openedAt: now, closedAt: null, nodeIds: new Set([fired.nodeId]), newestSignalAt: now });
    return { incidentId: id, touched: [id] };
  }
  const { id } = placed;
  const group = pass.grouped.find((one) => one.id === id);
  group?.nodeIds.add(fired.nodeId);
  if (group) group.newestSignalAt = Math.max(group.newestSignalAt, now);
  if (placed.do === 'reopen') {
    await reopen(tx, id, { by, reason: `${fired.nodeName} ${fired.words}`, at: now });
    if (group) Object.assign(group, { open: true, closedAt: null });
    return { incidentId: id, touched: [id] };
  }
  if (placed.cause !== null) {
    await tx.updateTable('incidents').set({ cause: placed.cause }).where('id', '=', id).execute();
    if (group) group.cause = placed.cause;
  }
  if (placed.absorb === null) return { incidentId: id, touched: [id] };
  await mergeInto(tx, { from: placed.absorb, into: id, by, at: now });
  const gone = pass.grouped.find((one) => one.id === placed.absorb);
  for (const nodeId of gone?.nodeIds ?? []) group?.nodeIds.add(nodeId);
  pass.grouped = pass.grouped.filter((one) => one !== gone);
  pass.stale.delete(placed.absorb);
  return { incidentId: id, touched: [id, placed.absorb] };
}

async function grouped(tx: Tx, now: number): Promise<Grouping[]> {
  const rows = await tx
    .selectFrom('incidents')
    .select(['id', 'cause', 'status', 'openedAt', 'closedAt'])
    .where('mergedInto', 'is', null)
    .where((eb) => eb.or([eb('status', '!=', 'resolved'), eb('closedAt', '>=', now - REOPEN_MS)]))
    .execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const [nodes, newest] = await Promise.all([
    tx.selectFrom('incidentNodes').select(['incidentId', 'nodeId']).where('incidentId', 'in', ids).execute(),
    tx
      .selectFrom('signals')
      .select((eb) => ['incidentId', eb.fn.max('since').as('since')])
      .where('incidentId', 'in', ids)
      .groupBy('incidentId')
      .execute(),
  ]);
  const nodeIds = new Map<string, Set<string>>(ids.map((id) => [id, new Set()]));
  for (const { incidentId, nodeId } of nodes) nodeIds.get(incidentId)?.add(nodeId);
  const since = new Map(newest.map((one) => [one.incidentId, Number(one.since)]));
  return rows.map(({ id, cause, status, openedAt, closedAt }) => ({
    ...{ id, cause: toCause(cause), open: status !== 'resolved', openedAt, closedAt },
    nodeIds: nodeIds.get(id) ?? new Set(),
    newestSignalAt: since.get(id) ?? openedAt,
  }));
}

const toCause = (cause: string): Cause => cause as Cause;

export async function openIncident(
  tx: Tx,
  o: { title: string | null; cause: Cause; severity: Severity | null; by: string; nodes: { nodeId: string; name: string }[] },
  now: number,
): Promise<string> {
  const last = await tx.selectFrom('incidents').select('number').orderBy('number', 'desc').limit(1).executeTakeFirst();
  const id = newId('i', now);
  await tx
    .insertInto('incidents')
    .values({
      ...{ id, number: (last?.number ?? 0) + 1, cause: o.cause, status: 'open', declaredBy: o.by, openedAt: now, updatedAt: now },
      title:
        o.title ??
        autoTitle(
          o.cause,
          o.nodes.map(({ name }) => name),
        ),
      titledBy: o.title === null ? null : o.by,
      severity: o.severity ?? 'warning',
      severityBy: o.severity === null ? null : o.by,
      ...{ owner: null, acknowledgedBy: null, acknowledgedAt: null, closedAt: null, closedBy: null, closedReason: null },
      ...{ reopened: 0, mergedInto: null },
    })
    .execute();
  for (const node of o.nodes) await addNode(tx, id, { ...node, at: now });
  await addEntry(tx, id, {
    key: 'opened',
    at: now,
    kind: 'status',
    tone: 'neutral',
    text: o.title === null ? 'Incident opened' : 'Incident declared',
    by: o.by,
  });
  return id;
}

export async function closeIncident(tx: Tx, id: string, o: { by: string; reason: string; at: number }): Promise<void> {
  await tx
    .updateTable('incidents')
    .set({ status: 'resolved', closedAt: o.at, closedBy: o.by, closedReason: o.reason, updatedAt: o.at })
    .where('id', '=', id)
    .execute();
  await addEntry(tx, id, { key: `closed:${o.at}`, at: o.at, kind: 'status', tone: 'ok', text: `Resolved: ${o.reason}`, by: o.by });
}

export async function reopen(tx: Tx, id: string, o: { by: string; reason: string; at: number }): Promise<void> {
  const { reopened } = await incidentRow(tx, id);
  const nobody = { acknowledgedAt: null, acknowledgedBy: null, closedAt: null, closedBy: null, closedReason: null };
  await tx
    .updateTable('incidents')
    .set({ status: 'open', reopened: reopened + 1, updatedAt: o.at, ...nobody })
    .where('id', '=', id)
    .execute();
  await addEntry(tx, id, {
    key: `reopened:${reopened + 1}`,
    at: o.at,
    kind: 'status',
    tone: 'danger',
    text: `Reopened: ${o.reason}`,
    by: o.by,
  });
}

/** `from` ends as a pointer to `into`, which has its signals, nodes, timeline and what was kept. */
export async function mergeInto(tx: Tx, o: { from: string; into: string; by: string; at: number }): Promise<void> {
  const [from, into] = [await incidentRow(tx, o.from), await incidentRow(tx, o.into)];
  const nodes = await tx.selectFrom('incidentNodes').selectAll().where('incidentId', '=', o.from).execute();
  for (const node of nodes) await addNode(tx, o.into, { nodeId: node.nodeId, name: node.name, at: node.addedAt });
  await moveOf(tx, { from: o.from, into: o.into, nodeIds: null });
  await copyEntries(tx, o);
  await tx
    .updateTable('incidents')
    .set({
      status: 'resolved',
      mergedInto: o.into,
      closedAt: o.at,
      closedBy: o.by,
      closedReason: `merged into INC-${into.number}`,
      updatedAt: o.at,
    })
    .where('id', '=', o.from)
    .execute();
  await addEntry(tx, o.from, {
    key: `merged:${o.into}`,
    at: o.at,
    kind: 'status',
    tone: 'neutral',
    text: `Merged into INC-${into.number}`,
    by: o.by,
  });
  await addEntry(tx, o.into, {
    key: `took:${o.from}`,
    at: o.at,
    kind: 'status',
    tone: 'neutral',
    text: `INC-${from.number} (${from.title}) was merged into this one`,
    by: o.by,
  });
  await refreshIncident(tx, o.into, o.at);
}

/** A timeline may have tens of thousands of entries. */
const ENTRIES_AT_ONCE = 500;

async function copyEntries(tx: Tx, o: { from: string; into: string }): Promise<void> {
  for (let seq = 0; ; ) {
    const entries = await tx
      .selectFrom('incidentEntries')
      .selectAll()
      .where('incidentId', '=', o.from)
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(ENTRIES_AT_ONCE)
      .execute();
    const last = entries.at(-1);
    if (last === undefined) return;
    await tx
      .insertInto('incidentEntries')
      .values(
        entries.map((entry) => ({
          ...entryOf(entry),
          ...{ id: newId('e', entry.at), incidentId: o.into, key: `${entry.key}:${o.from}`, actor: entry.actor },
        })),
      )
      .onConflict((oc) => oc.columns(['incidentId', 'key']).doNothing())
      .execute();
    seq = last.seq;
  }
}

type EntryRow = Selectable<Schema['incidentEntries']>;
const entryOf = ({ at, kind, tone, nodeId, nodeName, text, runId, captureId }: EntryRow) => ({
  ...{ at, nodeId, nodeName, text, runId, captureId },
  kind: kind as TimelineEntry['kind'],
  tone: tone as TimelineEntry['tone'],
});

/** Signals, bought time and captures of these nodes (null: of all) go with them. */
export async function moveOf(tx: Tx, o: { from: string; into: string; nodeIds: readonly string[] | null }): Promise<void> {
  for (const table of ['signals', 'boughtTime', 'captures'] as const) {
    const move = tx.updateTable(table).set({ incidentId: o.into }).where('incidentId', '=', o.from);
    await (o.nodeIds === null ? move : move.where('nodeId', 'in', [...o.nodeIds])).execute();
  }
}

/** Title and severity follow the signals until a person wrote them. */
export async function refreshIncident(tx: Tx, id: string, now: number): Promise<void> {
  const row = await incidentRow(tx, id);
  const kinds = tx.selectFrom('signals').select('severity').distinct().where('incidentId', '=', id);
  const firing = await kinds.where('until', 'is', null).execute();
  const severities = (firing.length > 0 ? firing : await kinds.execute()).map(
    ({ severity }) => SEVERITIES.find((s) => s === severity) ?? 'info',
  );
  const nodes = await tx
    .selectFrom('incidentNodes')
    .select(['nodeId', 'name'])
    .where('incidentId', '=', id)
    .orderBy('addedAt')
    .orderBy('name')
    .execute();
  const signals = await tx.selectFrom('signals').select('nodeId').distinct().where('incidentId', '=', id).execute();
  const fired = new Set(signals.map(({ nodeId }) => nodeId));
  // a node that only belongs to it, as after a merge, is not said to leak
  const named = fired.size > 0 ? nodes.filter(({ nodeId }) => fired.has(nodeId)) : nodes;
  await tx
    .updateTable('incidents')
    .set({
      ...(row.titledBy === null && {
        title: autoTitle(
          toCause(row.cause),
          named.map(({ name }) => name),
        ),
      }),
      // an incident that is over keeps the worst that it was
      ...(row.severityBy === null &&
        severities.length > 0 &&
        (firing.length > 0 || row.status === 'open') && { severity: worst(severities) }),
      updatedAt: now,
    })
    .where('id', '=', id)
    .execute();
}

export const headOf = async (db: Db | Tx, id: string) => {
  const [head] = await toHeads(db, [await incidentRow(db, id)]);
  if (!head) throw new Error(`incident ${id} has no head`);
  return head;
};
