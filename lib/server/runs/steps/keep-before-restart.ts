import { isHeadroomError } from '#server/kernel/errors.ts';
import type { StepContext } from './context.ts';

/** The restart of a node that dies soon waits no longer than this for what it destroys. */
const LONGEST_MS = 15_000;

/**
 * What grew is in the process that is about to end, and nowhere else: it is kept before the restart, or the run says that it could not be.
 * What the step's sentence says of it; empty when it was kept or nothing was at stake. It never keeps the restart from being done.
 */
export async function keepBeforeRestart(context: StepContext): Promise<string> {
  const { keepBeforeRestart: keep, clock, node } = context;
  if (keep === undefined) return '';
  const timer = new AbortController();
  const tooLong = clock.sleep(LONGEST_MS, AbortSignal.any([timer.signal, context.signal])).then(() => 'late' as const);
  tooLong.catch(() => undefined);
  try {
    const kept = await Promise.race([keep(), tooLong]);
    if (kept === null) return '';
    if (kept !== 'late') {
      context.say(kept);
      await context.prove({
        title: 'what the restart would destroy',
        raw: kept,
        value: 'kept',
        threshold: 'kept before the restart',
        verdict: 'pass',
      });
      return '';
    }
    return await say(context, `${node.name} did not hand it over within ${LONGEST_MS / 1000} s`);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isHeadroomError(error)) throw error;
    return await say(context, error.message);
  } finally {
    timer.abort();
  }
}

async function say(context: StepContext, why: string): Promise<string> {
  const title = 'what the restart would destroy';
  context.say(`what the leaking process held could not be kept: ${why}; restarting all the same`);
  await context.prove({ title, raw: why, value: 'could not be kept', threshold: 'kept before the restart', verdict: 'inconclusive' });
  return '; what the leaking process held could not be kept';
}
