import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb, VerbContext, VerbOutcome } from '#server/kernel/verb.ts';
import { createNodes } from '#server/nodes/index.ts';
import { incidentName } from '#shared/incident-rules.ts';
import {
  declareInputSchema,
  type IncidentListItem,
  incidentEditSchema,
  mergeInputSchema,
  noteInputSchema,
  resolveInputSchema,
  splitInputSchema,
} from '#shared/incidents.ts';
import type { Noted } from './judge.ts';
import { addEntry, closeIncident, type Entry, headOf, mergeInto, moveOf, openIncident, refreshIncident, reopen } from './keep.ts';
import { type IncidentRow, incidentRow, nodeIdsOf } from './rows.ts';

const id = { id: z.string().min(1).max(64) };
type Head = IncidentListItem;
const ofIncident = (tx: Tx, input: { id: string }) => nodeIdsOf(tx, input.id);

async function outcome(tx: Tx, incidentId: string, before: unknown, also: readonly string[] = []): Promise<VerbOutcome<Head>> {
  const result = await headOf(tx, incidentId);
  const { title, status, severity, owner } = result;
  const events = [incidentId, ...also].map((one) => ({ type: 'incident.changed' as const, incidentId: one }));
  return { result, object: `incident:${incidentId}`, before, after: { title, status, severity, owner, closed: result.closed }, events };
}

const stateOf = ({ title, status, severity, owner }: IncidentRow) => ({ title, status, severity, owner });

function inState(row: IncidentRow, wanted: 'open' | 'closed', toBe: string): void {
  const name = incidentName(row.number);
  if (row.mergedInto !== null) throw wrongState(`${name} was merged into another incident: go on there`);
  if (wanted === 'open' && row.status === 'resolved') throw wrongState(`${name} is resolved: reopen it before it is ${toBe}`);
  if (wanted === 'closed' && row.status !== 'resolved') throw wrongState(`${name} is ${row.status}: only a resolved incident is ${toBe}`);
}
const wrongState = (words: string) => new HeadroomError('incident.wrong-state', `${words}.`);

/** Said by a person, so never the same as an entry that is there already. */
const says = (tx: Tx, incidentId: string, entry: Pick<Entry, 'kind' | 'text'>, { actor, now }: VerbContext): Promise<void> =>
  addEntry(tx, incidentId, { ...entry, key: newId(entry.kind, now), at: now, tone: 'neutral', by: actor.name });

/** An incident that no rule found. */
const declareIncident: Verb<typeof declareInputSchema, Tx, Head> = {
  name: 'incident.declare',
  permission: 'incident.write',
  input: declareInputSchema,
  nodes: (_tx, { nodeIds }) => nodeIds,
  async run(tx, { title, severity, nodeIds, note }, { actor, now }) {
    const registry = createNodes({ db: tx });
    const nodes = [];
    for (const nodeId of new Set(nodeIds)) nodes.push({ nodeId, name: (await registry.get(nodeId)).name });
    const incidentId = await openIncident(tx, { title, cause: 'by-hand', severity, by: actor.name, nodes }, now);
    if (note) await says(tx, incidentId, { kind: 'note', text: note }, { actor, now });
    return outcome(tx, incidentId, null);
  },
};

const editInput = incidentEditSchema.extend(id);
/** Title, severity, owner. What a person wrote is not written over by rules. */
const editIncident: Verb<typeof editInput, Tx, Head> = {
  name: 'incident.edit',
  permission: 'incident.write',
  input: editInput,
  nodes: ofIncident,
  async run(tx, { id: incidentId, title, severity, owner }, { actor, now }) {
    const row = await incidentRow(tx, incidentId);
    const set = {
      ...(title !== undefined && { title, titledBy: actor.name }),
      ...(severity !== undefined && { severity, severityBy: actor.name }),
      ...(owner !== undefined && { owner }),
    };
    const words = [
      ...(title !== undefined && title !== row.title ? [`title is now "${title}"`] : []),
      ...(severity !== undefined && severity !== row.severity ? [`severity ${row.severity} → ${severity}`] : []),
      ...(owner !== undefined && owner !== row.owner ? [owner === null ? 'nobody owns it now' : `owner is ${owner}`] : []),
    ];
    if (words.length > 0) {
      await tx
        .updateTable('incidents')
        .set({ ...set, updatedAt: now })
        .where('id', '=', incidentId)
        .execute();
      await says(tx, incidentId, { kind: 'status', text: words.join(', ') }, { actor, now });
    }
    return outcome(tx, incidentId, stateOf(row));
  },
};

const noteInput = noteInputSchema.extend(id);
const noteIncident: Verb<typeof noteInput, Tx, Head> = {
  name: 'incident.note',
  permission: 'incident.write',
  input: noteInput,
  nodes: ofIncident,
  async run(tx, { id: incidentId, text }, { actor, now }) {
    await incidentRow(tx, incidentId);
    await says(tx, incidentId, { kind: 'note', text }, { actor, now });
    await tx.updateTable('incidents').set({ updatedAt: now }).where('id', '=', incidentId).execute();
    return outcome(tx, incidentId, null);
  },
};

const idInput = z.object(id);
/** Who acknowledges an incident that nobody owns owns it. */
const acknowledgeIncident: Verb<typeof idInput, Tx, Head> = {
  name: 'incident.acknowledge',
  permission: 'incident.write',
  input: idInput,
  nodes: ofIncident,
  async run(tx, { id: incidentId }, { actor, now }) {
    const row = await incidentRow(tx, incidentId);
    inState(row, 'open', 'acknowledged');
    if (row.status === 'open') {
      const set = {
        status: 'acknowledged',
        acknowledgedBy: actor.name,
        acknowledgedAt: now,
        owner: row.owner ?? actor.name,
        updatedAt: now,
      };
      await tx.updateTable('incidents').set(set).where('id', '=', incidentId).execute();
      await says(tx, incidentId, { kind: 'status', text: 'Acknowledged' }, { actor, now });
    }
    return outcome(tx, incidentId, stateOf(row));
  },
};

