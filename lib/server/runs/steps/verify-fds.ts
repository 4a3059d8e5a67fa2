import { patiently, type StepRunner } from './context.ts';
import { count } from './facts.ts';

/** The exact number, and why it says nothing yet. */
export const verifyFds: StepRunner = async (context) => {
  const { node, ops } = context;
  const { before } = context.target().memo;
  const probe = await patiently(context, () => ops.probe(node));
  const { openFds, fdSoftLimit, mainPid } = probe.value;
  const documented = `lsof -p ${mainPid ?? 'PID'} | wc -l`;
  await context.prove({
    title: 'open fds, by the entries of /proc/PID/fd',
    receipt: probe.receipt,
    value: openFds === null ? null : `${openFds} fds`,
    threshold: `${before?.openFds == null ? 'no earlier count' : `${before.openFds} before the restart`}; limit ${count(fdSoftLimit)}`,
    verdict: 'inconclusive',
  });
  await context.prove({
    title: 'what the documented command would count',
    command: documented,
    raw: `Not run. ${documented} counts lines: the ${count(openFds)} fds, and with them a header, the working directory, the root, the program and every mapped file.`,
    value: null,
  });
  if (openFds === null)
    return { status: 'inconclusive', verdict: 'inconclusive', summary: `the fds of pid ${mainPid ?? '?'} could not be counted` };
  if (context.target().memo.mode === 'reload')
    return {
      status: 'succeeded',
      verdict: 'inconclusive',
      summary: `${count(openFds)} fds open: a reload frees none, and proves nothing of a leak`,
    };
  const freed = before?.openFds == null ? '' : `, ${count(before.openFds)} before`;
  return {
    status: 'succeeded',
    verdict: 'inconclusive',
    summary: `${count(openFds)} fds open${freed}: a restart frees every fd, so a low count proves nothing yet`,
  };
};
