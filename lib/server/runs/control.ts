import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb, VerbOutcome } from '#server/kernel/verb.ts';
import { gateAnswerSchema, hasEnded, type Run, type RunStatus } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { assertNotStopped } from './stop-all.ts';
import { loadRun, type StoredRun, targetIds, updateRun, updateStep } from './store.ts';
import { readRun } from './view.ts';

const runRef = z.object({ id: z.string().min(1).max(64) });
const gateRef = gateAnswerSchema.extend({ id: z.string().min(1).max(64), gate: z.string().min(1).max(64) });

/** Nothing new starts; what is being done is finished, and changed nodes are kept from restoring themselves. */
export const pauseRun: Verb<typeof runRef, Tx, Run> = {
  name: 'run.pause',
  permission: 'run.control',
  input: runRef,
  nodes: targetIds,
  async run(tx, { id }, { actor }) {
    const run = await open(tx, id, 'paused');
    if (run.control === 'abort' || run.status === 'awaiting-approval') throw wrongState(run, 'paused');
    await updateRun(tx, id, { control: 'pause', controlBy: actor.name, status: 'paused' });
    return outcome(tx, run, { control: 'pause' });
  },
};

/** Goes on, in spite of the doubts and failures that stopped it so far. */
export const resumeRun: Verb<typeof runRef, Tx, Run> = {
  name: 'run.resume',
  permission: 'run.control',
  input: runRef,
  nodes: targetIds,
  async run(tx, { id }) {
    await assertNotStopped(tx);
    const run = await open(tx, id, 'resumed');
    if (run.control !== 'pause') throw wrongState(run, 'resumed');
    const failed = run.targets.filter((t) => t.status === 'failed' || t.status === 'rolled-back').length;
    await updateRun(tx, id, { control: null, controlBy: null, status: 'running', acceptedFailures: failed });
    await tx.updateTable('runSteps').set({ accepted: 1 }).where('runId', '=', id).where('status', '=', 'inconclusive').execute();
    return outcome(tx, run, { control: null });
  },
};

/** Ends it within a minute: a node whose change is not confirmed yet is put back. */
export const abortRun: Verb<typeof runRef, Tx, Run> = {
  name: 'run.abort',
  permission: 'run.control',
  input: runRef,
  nodes: targetIds,
  async run(tx, { id }, { actor }) {
    const run = await open(tx, id, 'aborted');
    await updateRun(tx, id, { control: 'abort', controlBy: actor.name, summary: `aborting, says ${actor.name}` });
    return outcome(tx, run, { control: 'abort' });
  },
};

/** The answer of a person to a waiting gate; without `nodeId` to that gate on every node where it waits. */
export const answerGate: Verb<typeof gateRef, Tx, Run> = {
  name: 'run.answer',
  permission: 'run.control',
  input: gateRef,
  nodes: targetIds,
  async run(tx, { id, gate, answer, nodeId }, { actor, now }) {
    const run = await open(tx, id, 'answered');
    const waiting = run.targets.flatMap((target) => {
      const step = target.steps.find((s) => s.key === gate && s.status === 'waiting' && s.gate?.answer === null);
      return step?.gate && (nodeId === undefined || nodeId === target.nodeId) ? [{ target, gate: step.gate }] : [];
    });
    if (waiting.length === 0) throw new HeadroomError('gate.not-waiting', `No gate "${gate}" of the run ${id} waits for an answer now.`);
    for (const one of waiting) {
      const values = one.gate.options.map((o) => o.value);
      if (!values.includes(answer)) {
        const words = `The answer is ${JSON.stringify(answer)}; it should be one of ${values.join(', ')}.`;
        throw new HeadroomError('request.invalid', words, { fields: [{ path: 'answer', message: `one of ${values.join(', ')}` }] });
      }
      const answered = { ...one.gate, answer, by: actor.name, at: toInstant(now) };
      await updateStep(tx, id, one.target.nodeId, gate, { gate: JSON.stringify(answered) });
    }
    return outcome(tx, run, { gate, answer, nodes: waiting.map((w) => w.target.name) });
  },
};

export async function find(tx: Tx, id: string): Promise<StoredRun> {
  const run = await loadRun(tx, id, () => new Set());
  if (run === null) throw notFound(id);
  return run;
}

export async function open(tx: Tx, id: string, what: string): Promise<StoredRun> {
  const run = await find(tx, id);
  if (hasEnded(run.status)) throw wrongState(run, what);
  return run;
}

export const notFound = (id: string) => new HeadroomError('run.not-found', `There is no run ${JSON.stringify(id.slice(0, 64))}.`);

export const wrongState = (run: { id: string; status: RunStatus }, what: string) =>
  new HeadroomError('run.wrong-state', `The run ${run.id} is ${run.status} and cannot be ${what}.`);

export async function outcome(tx: Tx, before: StoredRun, after: unknown): Promise<VerbOutcome<Run>> {
  const result = await readRun(tx, before.id);
  if (result === null) throw notFound(before.id);
  const events: VerbOutcome<Run>['events'] = [{ type: 'run.changed', runId: before.id }];
  return { result, object: `run:${before.id}`, before: { status: before.status, control: before.control }, after, events };
}
