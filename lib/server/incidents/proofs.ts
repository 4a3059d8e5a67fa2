import type { Db, Tx } from '#server/db/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { judgementSchema } from '#shared/runs.ts';
import type { NodeProof } from './close.ts';
import type { SignalRow } from './rows.ts';

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

/** What each node of an incident shows now. */
export function proofsOf(o: {
  nodes: readonly { nodeId: string; name: string }[];
  signals: readonly Pick<SignalRow, 'nodeId' | 'since' | 'until'>[];
  fixes: readonly ProvenFix[];
  fleet: ReadonlyMap<string, FleetNode>;
  /** of the present process life */
  accepted: (nodeId: string) => number | null;
  now: number;
}): NodeProof[] {
  return o.nodes.map(({ nodeId, name }) => {
    const own = o.signals.filter((s) => s.nodeId === nodeId);
    const firing = own.filter((s) => s.until === null).length;
    const began = Math.max(...own.map((s) => s.since), Number.NEGATIVE_INFINITY);
    const fix = o.fixes.findLast((f) => f.nodeId === nodeId && f.finishedAt >= began);
    const node = o.fleet.get(nodeId);
    return {
      ...{ name, firing, hadSignals: own.length > 0, fixedBy: fix && own.length > 0 ? runName(fix.runId) : null },
      quietSince: firing > 0 || own.length === 0 ? null : Math.max(...own.map((s) => s.until ?? 0)),
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
