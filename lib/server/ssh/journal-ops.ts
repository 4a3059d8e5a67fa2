import { HeadroomError } from '#server/kernel/errors.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { type Command, catalogue } from './catalogue.ts';
import { scriptFailed } from './script-failures.ts';
import { MARK } from './scripts/prelude.ts';
import type { ExecOptions, ExecResult, Outcome } from './types.ts';

/** A follower holds one of the eight channels to its node for as long as it looks; runs and readings need the others. */
const MOST_FOLLOWERS = 3;
const LINE_CHARACTERS = 8192;
const MARK_LINE: string = MARK;

/** The journal of a node's service, read or followed. */
export function journalOps(
  { run, toNodeTime }: ActingOn,
  exec: (node: FleetMember, command: Command, options: ExecOptions) => Promise<ExecResult>,
) {
  /** by node id */
  const followers = new Map<string, number>();

  return {
    async journal(node: FleetMember, o: { sinceMs: number; lines: number } & Call): Promise<Outcome<{ lines: string[] }>> {
      const sinceSeconds = Math.max(0, Math.floor(toNodeTime(node, o.sinceMs) / 1000));
      const { answer, receipt } = await run(node, catalogue.journal({ ...node, sinceSeconds, lines: o.lines }), o, 'now');
      const lines = answer.rest.toString('utf8').split('\n');
      return { value: { lines: lines.filter((line) => line !== '' && !line.startsWith('-- ')) }, receipt };
    },

    /** Journal lines as they are written, until the signal aborts or an hour is over. */
    async follow(node: FleetMember, o: { lines: number; signal: AbortSignal; onLine: (line: string) => void }): Promise<void> {
      let rest = '';
      let [marked, clocked] = [false, false];
      const line = (text: string) => {
        if (!marked) marked = text === MARK_LINE;
        else if (!clocked) clocked = true;
        else if (text !== '' && !text.startsWith('-- ')) o.onLine(text.slice(0, LINE_CHARACTERS));
      };
      const onOutput = (text: string) => {
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS);
        lines.forEach(line);
      };
      const others = followers.get(node.id) ?? 0;
      if (others >= MOST_FOLLOWERS)
        throw new HeadroomError(
          'request.rate-limited',
          `the log of ${node.name} is followed ${others} times already, the most at a time: close one of them, or read it without following`,
        );
      followers.set(node.id, others + 1);
      try {
        const result = await exec(node, catalogue.follow({ ...node, lines: o.lines }), { signal: o.signal, onOutput });
        if (result.exitCode !== 0) throw scriptFailed(node, result, null, () => undefined);
      } finally {
        const left = (followers.get(node.id) ?? 1) - 1;
        if (left > 0) followers.set(node.id, left);
        else followers.delete(node.id);
      }
    },
  };
}
