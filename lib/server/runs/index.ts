import type { RunList } from '#shared/runs.ts';
import { type Instant, toInstant } from '#shared/time.ts';
import { abortRun, answerGate, notFound, pauseRun, resumeRun, retryRun } from './control.ts';
import type { RunsDeps } from './deps.ts';
import { createEngine } from './engine.ts';
import { createStartRun } from './start.ts';
import { listRuns, readRun } from './view.ts';

export type { RunsDeps } from './deps.ts';
export type Runs = ReturnType<typeof createRuns>;

const LIST_LIMIT = 200;

/** The run engine: what runs there are, the verbs that change them, and the worker that advances them. */
export function createRuns(deps: RunsDeps) {
  const { db, log } = deps;
  /** node → the run that is changing it, as of the last change */
  let locks = new Map<string, string>();
  const refreshLocks = async () => {
    const rows = await db.selectFrom('runLocks').selectAll().execute();
    locks = new Map(rows.map((row) => [row.nodeId, row.runId]));
  };
  const engine = createEngine(deps, () => {
    refreshLocks().catch((error) => log.warn({ err: error }, 'the locks of the runs could not be read'));
  });

  return {
    verbs: { start: createStartRun({ runbooks: deps.runbooks, facts: deps.facts }), pauseRun, resumeRun, abortRun, retryRun, answerGate },
    async start(): Promise<void> {
      await refreshLocks();
      engine.start();
    },
    stop: () => engine.stop(),
    async get(id: string) {
      const run = await readRun(db, id);
      if (run === null) throw notFound(id);
      return run;
    },
    list: (): Promise<RunList> => listRuns(db, LIST_LIMIT),
    activeRunOf: (nodeId: string): string | null => locks.get(nodeId) ?? null,
    /** The runs that did something on a node in a span of time, for its charts. */
    async touching(
      nodeId: string,
      fromMs: number,
      toMs: number,
    ): Promise<{ id: string; title: string; from: Instant; to: Instant | null; verdict: string | null }[]> {
      const rows = await db
        .selectFrom('runTargets as t')
        .innerJoin('runs as r', 'r.id', 't.runId')
        .select(['r.id', 'r.runbookTitle', 't.startedAt', 't.finishedAt', 't.verdict'])
        .where('t.nodeId', '=', nodeId)
        .where('t.startedAt', '<=', toMs)
        .where((eb) => eb.or([eb('t.finishedAt', 'is', null), eb('t.finishedAt', '>=', fromMs)]))
        .orderBy('t.startedAt')
        .execute();
      return rows.flatMap((r) =>
        r.startedAt === null
          ? []
          : [
              {
                id: r.id,
                title: r.runbookTitle,
                from: toInstant(r.startedAt),
                to: r.finishedAt === null ? null : toInstant(r.finishedAt),
                verdict: r.verdict,
              },
            ],
      );
    },
  };
}
