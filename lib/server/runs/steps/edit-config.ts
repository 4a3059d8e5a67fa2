import { createHash } from 'node:crypto';
import { HeadroomError } from '#server/kernel/errors.ts';
import { CONFIG_DIFF_TITLE } from '#shared/runs.ts';
import { editedByHand } from './by-hand.ts';
import { changedMeanwhile } from './changed-meanwhile.ts';
import { patiently, type StepRunner } from './context.ts';
import { showDiff } from './show-diff.ts';
import { wantedConfig } from './wanted-config.ts';

/** Splices the settings into the file as it is; written before the act is what the file should be after it. */
export const editConfig: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const found = await patiently(context, () => ops.readConfig(node));
  const { memo, edit } = context.target();
  if (edit !== 'none' && found.value.sha256 === memo.afterSha256) {
    if (edit === 'asked') await context.remember({ edit: 'done' });
    await context.prove({
      title: 'config.yaml has the new values already',
      receipt: found.receipt,
      value: `sha256 ${found.value.sha256}`,
      verdict: 'pass',
    });
    return { status: 'succeeded', summary: `${memo.edits ?? 'edited'}; written by this run before it was interrupted` };
  }
  const byHand = edit === 'none' ? await editedByHand(context, found.value, found.receipt) : null;
  if (byHand !== null) return byHand;
  if (context.byHand === null && memo.beforeSha256 !== undefined && found.value.sha256 !== memo.beforeSha256)
    throw await changedMeanwhile(context, found.value.bytes);

  const edited = await wantedConfig(context, found.value);
  const diff = showDiff(found.value.bytes, edited.bytes);
  const afterSha256 = createHash('sha256').update(edited.bytes).digest('hex');
  const nothing = afterSha256 === found.value.sha256;
  const edits = nothing ? `${edited.what} already; nothing to change in config.yaml` : `${edited.what}, ${edited.places}`;
  await context.prove({
    title: nothing ? 'there is nothing to change' : CONFIG_DIFF_TITLE,
    command: `${node.configPath}: ${edited.what}`,
    raw: diff,
    value: `sha256 ${found.value.sha256.slice(0, 12)} → ${afterSha256.slice(0, 12)}`,
  });
  for (const line of diff.split('\n')) if (/^[+-]/.test(line)) context.say(line);
  if (run.dryRun) return { status: 'succeeded', summary: nothing ? edits : `would set ${edits}` };
  await context.remember({ edit: nothing ? 'nothing' : 'asked', memo: { ...memo, afterSha256, edits } });
  if (nothing) return { status: 'succeeded', summary: edits };

  if (context.target().wayBack !== 'armed')
    throw new HeadroomError('server.internal', `config.yaml on ${node.name} was not edited: no automatic revert is armed`);
  const write = { runId: run.opsId, bytes: edited.bytes, expectedSha256: found.value.sha256 };
  const written = await patiently(context, () => ops.writeConfig(node, write));
  await context.remember({ edit: 'done' });
  await context.prove({
    title: 'written',
    receipt: written.receipt,
    value: written.value.written ? 'written' : 'it had these bytes already',
  });

  const after = await patiently(context, () => ops.readConfig(node));
  const holds = after.value.sha256 === afterSha256;
  await context.prove({
    title: 'config.yaml read back',
    receipt: after.receipt,
    value: `sha256 ${after.value.sha256}`,
    threshold: afterSha256,
    verdict: holds ? 'pass' : 'fail',
  });
  if (!holds) return { status: 'failed', summary: `config.yaml on ${node.name} does not hold what was written` };
  return { status: 'succeeded', summary: edits };
};
