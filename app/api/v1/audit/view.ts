import type { Scope } from '#server/access/index.ts';
import type { AuditView } from '#server/audit/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { AuditRow } from '#shared/audit-chain.ts';

/**
 * What a reader sees of the audit: who reads it everywhere, all of it; others what they did themselves, and what was done to nodes and runs they read it
 * on. Of a run that also has other nodes, that it was done and not what stood there before and after. What is about people, tokens and rules is not theirs.
 */
export async function auditView(runtime: Pick<Runtime, 'audit' | 'runTargets'>, scope: Scope): Promise<AuditView> {
  if (scope.everywhere('audit.read')) return runtime.audit.whole;
  const seen = await scope.visible('audit.read');
  const runs = new Map<string, Promise<string[]>>();
  const targetsOf = (runId: string) => {
    const known = runs.get(runId) ?? runtime.runTargets(runId);
    runs.set(runId, known);
    return known;
  };
  return async (row) => {
    const [kind, id = ''] = row.object.split(':', 2);
    if (kind === 'node' && seen.has(id)) return row;
    const mine = row.actorKind === scope.actor.kind && row.actorId === scope.actor.id;
    if (kind === 'run') {
      const targets = await targetsOf(id);
      if (seen.every(targets)) return row;
      if (seen.some(targets)) return closed(row);
    }
    return mine ? (kind === '-' ? row : closed(row)) : null;
  };
}

const closed = (row: AuditRow): AuditRow => ({ ...row, before: null, after: null });
