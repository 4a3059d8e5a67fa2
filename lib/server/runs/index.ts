import type { EventListener } from '#server/events/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { ChangeRule } from '#shared/change-rules.ts';
import { fingerprintOf } from '#shared/evidence/bundle.ts';
import type { Run, RunList, RunTarget } from '#shared/runs.ts';
import { type Instant, toInstant } from '#shared/time.ts';
import { exportRun } from './bundle/export-run.ts';
import { writePostmortem } from './bundle/postmortem.ts';
import { createSigningKey } from './bundle/signing-key.ts';
import { doneByHand } from './by-hand.ts';
import { abortRun, answerGate, notFound, pauseRun, resumeRun } from './control.ts';
import type { RunsDeps } from './deps.ts';
import { createEngine } from './engine.ts';
import { narrowRun } from './narrow.ts';
import { createRetryRun } from './retry.ts';
import { createRollBack } from './roll-back.ts';
import { approveRun } from './rules/approve.ts';
import { addChangeRule, loadRules, removeChangeRule } from './rules/rules.ts';
import { skipInRun } from './skip.ts';
import { createStartRun } from './start.ts';
import { allowRuns, stopAllRuns } from './stop-all.ts';
import { loadReceipts } from './store.ts';
import { listRuns, readRun, readTarget } from './view.ts';

export type { RunsDeps } from './deps.ts';
export { createPgBossQueue } from './queue-pg-boss.ts';
export { releasesIn } from './releases.ts';
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
  const followLocks: EventListener = (_id, event, { by, facts }) => {
    // most of what an engine tells is of steps
    if (event.type !== 'run.changed' || (by !== undefined && !(facts && 'locks' in facts && facts.locks))) return;
    refreshLocks().catch((error) => log.warn({ err: error }, 'the locks of the runs could not be read'));
  };
  const engine = createEngine(deps);
  let stopFollowing: (() => void) | null = null;

  const signingKey = createSigningKey(deps.sealed);
  const get = async (id: string, options: { whole?: boolean } = {}): Promise<Run> => {
    const run = await readRun(db, id, options);
    if (run === null) throw notFound(id);
    return run;
  };

  return {
    verbs: {
      start: createStartRun({ runbooks: deps.runbooks, facts: deps.facts }),
      rollBack: createRollBack(deps),
      pauseRun,
      resumeRun,
      abortRun,
      retryRun: createRetryRun({ facts: deps.facts }),
      answerGate,
      skipInRun,
      doneByHand,
      approveRun,
      addChangeRule,
      removeChangeRule,
      stopAllRuns,
      allowRuns,
    },
    /** `advances` false: others work on the runs, this process shows them. */
    async start({ advances }: { advances: boolean } = { advances: true }): Promise<void> {
      stopFollowing = deps.events.subscribe(followLocks);
      await refreshLocks();
      if (advances) engine.start();
    },
    async stop(): Promise<void> {
      stopFollowing?.();
      await engine.stop();
    },
    get: (id: string): Promise<Run> => get(id),
    /** of a run what somebody sees who sees only these nodes */
    narrow: narrowRun,
    /** One node of it, with steps and receipts. */
    async target(id: string, nodeId: string): Promise<RunTarget> {
      const target = await readTarget(db, id, nodeId);
      if (target === null) throw new HeadroomError('run.not-found', `The run ${id.slice(0, 64)} has no node ${nodeId.slice(0, 64)}.`);
      return target;
    },
    /** The run as one signed file, `bundleSchema` as text. */
    async exportEvidence(id: string, by: string): Promise<string> {
      const run = await get(id, { whole: true });
      const { runbookText } = await db.selectFrom('runs').select('runbookText').where('id', '=', id).executeTakeFirstOrThrow();
      return exportRun({ db, run, runbookText, key: await signingKey(), by, now: deps.clock.now() });
    },
    /** Markdown, a draft for people to go on with. */
    async draftPostmortem(id: string): Promise<string> {
      const run = await get(id, { whole: true });
      return writePostmortem(run, await loadReceipts(db, run));
    },
    async evidenceKey(): Promise<{ publicKey: string; fingerprint: string }> {
      const { publicKey } = await signingKey();
      return { publicKey, fingerprint: await fingerprintOf(publicKey) };
    },
    changeRules: (): Promise<ChangeRule[]> => loadRules(db),
    /** The newest; with `seen`, those with one of these nodes, as who sees only these is shown them. */
    list: (seen?: readonly string[]): Promise<RunList> => listRuns(db, LIST_LIMIT, seen),
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