const resolveInput = resolveInputSchema.extend(id);
const resolveIncident: Verb<typeof resolveInput, Tx, Head> = {
  name: 'incident.resolve',
  permission: 'incident.write',
  input: resolveInput,
  nodes: ofIncident,
  async run(tx, { id: incidentId, reason }, { actor, now }) {
    const row = await incidentRow(tx, incidentId);
    inState(row, 'open', 'resolved');
    await closeIncident(tx, incidentId, { by: actor.name, reason, at: now });
    return outcome(tx, incidentId, stateOf(row));
  },
};

const reopenIncident: Verb<typeof resolveInput, Tx, Head> = {
  name: 'incident.reopen',
  permission: 'incident.write',
  input: resolveInput,
  nodes: ofIncident,
  async run(tx, { id: incidentId, reason }, { actor, now }) {
    const row = await incidentRow(tx, incidentId);
    inState(row, 'closed', 'reopened');
    await reopen(tx, incidentId, { by: actor.name, reason, at: now });
    return outcome(tx, incidentId, stateOf(row));
  },
};

const mergeInput = mergeInputSchema.extend(id);
/** Takes another incident in. */
const mergeIncident: Verb<typeof mergeInput, Tx, Head> = {
  name: 'incident.merge',
  permission: 'incident.write',
  input: mergeInput,
  nodes: async (tx, input) => [...(await nodeIdsOf(tx, input.id)), ...(await nodeIdsOf(tx, input.incidentId))],
  async run(tx, { id: into, incidentId: from }, { actor, now }) {
    const row = await incidentRow(tx, into);
    if (from === into) throw wrongState(`${incidentName(row.number)} cannot be merged into itself`);
    inState(row, 'open', 'merged with another');
    const other = await incidentRow(tx, from);
    if (other.mergedInto !== null) throw wrongState(`${incidentName(other.number)} was merged before`);
    await mergeInto(tx, { from, into, by: actor.name, at: now });
    return outcome(tx, into, { ...stateOf(row), took: other.number }, [from]);
  },
};

const splitInput = splitInputSchema.extend(id);
/** Some nodes have another cause: they go to an incident of their own, which is the result. */
const splitIncident: Verb<typeof splitInput, Tx, Head> = {
  name: 'incident.split',
  permission: 'incident.write',
  input: splitInput,
  nodes: ofIncident,
  async run(tx, { id: from, nodeIds, title }, { actor, now }) {
    const row = await incidentRow(tx, from);
    inState(row, 'open', 'split');
    const all = await tx.selectFrom('incidentNodes').selectAll().where('incidentId', '=', from).execute();
    const moving = all.filter((n) => nodeIds.includes(n.nodeId));
    if (moving.length === 0 || moving.length === all.length)
      throw wrongState(
        `${incidentName(row.number)} has ${all.length} nodes and ${moving.length} of them are to move: some must move, and some must stay`,
      );
    const head = await headOf(tx, from);
    const nodes = moving.map(({ nodeId, name }) => ({ nodeId, name }));
    const ids = moving.map(({ nodeId }) => nodeId);
    const fired = await tx.selectFrom('signals').select('id').where('incidentId', '=', from).where('nodeId', 'in', ids).limit(1).execute();
    // nothing says that nodes without a signal of their own have what the others have
    const cause = fired.length > 0 ? head.cause : 'by-hand';
    const into = await openIncident(tx, { title: title ?? null, cause, severity: null, by: actor.name, nodes }, now);
    await moveOf(tx, { from, into, nodeIds: ids });
    await tx.updateTable('incidentEntries').set({ incidentId: into }).where('incidentId', '=', from).where('nodeId', 'in', ids).execute();
    await tx.deleteFrom('incidentNodes').where('incidentId', '=', from).where('nodeId', 'in', ids).execute();
    await refreshIncident(tx, from, now);
    await refreshIncident(tx, into, now);
    const names = moving.map(({ name }) => name).join(', ');
    const number = (await incidentRow(tx, into)).number;
    const entry = { at: now, kind: 'status' as const, tone: 'neutral' as const, by: actor.name };
    await addEntry(tx, from, { ...entry, key: `split:${into}`, text: `${names} went to ${incidentName(number)}` });
    await addEntry(tx, into, { ...entry, key: `came:${from}`, text: `Split from ${incidentName(row.number)}` });
    return outcome(tx, into, stateOf(row), [from]);
  },
};

/** Each tells `noted` of the incidents that it changed, in its own transaction. */
export const createVerbs = (noted: Noted) => {
  const telling = <S extends z.ZodType>(verb: Verb<S, Tx, Head>): Verb<S, Tx, Head> => ({
    ...verb,
    async run(tx, input, context) {
      const done = await verb.run(tx, input, context);
      for (const event of done.events ?? []) if (event.type === 'incident.changed') await noted(tx, event.incidentId);
      return done;
    },
  });
  return {
    declare: telling(declareIncident),
    edit: telling(editIncident),
    note: telling(noteIncident),
    acknowledge: telling(acknowledgeIncident),
    resolve: telling(resolveIncident),
    reopen: telling(reopenIncident),
    merge: telling(mergeIncident),
    split: telling(splitIncident),
  };
};
