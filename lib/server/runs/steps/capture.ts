import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Receipt } from '#server/ssh/index.ts';
import { patiently, type StepRunner } from './context.ts';
import { count } from './facts.ts';

const JOURNAL_MS = 60 * 60_000;
const JOURNAL_LINES = 500;
/** A dead session is opened anew once; a part that does not answer then leaves the time to the others. */
const ATTEMPTS = 2;

type Look = { title: string; look: () => Promise<{ receipt: Receipt; value: string }> };

/** Everything that a restart would destroy, read and kept; nothing is changed. A part that cannot be read does not keep the others from it. */
export const capture: StepRunner = async (context) => {
  const { node, ops, clock } = context;
  const looks: Look[] = [
    {
      title: 'the process, its limit, sockets and listeners',
      look: async () => {
        const { value, receipt } = await patiently(context, () => ops.probe(node), ATTEMPTS);
        const states = Object.entries(value.socketStates).map(([state, n]) => `${n} ${state}`);
        return { receipt, value: [`${count(value.openFds)} of ${count(value.fdSoftLimit)} fds`, ...states].join(', ') };
      },
    },
    {
      title: 'every fd, by kind, state and peer',
      look: async () => {
        const { value, receipt } = await patiently(context, () => ops.xray(node), ATTEMPTS);
        const most = [...value.groups].sort((a, b) => b.count - a.count).slice(0, 3);
        return { receipt, value: `${value.openFds} fds; most: ${most.map((g) => `${g.count} ${g.kind} ${g.state}`.trim()).join(', ')}` };
      },
    },
    {
      title: 'config.yaml as it is',
      look: async () => {
        const { value, receipt } = await patiently(context, () => ops.readConfig(node), ATTEMPTS);
        return { receipt, value: `sha256 ${value.sha256}` };
      },
    },
    {
      title: 'the journal of the last hour',
      look: async () => {
        const since = { sinceMs: clock.now() - JOURNAL_MS, lines: JOURNAL_LINES };
        const { value, receipt } = await patiently(context, () => ops.journal(node, since), ATTEMPTS);
        const exhausted = value.lines.filter((line) => /too many open files|EMFILE|ENFILE/i.test(line)).length;
        return { receipt, value: `${value.lines.length} lines, ${exhausted} "too many open files"` };
      },
    },
  ];
  const missing: string[] = [];
  for (const { title, look } of looks) {
    context.say(`reading ${title}`);
    try {
      const { receipt, value } = await look();
      await context.prove({ title, receipt, value });
    } catch (error) {
      if (!isHeadroomError(error)) throw error;
      missing.push(title);
      await context.prove({ title, raw: error.message, value: 'not read' });
    }
  }
  if (missing.length === looks.length) return { status: 'failed', summary: 'nothing could be read' };
  const kept = `${looks.length - missing.length} of ${looks.length} parts kept`;
  const sentence = missing.length === 0 ? `${kept}, nothing was changed` : `${kept}; not read: ${missing.join('; ')}`;
  await context.remember({ memo: { ...context.target().memo, sentence } });
  return missing.length === 0 ? { status: 'succeeded', summary: sentence } : { status: 'inconclusive', summary: sentence };
};
