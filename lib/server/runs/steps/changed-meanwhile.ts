import { mergePool } from '#server/config/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { patiently, type StepContext } from './context.ts';
import { poolSettings } from './pool-settings.ts';
import { showDiff } from './show-diff.ts';

/** Three ways: the backup, the file as others left it, and our settings. What a new run would make of them is told, and never done by this one. */
export async function changedMeanwhile(context: StepContext, theirs: Buffer): Promise<HeadroomError> {
  const { node, ops, run } = context;
  const said = (offer: string) =>
    new HeadroomError('config.changed', `config.yaml on ${node.name} was changed by somebody else since this run began; ${offer}`);
  if (context.step.params.restoreFrom === 'params') return said('nothing was written: look at it, then start a new run');
  const base = await patiently(context, () => ops.readBackup(node, { runId: run.opsId }));
  const merged = mergePool(base.value.bytes, theirs, poolSettings(run));
  const conflicts = merged.conflicts.map((c) => `${c.key} was ${c.base}, is ${c.theirs} now, and was to become ${c.ours}`);
  await context.prove({
    title: 'what others changed',
    command: base.receipt.command,
    raw: showDiff(base.value.bytes, theirs),
    value: null,
  });
  await context.prove({
    title: 'the three-way merge',
    command: 'the file as it is now, with the settings of this run',
    raw: showDiff(theirs, merged.bytes),
    value: conflicts.length === 0 ? 'merges cleanly' : conflicts.join('; '),
    threshold: 'no setting changed on both sides',
    verdict: conflicts.length === 0 ? 'pass' : 'fail',
  });
  return conflicts.length === 0
    ? said('both fit together: a new run keeps their change and makes this one')
    : said(`the same setting was changed on both sides (${conflicts.join('; ')}): decide, then start a new run`);
}
