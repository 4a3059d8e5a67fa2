import { clockTime } from '../words.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';

/** A backup on the node, and a timer there that restores it unless the console keeps saying "not yet". */
export const armRevert: StepRunner = async (context) => {
  const { node, ops, run } = context;
  // Written as "arming" only once the backup is there: an interrupted attempt asks the node first, which may have restored itself meanwhile.
  if (context.target().wayBack === 'none') await keepBackup(context);

  const armed = await patiently(context, () => context.wayBack.arm());
  if (armed !== null) {
    await context.prove({ title: 'the revert is armed', receipt: armed.receipt });
    await context.remember({ memo: { ...context.target().memo, survivesReboot: armed.value.survivesReboot } });
  }

  const state = await patiently(context, () => ops.revertState(node, { runId: run.opsId }));
  const until = state.value.deadline === null ? 'unknown' : clockTime(state.value.deadline);
  await context.prove({
    title: 'what the node says of it',
    receipt: state.receipt,
    value: `${state.value.state}, deadline ${until}`,
    threshold: 'armed',
    verdict: state.value.state === 'armed' ? 'pass' : 'fail',
  });
  if (state.value.state !== 'armed')
    return { status: 'failed', summary: `the automatic revert of ${node.name} is ${state.value.state}; it should be armed` };
  return {
    status: 'succeeded',
    summary: `armed: without a word from the console the node restores itself after ${run.strategy.confirmSeconds} s, ${
      context.target().memo.survivesReboot ? 'also across a reboot' : 'unless it reboots: it has no helper'
    }; backup kept`,
  };
};

async function keepBackup(context: StepContext): Promise<void> {
  const { node, ops, run } = context;
  const config = await patiently(context, () => ops.readConfig(node));
  const known = context.target().memo.beforeSha256;
  const expectedSha256 = known ?? config.value.sha256;
  if (known === undefined) await context.remember({ memo: { ...context.target().memo, beforeSha256: expectedSha256 } });
  const backup = await patiently(context, () => ops.backupConfig(node, { runId: run.opsId, expectedSha256 }));
  await context.prove({
    title: 'backup of config.yaml on the node',
    receipt: backup.receipt,
    value: `${backup.value.path}, sha256 ${expectedSha256.slice(0, 12)}`,
    threshold: 'the bytes of config.yaml',
    verdict: 'pass',
  });
  context.say(`backup kept at ${backup.value.path}`);
}
