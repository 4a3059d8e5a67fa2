import { judgeWindow } from '#server/detect/index.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';
import { count, processFacts } from './facts.ts';

/** Long enough for a slope that means something, short enough to be of now. */
const SLOPE_MS = 15 * 60_000;

/** Raises the limit of the process as it runs: nothing is cut. It moves the end further away and stops no leak. */
export const setLimit: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const limit = Number(run.params.limit ?? 65_536);
  const keep = run.params.keep === true;
  const probe = await patiently(context, () => ops.probe(node));
  const facts = processFacts(probe.value);
  if (facts === null) return { status: 'failed', summary: `${node.unit} runs no process whose limit could be raised` };
  const { memo } = context.target();
  await context.remember({ memo: { ...memo, limit: { before: memo.limit?.before ?? facts.fdLimit ?? 0, asked: limit } } });
  context.say(`prlimit --pid ${facts.pid} --nofile=${limit}:`);
  const done = await patiently(context, () => ops.setLimit(node, { runId: run.opsId, pid: facts.pid, limit, keep }));
  const { acted, before, limit: now, kept } = done.value;
  const high = now ?? Number.POSITIVE_INFINITY;
  await context.prove({
    title: 'the limit of the running process',
    receipt: done.receipt,
    value: `${before ?? 'unlimited'} → ${now ?? 'unlimited'} open files`,
    threshold: `${limit} or more`,
  });
  const bought = acted ? timeBought(context, before, high) : '';
  const pid = `pid ${facts.pid}`;
  const after = keep
    ? kept === null
      ? 'the unit allows as much already'
      : `the next process has it too, by ${kept}`
    : 'the next restart takes it away';
  const sentence = acted
    ? `${pid} may open ${count(now)} fds instead of ${count(before)}${bought}; this buys time and fixes nothing, and ${after}`
    : `${pid} may open ${now === null ? 'any number of' : count(now)} fds already: nothing was raised${keep ? `; ${after}` : ''}`;
  await context.remember({ memo: { ...context.target().memo, sentence } });
  return { status: 'succeeded', summary: sentence };
};

/** Only where the fds rise for sure: a guess would be taken for a promise. */
function timeBought(context: StepContext, before: number | null, now: number): string {
  const to = context.clock.now();
  const { perMinute } = judgeWindow(context.samples(to - SLOPE_MS), to - SLOPE_MS, to);
  if (perMinute === null || perMinute.low <= 0 || before === null) return '';
  const minutes = (perFds: number) => count((now - before) / perFds);
  return `, ${minutes(perMinute.high)} to ${minutes(perMinute.low)} more minutes at ${perMinute.mid.toFixed(1)} fds a minute`;
}
