import { isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import { ERROR_CODES } from '#shared/errors.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { RunbookStep } from '#shared/runbooks.ts';
import { findControl, findPeers } from './beside.ts';
import type { RunsDeps } from './deps.ts';
import { earlierAttempt } from './earlier-attempt.ts';
import { type Proof, storeEvidence } from './evidence.ts';
import { Interrupted, NodeLost } from './interrupted.ts';
import { releasesIn } from './releases.ts';
import type { TargetState } from './state.ts';
import type { StepContext, StepResult } from './steps/context.ts';
import { STEP_RUNNERS } from './steps/index.ts';
import { type StoredRun, updateStep, updateTarget } from './store.ts';
import { opsId, type WayBackGuard } from './way-back.ts';

const NO_RELEASES = releasesIn('/nonexistent');
const MAX_OUTPUT = 4096;
/** Live output reaches the database and the browsers at most this often. */
const FLUSH_MS = 500;
/** Between a step's own deadline, which it keeps itself, and the hard end of a step that does not. */
const GRACE_MS = 15_000;

export type StepJob = {
  deps: RunsDeps;
  run: StoredRun;
  steps: readonly RunbookStep[];
  target: TargetState;
  step: RunbookStep;
  wayBack: WayBackGuard;
  signal: AbortSignal;
  /** throws when this process may not act for the run any more */
  assertOwned: () => Promise<void>;
  onChange: () => void;
};

/** One step on one node: stored as running, done, stored as done. Throws only when the step stays open (the console stops, or asks the node first). */
export async function runStep(job: StepJob): Promise<void> {
  const { deps, run, step } = job;
  const { nodeId } = job.target;
  const stored = job.target.steps.find((s) => s.key === step.key);
  const where = { runId: run.id, nodeId, step: step.key, attempt: job.target.attempt };
  const startedAt = stored?.startedAt ?? deps.clock.now();
  if (stored?.status !== 'running') {
    await updateStep(deps.db, run.id, nodeId, step.key, { status: 'running', startedAt, verdict: null });
    job.onChange();
  }
  let proven = 0;
  const prove = async (proof: Proof) => {
    proven += 1;
    await storeEvidence(deps.db, { ...where, now: deps.clock.now() }, proof);
  };
  const output = liveOutput(job, stored?.output ?? '');
  let result: StepResult;
  try {
    const node = await deps.nodes.get(nodeId);
    const byHand = await readByHand(job);
    result = await withinTime(job, (signal, deadline) => {
      const runner = STEP_RUNNERS[step.kind];
      if (runner === undefined) throw new Error(`no runner for ${step.kind}`);
      return runner(createContext(job, node, { signal, deadline, prove, say: output.say, byHand }));
    });
  } catch (error) {
    await output.flush();
    result = failureOf(job, error);
  }
  await output.flush();
  if (proven === 0 && result.status !== 'waiting') await prove({ title: 'why', raw: result.summary, value: result.status });
  await store(job, result);
}

/** Asked once the step is marked as running: from then on nobody can say it any more, so this is the last word. */
async function readByHand({ deps, run, step, target }: StepJob): Promise<string | null> {
  const where = deps.db.selectFrom('runSteps').select('byHand').where('runId', '=', run.id).where('nodeId', '=', target.nodeId);
  return (await where.where('key', '=', step.key).executeTakeFirst())?.byHand ?? null;
}

/** State of step and target in one transaction: no reader sees a judged step on an unjudged target. */
async function store(job: StepJob, result: StepResult): Promise<void> {
  const { db, clock } = job.deps;
  const { id } = job.run;
  const { nodeId } = job.target;
  const { judges, undo } = result;
  const { key } = job.step;
  job.deps.log.info({ runId: id, nodeId, step: key, status: result.status, verdict: result.verdict ?? null }, 'step');
  await db.transaction().execute(async (tx) => {
    await updateStep(tx, id, nodeId, key, {
      status: result.status,
      verdict: result.verdict ?? null,
      summary: result.summary,
      finishedAt: result.status === 'waiting' ? null : clock.now(),
      ...(result.gate !== undefined && { gate: JSON.stringify(result.gate) }),
    });
    if (undo !== undefined) await updateTarget(tx, id, nodeId, { undo });
    if (judges === undefined) return;
    const now = await tx
      .selectFrom('runTargets')
      .select(['verdict', 'memo'])
      .where('runId', '=', id)
      .where('nodeId', '=', nodeId)
      .executeTakeFirstOrThrow();
    if (judges.judgement !== undefined) await updateTarget(tx, id, nodeId, { judgement: JSON.stringify(judges.judgement) });
    if (rank(judges.verdict) <= rank(now.verdict)) return;
    const memo = { ...JSON.parse(now.memo), sentence: judges.sentence };
    await updateTarget(tx, id, nodeId, { verdict: judges.verdict, memo });
  });
  job.onChange();
}

const rank = (verdict: string | null): number => [null, 'pass', 'inconclusive', 'fail'].indexOf(verdict);

async function withinTime<T>(job: StepJob, work: (signal: AbortSignal, deadline: number) => Promise<T>): Promise<T> {
  const { clock } = job.deps;
  const asked = Number(job.run.params.baselineSeconds ?? 0);
  const seconds = job.step.kind === 'baseline' ? Math.max(job.step.timeoutSeconds, asked + 180) : job.step.timeoutSeconds;
  const own = new AbortController();
  const timer = new AbortController();
  const signal = AbortSignal.any([job.signal, own.signal]);
  const deadline = clock.now() + seconds * 1000;
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  clock.sleep(seconds * 1000 + GRACE_MS, timer.signal).then(
    () => own.abort(new Interrupted('timeout')),
    () => undefined,
  );
  try {
    return await Promise.race([work(signal, deadline), interrupted]);
  } finally {
    timer.abort();
    // A step that was left behind must not act any more.
    own.abort(new Interrupted('stopping'));
  }
}

function createContext(
  job: StepJob,
  node: FleetMember,
  live: Pick<StepContext, 'signal' | 'deadline' | 'prove' | 'say' | 'byHand'>,
): StepContext {
  const { deps, run, step, wayBack } = job;
  let target = job.target;
  return {
    ...live,
    run: {
      id: run.id,
      opsId: opsId(run.id, target.attempt),
      strategy: run.strategy,
      params: run.params,
      dryRun: run.dryRun,
      steps: job.steps,
    },
    node,
    step,
    target: () => target,
    gate: target.steps.find((s) => s.key === step.key)?.gate ?? null,
    ops: guardOps(job, live.signal),
    wayBack,
    samples: (sinceMs) => deps.metrics.recent(node.id, sinceMs),
    control: (changedAtMs) => findControl(deps, run.id, changedAtMs),
    peers: () => findPeers(deps, run.strategy.failureGroup, node),
    focus: (untilMs) => deps.scraper.focus(node.id, untilMs),
    earlier: (runId) => earlierAttempt(deps.db, runId, node.id),
    agree: (sha256) => deps.configFiles.agree(deps.db, node.id, sha256),
    release: (sha256) => (deps.releases ?? NO_RELEASES).read(sha256),
    messages: deps.messages,
    keepBeforeRestart: deps.keepBeforeRestart && (() => deps.keepBeforeRestart?.(node.id) ?? Promise.resolve(null)),
    clock: deps.clock,
    async remember(patch) {
      live.signal.throwIfAborted();
      await updateTarget(deps.db, run.id, node.id, patch);
      const { memo, edit, restart } = patch;
      target = {
        ...target,
        ...(memo !== undefined && { memo }),
        ...(edit !== undefined && { edit: edit as TargetState['edit'] }),
        ...(restart !== undefined && { restart: restart as TargetState['restart'] }),
      };
    },
  };
}

/** Changes need three things at the moment of the act: the step goes on, the run is ours, and the node still waits for us. */
function guardOps(job: StepJob, signal: AbortSignal): NodeOps {
  const { ops } = job.deps;
  const guarded = async <T>(act: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    await job.assertOwned();
    await job.wayBack.assertHeld();
    signal.throwIfAborted();
    return act();
  };
  return {
    ...ops,
    probe: (node, o) => ops.probe(node, { ...o, signal }),
    readConfig: (node, o) => ops.readConfig(node, { ...o, signal }),
    readBackup: (node, o) => ops.readBackup(node, { ...o, signal }),
    xray: (node, o) => ops.xray(node, { ...o, signal }),
    validateConfig: (node, o) => ops.validateConfig(node, { ...o, signal }),
    revertState: (node, o) => ops.revertState(node, { ...o, signal }),
    journal: (node, o) => ops.journal(node, { ...o, signal }),
    reportedVersion: (node, o) => ops.reportedVersion(node, { ...o, signal }),
    release: (node, o) =>
      o.operation === 'state' ? ops.release(node, { ...o, signal }) : guarded(() => ops.release(node, { ...o, signal })),
    install: (node, o) =>
      o.operation === 'state' ? ops.install(node, { ...o, signal }) : guarded(() => ops.install(node, { ...o, signal })),
    backupConfig: (node, o) => guarded(() => ops.backupConfig(node, { ...o, signal })),
    writeConfig: (node, o) => guarded(() => ops.writeConfig(node, { ...o, signal })),
    restart: (node, o) => guarded(() => ops.restart(node, { ...o, signal })),
    setLimit: (node, o) => guarded(() => ops.setLimit(node, { ...o, signal })),
  };
}

/** A step's failure in words that name the cause. Interruptions that leave the step open are thrown on. */
function failureOf(job: StepJob, error: unknown): StepResult {
  if (error instanceof NodeLost) return { status: 'failed', summary: 'stopped: the node restored itself, or somebody else took over' };
  if (error instanceof Interrupted) {
    if (error.why === 'abort') return { status: 'failed', summary: 'aborted' };
    if (error.why === 'reverted') return { status: 'failed', summary: 'stopped: the node restored itself' };
    if (error.why !== 'timeout') throw error;
    return doubtful(job, `${job.step.title} was not done within ${job.step.timeoutSeconds} s`);
  }
  // The database was away: the step stays open, and is gone on with once it is back.
  if (isHeadroomError(error) && error.code === 'server.unavailable') throw error;
  if (isHeadroomError(error)) {
    const { title } = ERROR_CODES[error.code];
    return doubtful(job, /ssh|host key|config/i.test(error.message) ? error.message : `${title}: ${error.message}`);
  }
  job.deps.log.error({ err: error, runId: job.run.id, step: job.step.key }, 'a step failed');
  return doubtful(job, `the console failed in "${job.step.title}"; its log has the reason`);
}

/** A step that only judges and could not is a doubt, not a failure; a doubtful watch makes the whole target doubtful. */
function doubtful(job: StepJob, summary: string): StepResult {
  if (job.step.onFail !== 'continue') return { status: 'failed', summary };
  const result = { status: 'inconclusive', verdict: 'inconclusive', summary } as const;
  return job.step.kind === 'watch' ? { ...result, judges: { verdict: 'inconclusive', sentence: `inconclusive: ${summary}` } } : result;
}

function liveOutput(job: StepJob, already: string) {
  const { deps, run, step } = job;
  let text = already;
  let stored = already;
  let storedAt = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    if (text === stored) return writing;
    stored = text;
    storedAt = deps.clock.now();
    const output = text;
    writing = writing.then(async () => {
      await updateStep(deps.db, run.id, job.target.nodeId, step.key, { output });
      job.onChange();
    });
    return writing;
  };
  return {
    say(line: string) {
      const time = new Date(deps.clock.now()).toISOString().slice(11, 19);
      text = `${text}${time} ${line}\n`.slice(-MAX_OUTPUT);
      if (deps.clock.now() - storedAt >= FLUSH_MS) flush().catch((error) => deps.log.warn({ err: error }, 'live output was not stored'));
    },
    flush,
  };
}
