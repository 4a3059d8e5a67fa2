import type { Db, Tx } from '#server/db/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { judgementSchema } from '#shared/runs.ts';
import type { NodeProof } from './close.ts';

export type ProvenFix = { runId: string; nodeId: string; finishedAt: number; summary: string };

/** Runs that were judged fixed on these nodes since then: only where the process did leak before, for a run on a healthy node proves nothing of a leak. */
export async function provenFixes(db: Db | Tx, nodeIds: readonly string[], sinceMs: number): Promise<ProvenFix[]> {
  if (nodeIds.length === 0) return [];
  const rows = await db
    .selectFrom('runTargets')
    .select(['runId', 'nodeId', 'finishedAt', 'summary', 'judgement'])
    .where('nodeId', 'in', [...nodeIds])
    .where('verdict', '=', 'pass')
    .where('status', '=', 'succeeded')
    .where('finishedAt', '>=', sinceMs)
    .where('judgement', 'is not', null)
    .orderBy('finishedAt')
    .execute();
  return rows.flatMap(({ judgement, finishedAt, ...row }) => {
    const parsed = judgementSchema.safeParse(JSON.parse(judgement ?? 'null'));
    const before = parsed.success ? parsed.data.before : null;
    const leaked = (before?.perMinute?.low ?? before?.per1000Connections?.low ?? 0) > 0;
    return leaked && parsed.data?.after && finishedAt !== null ? [{ ...row, finishedAt }] : [];
  });
}

/** Of the signals of one node in one incident: when the first and the last began, when the last ended, how many fire. */
export type NodeSignals = { nodeId: string; first: number; began: number; quietSince: number; firing: number };

/** Counted in the database: an incident that flaps for hours has tens of thousands of signals. */
export async function signalsByNode(db: Db | Tx, incidentId: string): Promise<NodeSignals[]> {
  const rows = await db
    .selectFrom('signals')
    .select((eb) => [
      'nodeId',
      eb.fn.min('since').as('first'),
      eb.fn.max('since').as('began'),
      eb.fn.max('until').as('quietSince'),
      eb.fn.countAll().as('all'),
      eb.fn.count('until').as('ended'),
    ])
    .where('incidentId', '=', incidentId)
    .groupBy('nodeId')
    .execute();
  return rows.map(({ nodeId, first, began, quietSince, all, ended }) => ({
    ...{ nodeId, first: Number(first), began: Number(began), quietSince: Number(quietSince ?? 0), firing: Number(all) - Number(ended) },
  }));
}

/** What each node of an incident shows now. */
export function proofsOf(o: {
  nodes: readonly { nodeId: string; name: string }[];
  signals: readonly NodeSignals[];
  fixes: readonly ProvenFix[];
  fleet: ReadonlyMap<string, FleetNode>;
  /** of the present process life */
  accepted: (nodeId: string) => number | null;
  now: number;
}): NodeProof[] {
  const signals = new Map(o.signals.map((one) => [one.nodeId, one]));
  const fixes = new Map(o.fixes.map((one) => [one.nodeId, one]));
  return o.nodes.map(({ nodeId, name }) => {
    const own = signals.get(nodeId);
    const firing = own?.firing ?? 0;
    const last = fixes.get(nodeId);
    const fix = own && last && last.finishedAt >= own.began ? last : null;
    const node = o.fleet.get(nodeId);
    return {
      ...{ name, firing, hadSignals: own !== undefined, fixedBy: fix && runName(fix.runId) },
      quietSince: firing > 0 || own === undefined ? null : own.quietSince,
      // a node that was removed has nothing to prove any more
      verdict: node ? node.leak.verdict : 'not-leaking',
      accepted: node ? o.accepted(nodeId) : Number.POSITIVE_INFINITY,
      processAgeMs: node?.processStart == null ? null : o.now - Date.parse(node.processStart),
    };
  });
}

/** Accepted connections of the present process, resets included; null where the node does not count them. */
export function acceptedOf(samples: readonly Sample[]): number | null {
  return samples.at(-1)?.acceptedTotal ?? null;
}
