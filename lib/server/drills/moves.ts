import type { Db } from '#server/db/index.ts';
import type { Move } from './score.ts';

const POOL_RUNBOOKS = ['fd-leak', 'pool-settings', 'pool-reload'];
/** More than a drill can hold; a bound for a console that does other things meanwhile. */
const MOST = 500;

/** What was done to nodes in a span: from the steps of runs that began to act, and from the audit. */
export async function movesBetween(db: Db, fromMs: number, toMs: number): Promise<Move[]> {
  const [runs, audited] = await Promise.all([runMoves(db, fromMs, toMs), auditMoves(db, fromMs, toMs)]);
  return [...runs, ...audited].sort((a, b) => a.at - b.at);
}

async function runMoves(db: Db, fromMs: number, toMs: number): Promise<Move[]> {
  const rows = await db
    .selectFrom('runSteps as s')
    .innerJoin('runs as r', 'r.id', 's.runId')
    .select([
      's.runId',
      's.nodeId',
      's.kind',
      's.key',
      's.status',
      's.startedAt',
      's.finishedAt',
      'r.runbookKey',
      'r.runbookTitle',
      'r.params',
      'r.startedBy',
    ])
    .where('r.dryRun', '=', 0)
    .where('s.startedAt', '>=', fromMs)
    .where('s.startedAt', '<=', toMs)
    .where('s.kind', 'in', ['capture', 'service', 'edit-config', 'set-limit'])
    .where('s.status', 'in', ['running', 'succeeded', 'failed', 'inconclusive'])
    .orderBy('s.startedAt')
    .limit(MOST)
    .execute();
  return rows.flatMap((row): Move[] => {
    if (row.startedAt === null) return [];
    const kind = kindOf(row);
    if (kind === null) return [];
    const about = { by: row.startedBy, nodeIds: [row.nodeId], href: `/runs/${row.runId}` };
    return [{ ...about, at: row.startedAt, kind, what: `${WORDS[kind]} by the runbook ${row.runbookKey}` }];
  });
}

const WORDS: Record<Move['kind'], string> = {
  evidence: 'Evidence kept',
  restart: 'Restarted',
  'pool-off': 'Pool turned off',
  'pool-change': 'Pool settings changed',
  limit: 'Limit raised',
  'closed-incident': 'Incident closed',
  other: 'Something else',
};

function kindOf(step: { kind: string; status: string; runbookKey: string; params: string }): Move['kind'] | null {
  switch (step.kind) {
    case 'capture':
      return step.status === 'succeeded' || step.status === 'inconclusive' ? 'evidence' : null;
    case 'service':
      return 'restart';
    case 'set-limit':
      return 'limit';
    case 'edit-config': {
      if (!POOL_RUNBOOKS.includes(step.runbookKey)) return 'other';
      return step.runbookKey === 'fd-leak' || /"enabled":\s*false/.test(step.params) ? 'pool-off' : 'pool-change';
    }
    default:
      return null;
  }
}

/** `action` of the audit → what it means here. Its object is a node or an incident. */
const AUDITED: Record<string, Move['kind']> = {
  'node.inspect': 'evidence',
  'incident.capture': 'evidence',
  'incident.resolve': 'closed-incident',
};

async function auditMoves(db: Db, fromMs: number, toMs: number): Promise<Move[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'action', 'object', 'actorName', 'before', 'after'])
    .where('at', '>=', fromMs)
    .where('at', '<=', toMs)
    .where('result', '=', 'ok')
    .where('action', 'in', Object.keys(AUDITED))
    .orderBy('seq')
    .limit(MOST)
    .execute();
  const incidents = await nodesOfIncidents(
    db,
    rows.flatMap(({ object }) => (object.startsWith('incident:') ? object.slice('incident:'.length) : [])),
  );
  return rows.map((row): Move => {
    const kind = AUDITED[row.action] ?? 'other';
    const [noun, id = ''] = row.object.split(':');
    const nodeIds = [...(noun === 'node' ? [id] : []), ...(incidents.get(id) ?? []), ...namedNodes(row.after), ...namedNodes(row.before)];
    const href = noun === 'node' ? `/nodes/${id}` : noun === 'incident' ? `/incidents/${id}` : null;
    return { at: row.at, by: row.actorName, kind, nodeIds: [...new Set(nodeIds)], href, what: WORDS[kind] };
  });
}

async function nodesOfIncidents(db: Db, ids: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (ids.length === 0) return found;
  const rows = await db.selectFrom('incidentNodes').select(['incidentId', 'nodeId']).where('incidentId', 'in', ids).execute();
  for (const { incidentId, nodeId } of rows) found.set(incidentId, [...(found.get(incidentId) ?? []), nodeId]);
  return found;
}

/** `nodeId` and `nodeIds` in the JSON of an audit entry. */
function namedNodes(json: string | null): string[] {
  return json === null ? [] : [...json.matchAll(/"(n_[0-9a-z]+)"/g)].flatMap(([, id]) => id ?? []);
}
