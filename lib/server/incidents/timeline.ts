import type { Db } from '#server/db/index.ts';
import type { NodeEventsAnswer } from '#shared/annotations.ts';
import { type TimelineEntry, timelineEntrySchema } from '#shared/incidents.ts';
import { runName } from '#shared/run-name.ts';
import { toInstant } from '#shared/time.ts';
import { formatCount } from '#shared/units/count.ts';

/** Nodes whose restarts and configs are read; the runs and signals of all are in it. */
const MOST_NODES = 30;
/** What led up to it is part of it. */
export const BEFORE_MS = 30 * 60_000;

/** An incident that flaps for weeks is told by its newest. */
const MOST_ENTRIES = 2000;

type Span = { fromMs: number; toMs: number };
export type TimelineDeps = {
  db: Db;
  events: (nodeId: string, query: { from: number; to: number }) => Promise<NodeEventsAnswer>;
};

/** What was kept as it happened, and what else is known of its nodes: runs, restarts, other configs. Oldest first. */
export async function readTimeline(
  deps: TimelineDeps,
  incident: { id: string; nodes: readonly { nodeId: string; name: string }[] } & Span,
): Promise<TimelineEntry[]> {
  const { db } = deps;
  const rows = await db
    .selectFrom('incidentEntries')
    .selectAll()
    .where('incidentId', '=', incident.id)
    .orderBy('seq', 'desc')
    .limit(MOST_ENTRIES)
    .execute();
  const kept = rows
    .reverse()
    .map(({ actor, at, ...row }) => timelineEntrySchema.parse({ ...row, at: toInstant(at), by: actor, id: row.id }));
  const [runs, happened] = await Promise.all([
    runEntries(db, incident.nodes, incident),
    Promise.all(incident.nodes.slice(0, MOST_NODES).map((node) => nodeEntries(deps, node, incident))),
  ]);
  const all = [...kept, ...runs, ...happened.flat()];
  // stable: what was written at one instant stays in the order in which it was
  return all.sort((a, b) => a.at.localeCompare(b.at));
}

/** No process before this one was seen. */
export const BEGAN = 'The process began';

const VERDICT_WORDS: Record<string, { words: string; tone: TimelineEntry['tone'] }> = {
  pass: { words: 'pass', tone: 'ok' },
  fail: { words: 'not fixed', tone: 'danger' },
  inconclusive: { words: 'inconclusive', tone: 'warn' },
};

async function runEntries(db: Db, nodes: readonly { nodeId: string }[], { fromMs, toMs }: Span): Promise<TimelineEntry[]> {
  if (nodes.length === 0) return [];
  const rows = await db
    .selectFrom('runTargets as t')
    .innerJoin('runs as r', 'r.id', 't.runId')
    .select([
      't.runId',
      't.nodeId',
      't.name',
      't.startedAt',
      't.finishedAt',
      't.verdict',
      't.status',
      't.summary',
      'r.runbookKey',
      'r.startedBy',
      'r.dryRun',
    ])
    .where(
      't.nodeId',
      'in',
      nodes.map((n) => n.nodeId),
    )
    .where('t.startedAt', '<=', toMs)
    .where((eb) => eb.or([eb('t.finishedAt', 'is', null), eb('t.finishedAt', '>=', fromMs)]))
    .execute();
  return rows.flatMap((row) => {
    if (row.startedAt === null) return [];
    const name = runName(row.runId);
    const about = { kind: 'run' as const, nodeId: row.nodeId, nodeName: row.name, runId: row.runId, captureId: null };
    const began: TimelineEntry = {
      ...{ ...about, id: `${row.runId}:${row.nodeId}:began`, at: toInstant(row.startedAt), tone: 'neutral' },
      ...{ text: `${name} ${row.runbookKey}${row.dryRun === 1 ? ' (dry run)' : ''} began`, by: row.startedBy },
    };
    if (row.finishedAt === null) return [began];
    const verdict = row.verdict === null ? undefined : VERDICT_WORDS[row.verdict];
    const tone = verdict?.tone ?? (row.status === 'succeeded' ? 'ok' : 'warn');
    const text = `${name}: ${row.summary === '' ? (verdict?.words ?? row.status) : row.summary}`;
    return [began, { ...about, id: `${row.runId}:${row.nodeId}:ended`, at: toInstant(row.finishedAt), tone, text, by: null }];
  });
}

async function nodeEntries(deps: TimelineDeps, node: { nodeId: string; name: string }, { fromMs, toMs }: Span): Promise<TimelineEntry[]> {
  // a node that was removed has no history any more
  const answer = await deps.events(node.nodeId, { from: fromMs, to: toMs }).catch(() => null);
  return (answer?.events ?? []).flatMap((event): TimelineEntry[] => {
    const at = event.from;
    if (Date.parse(at) < fromMs) return [];
    const about = { nodeId: node.nodeId, nodeName: node.name, captureId: null, by: null, tone: 'neutral' as const, at };
    if (event.kind === 'restart') {
      const fds =
        event.fdsBefore !== null && event.fdsAfter !== null
          ? `: ${formatCount(event.fdsBefore)} fds before, ${formatCount(event.fdsAfter)} after`
          : '';
      const first = event.runId === null && event.livedSeconds === null && event.fdsBefore === null;
      const by = first ? BEGAN : event.runId === null ? 'Restarted by hand or by itself' : `Restarted by ${runName(event.runId)}`;
      return [{ ...about, id: `restart:${node.nodeId}:${at}`, kind: 'restart', text: `${by}${fds}`, runId: event.runId }];
    }
    if (event.kind === 'config') {
      const by = event.runId === null ? 'by hand' : `by ${runName(event.runId)}`;
      const text = `config.yaml seen changed ${by}: sha256 ${event.after.slice(0, 12)}`;
      return [
        {
          ...about,
          id: `config:${node.nodeId}:${at}`,
          kind: 'config',
          text,
          runId: event.runId,
          tone: event.runId === null ? 'warn' : 'neutral',
        },
      ];
    }
    return [];
  });
}
