import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { NodeOps, Outcome, RawLook } from '#server/ssh/index.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { type FdLook, fdLookSchema, type NodeFds } from '#shared/xray.ts';
import { backendNames } from './backend-names.ts';
import { classifyLook } from './classify.ts';
import { compareLooks, summaryOf } from './compare.ts';
import { findingsOf } from './findings.ts';
import { readFirstSeen, writeFirstSeen } from './first-seen.ts';

/** looks kept of a node; what its newest look knows of ages reaches further back */
const KEPT = 20;
/** below the 10 s in which the console answers */
const LOOK_MS = 8000;

const input = z.object({ id: z.string().min(1).max(64) });
type KeepLook = Verb<typeof input, Tx, { id: string }>;

/** A look, and the node's config.yaml where it could be read. */
type Looked = Outcome<RawLook> & { config: Buffer | null };

export type Xray = ReturnType<typeof createXray>;

/** Looks at every fd of a node's process, kept and compared. A look changes nothing on the node. */
export function createXray(deps: {
  db: Db;
  ops: Pick<NodeOps, 'xray'> & Partial<Pick<NodeOps, 'readConfig'>>;
  nodes: { get(id: string): Promise<FleetMember> };
  clock: Clock;
}) {
  const { db, ops, nodes, clock } = deps;
  /** who asks while a look is under way gets that one: a node is never looked at twice at once */
  const underWay = new Map<string, Promise<Looked>>();

  function lookNow(node: FleetMember): Promise<Looked> {
    const running = underWay.get(node.id);
    if (running) return running;
    // without the file peers have no names, and that is all
    const config = Promise.resolve(ops.readConfig?.(node, { timeoutMs: LOOK_MS })).catch(() => undefined);
    const look = Promise.all([ops.xray(node, { timeoutMs: LOOK_MS }), config])
      .then(([outcome, file]) => ({ ...outcome, config: file?.value.bytes ?? null }))
      .finally(() => underWay.delete(node.id));
    underWay.set(node.id, look);
    return look;
  }

  const newest = (nodeId: string, count: number) =>
    db
      .selectFrom('xrayLooks')
      .select('look')
      .where('nodeId', '=', nodeId)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(count)
      .execute();

  return {
    /** Looks at the node now; what comes back is a verb that keeps the look. Run it with the same id. */
    async look(nodeId: string): Promise<KeepLook> {
      const outcome = await lookNow(await nodes.get(nodeId));
      return {
        name: 'node.inspect',
        permission: 'fleet.inspect',
        input,
        nodes: (_tx, { id }) => [id],
        run: (tx, { id }, { actor }) => keep(tx, { nodeId: id, by: actor.name, outcome }),
      };
    },

    /** The newest look and what grew since the one before; null where there is none. */
    async last(nodeId: string): Promise<Pick<NodeFds, 'look' | 'comparison'>> {
      const rows = await newest(nodeId, 2);
      const [look, before] = rows.map((row) => fdLookSchema.parse(JSON.parse(row.look)));
      return { look: look ?? null, comparison: look && before ? compareLooks(before, look) : null };
    },

    /** The newest look, against the one before it or the one named. */
    async view(nodeId: string, sinceId?: string): Promise<NodeFds> {
      await nodes.get(nodeId);
      const rows = await newest(nodeId, KEPT);
      const looks = rows.map((row) => fdLookSchema.parse(JSON.parse(row.look)));
      const since = sinceId === undefined ? looks[1] : looks.find(({ id }) => id === sinceId);
      if (sinceId !== undefined && !since)
        throw new HeadroomError('xray.look-not-found', `the look ${JSON.stringify(sinceId)} is not among the last ${KEPT} of this node`);
      const look = looks[0] ?? null;
      const comparison = look && since && since.id !== look.id ? compareLooks(since, look) : null;
      return { looks: looks.map(summaryOf), look, comparison, findings: look ? findingsOf(look, comparison) : [] };
    },
  };

  async function keep(tx: Tx, o: { nodeId: string; by: string; outcome: Looked }) {
    const { value: raw, receipt } = o.outcome;
    const last = await tx
      .selectFrom('xrayLooks')
      .select(['at', 'seen'])
      .where('nodeId', '=', o.nodeId)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .executeTakeFirst();
    // a console clock that was set back must not put a look before the one that it follows
    const at = Math.max(receipt.at, (last?.at ?? 0) + 1);
    const { groups, seen } = classifyLook(raw, at, readFirstSeen(last?.seen ?? ''), backendNames(o.outcome.config));
    const look: FdLook = {
      ...{ id: newId('x', clock.now()), at: toInstant(at), by: o.by, groups },
      ...{ pid: raw.pid, comm: raw.comm, openFds: raw.openFds, fdLimit: raw.fdSoftLimit, untracked: raw.idsCut, cpuMs: raw.cpuMs },
      processStart: raw.processStartMs === null ? null : toInstant(raw.processStartMs),
      ...{ durationMs: receipt.durationMs, command: receipt.command, sha256: receipt.sha256 },
    };
    await tx.updateTable('xrayLooks').set({ seen: '' }).where('nodeId', '=', o.nodeId).execute();
    await tx
      .insertInto('xrayLooks')
      .values({ id: look.id, nodeId: o.nodeId, at, look: JSON.stringify(look), seen: writeFirstSeen(seen) })
      .execute();
    const kept = tx.selectFrom('xrayLooks').select('id').where('nodeId', '=', o.nodeId).orderBy('at', 'desc').limit(KEPT);
    await tx.deleteFrom('xrayLooks').where('nodeId', '=', o.nodeId).where('id', 'not in', kept).execute();
    return { result: { id: look.id }, object: `node:${o.nodeId}`, after: { look: look.id, pid: look.pid, openFds: look.openFds } };
  }
}
