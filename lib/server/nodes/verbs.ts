import net from 'node:net';
import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { embeddedIpv4 } from '#server/kernel/denied-address.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type Actor, mayEverywhere, mayOn } from '#shared/access.ts';
import { describeGrants } from '#shared/grants.ts';
import { type FleetMember, type NodeInput, nodeInputSchema } from '#shared/nodes.ts';
import { notFound } from './registry.ts';
import { reach, toColumns, toMember } from './row.ts';

const versioned = z.object({ id: z.string(), /** from If-Match */ version: z.number().int() });
const updateInput = versioned.extend({ node: nodeInputSchema });

export const addNode: Verb<typeof nodeInputSchema, Tx, FleetMember> = {
  name: 'node.add',
  permission: 'node.write',
  input: nodeInputSchema,
  nodes: 'itself',
  async run(tx, input, { actor, now }) {
    await assertNameIsFree(tx, input.name);
    const row = { ...toColumns(input), id: newId('n', now), version: 1, createdAt: now };
    assertStaysOurs(actor, toMember(row));
    assertAsksNoConsole(actor, toMember(row));
    await tx.insertInto('nodes').values(row).execute();
    return { result: toMember(row), object: `node:${row.id}`, after: toMember(row), events: [{ type: 'node.changed', nodeId: row.id }] };
  },
};

export const updateNode: Verb<typeof updateInput, Tx, FleetMember> = {
  name: 'node.update',
  permission: 'node.write',
  input: updateInput,
  nodes: (_tx, { id }) => [id],
  async run(tx, { id, version, node }, { actor }) {
    const before = await current(tx, id, version);
    await assertMayChange(tx, before, node);
    if (node.name !== before.name) await assertNameIsFree(tx, node.name);
    const change = { ...toColumns(node), version: version + 1 };
    await tx.updateTable('nodes').set(change).where('id', '=', id).execute();
    const after = { ...before, ...node, ...reach(node), version: version + 1 };
    assertStaysOurs(actor, after);
    if (JSON.stringify(after.metrics) !== JSON.stringify(before.metrics)) assertAsksNoConsole(actor, after);
    return { result: after, object: `node:${id}`, before, after, events: [{ type: 'node.changed', nodeId: id }] };
  },
};

export const removeNode: Verb<typeof versioned, Tx, { removed: string }> = {
  name: 'node.remove',
  permission: 'node.write',
  input: versioned,
  nodes: (_tx, { id }) => [id],
  async run(tx, { id, version }) {
    const before = await current(tx, id, version);
    await assertFree(tx, before, 'whether it is here');
    await tx.deleteFrom('nodes').where('id', '=', id).execute();
    return { result: { removed: id }, object: `node:${id}`, before, events: [{ type: 'node.changed', nodeId: id }] };
  },
};

const adoptInput = z.object({
  id: z.string(),
  /** of the bytes that the person saw and that lie on the node now */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be the sha256 of config.yaml, 64 hex digits'),
});

/** What lies on the node becomes what was agreed, so that it is no drift. Whoever calls it has read the file. */
export const adoptConfig: Verb<typeof adoptInput, Tx, { sha256: string; adopted: boolean }> = {
  name: 'config.adopt',
  permission: 'node.write',
  input: adoptInput,
  nodes: (_tx, { id }) => [id],
  async run(tx, { id, sha256 }, { now }) {
    const row = await tx.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw notFound(id);
    await assertFree(tx, toMember(row), 'what is agreed of it');
    const known = await tx.selectFrom('agreedConfigs').select('sha256').where('nodeId', '=', id).executeTakeFirst();
    const values = { sha256, agreedAt: now };
    await tx
      .insertInto('agreedConfigs')
      .values({ nodeId: id, ...values })
      .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(values))
      .execute();
    return {
      result: { sha256, adopted: known?.sha256 !== sha256 },
      object: `node:${id}`,
      before: { agreed: known?.sha256 ?? null },
      after: { agreed: sha256 },
      events: [{ type: 'node.changed', nodeId: id }],
    };
  },
};

async function current(tx: Tx, id: string, version: number): Promise<FleetMember> {
  const row = await tx.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound(id);
  if (row.version !== version)
    throw new HeadroomError(
      'request.precondition-failed',
      `the node ${row.name} is at version ${row.version}, not ${version}: read it again and redo the change`,
    );
  return toMember(row);
}

/** Nobody gives a node away, or takes one in, by what it is called: as it is afterwards, it must be theirs too. */
function assertStaysOurs(actor: Actor, after: FleetMember): void {
  if (mayOn(actor, 'node.write', after)) return;
  const words = `${after.name} would be a node that ${actor.name} may not write: they are ${describeGrants(actor)}`;
  throw new HeadroomError('auth.forbidden', `${words}; give it name and labels that this covers`);
}

/** What the console itself asks at this machine's own address is the whole fleet's: who holds some nodes could ask what listens beside the console. */
function assertAsksNoConsole(actor: Actor, { name, metrics }: FleetMember): void {
  if (metrics.via !== 'http' || mayEverywhere(actor, 'node.write') || !isThisMachine(new URL(metrics.url).hostname)) return;
  throw new HeadroomError(
    'auth.forbidden',
    `the metrics URL of ${name} leads to the console's own machine, which takes node.write on every node: give the node's address, or read them through SSH`,
    { fields: [{ path: 'metrics.url', message: 'leads to the machine of the console' }] },
  );
}

/** Of a URL, which writes every form of an IPv4 address with dots. */
function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = net.isIPv4(host) ? host : embeddedIpv4(host);
  return host === '::1' || /(^|\.)localhost\.?$/.test(host) || address?.startsWith('127.') === true;
}

/** Where a run has left its backup, its timer and its change: pointed elsewhere, it would find none of them again. */
const REACHED_BY = [
  'host',
  'sshPort',
  'user',
  'unit',
  'configPath',
  'transport',
  'proxyJump',
  'proxyJumpKey',
] as const satisfies (keyof FleetMember)[];

export async function assertMayChange(tx: Tx, before: FleetMember, after: NodeInput): Promise<void> {
  const [from, to] = [before, after].map((node) => ({ ...node, ...reach(node) }));
  if (REACHED_BY.some((key) => to?.[key] !== from?.[key])) await assertFree(tx, before, 'how it is reached');
}

async function assertFree(tx: Tx, node: FleetMember, what: string): Promise<void> {
  const held = await tx.selectFrom('runLocks').select('runId').where('nodeId', '=', node.id).executeTakeFirst();
  if (held)
    throw new HeadroomError(
      'node.busy',
      `the run ${held.runId} is changing ${node.name}: ${what} can change after its end; wait, or abort it`,
    );
}

async function assertNameIsFree(tx: Tx, name: string): Promise<void> {
  const taken = await tx.selectFrom('nodes').select('id').where('name', '=', name).executeTakeFirst();
  if (taken) throw new HeadroomError('node.name-taken', `the name ${name} belongs to the node ${taken.id}: choose another one`);
}
