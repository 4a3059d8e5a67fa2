import type { TargetMemo } from '../state.ts';
import { patiently, type StepRunner } from './context.ts';

const LINES = 1000;
/** Of what was found, so many lines are kept apart: the receipt of a long journal is cut at 64 KiB, with the hash of all of it. */
const KEPT_LINES = 100;
const EXHAUSTED = /too many open files|EMFILE|ENFILE/i;
const ERRORS = /\b(error|fatal|panic|critical)\b/i;

/** The journal of the new process: is the incident's sentence in it? */
export const verifyLogs: StepRunner = async (context) => {
  const { node, ops, clock } = context;
  const sinceMs = newProcessFrom(context.target().memo) ?? clock.now() - 15 * 60_000;
  const journal = await patiently(context, () => ops.journal(node, { sinceMs, lines: LINES }));
  const { lines } = journal.value;
  const exhausted = lines.filter((line) => EXHAUSTED.test(line));
  const errors = lines.filter((line) => ERRORS.test(line) && !EXHAUSTED.test(line));
  for (const line of lines.slice(-20)) context.say(line);
  await context.prove({
    title: '"too many open files" since the restart',
    receipt: journal.receipt,
    value: `${exhausted.length} of ${lines.length} lines`,
    threshold: '0 lines',
    verdict: exhausted.length === 0 ? 'pass' : 'fail',
  });
  if (exhausted.length > 0)
    await context.prove({
      title: 'the lines that say so',
      command: journal.receipt.command,
      raw: exhausted.slice(0, KEPT_LINES).join('\n'),
      value: `${exhausted.length} lines`,
    });
  if (errors.length > 0)
    await context.prove({
      title: 'other lines that name an error',
      command: journal.receipt.command,
      raw: errors.slice(-KEPT_LINES).join('\n'),
      value: `${errors.length} lines`,
    });
  if (exhausted.length > 0) {
    const sentence = `not fixed: "too many open files" was logged ${exhausted.length} times since the restart`;
    return { status: 'failed', verdict: 'fail', summary: sentence, judges: { verdict: 'fail', sentence } };
  }
  const others = errors.length === 0 ? '' : `, ${errors.length} name another error`;
  return { status: 'succeeded', verdict: 'pass', summary: `${lines.length} lines since the restart, none "too many open files"${others}` };
};

/** Console time. The journal counts in whole seconds, and the old process may have written in the very second of the new one's start. */
function newProcessFrom({ after, restartAskedAt, restartAskedNodeMs }: TargetMemo): number | null {
  if (restartAskedAt === undefined || restartAskedNodeMs === undefined) return null;
  if (after?.startMs == null) return restartAskedAt;
  return after.startMs - (restartAskedNodeMs - restartAskedAt) + 1000;
}
