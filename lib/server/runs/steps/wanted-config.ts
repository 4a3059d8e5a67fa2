import { editPool } from '#server/config/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { type PoolSettings, rollbackParamsSchema } from '#shared/runs.ts';
import { patiently, type StepContext } from './context.ts';
import { poolSettings } from './pool-settings.ts';

/** The bytes that the file should hold, and what that is in words. */
export type WantedConfig = { bytes: Buffer; what: string; places: string };

export async function wantedConfig(context: StepContext, found: { bytes: Buffer; sha256: string }): Promise<WantedConfig> {
  if (context.step.params.restoreFrom === 'params') return keptConfig(context, found.sha256);
  const settings = poolSettings(context.run);
  const { bytes, edits } = editPool(found.bytes, settings);
  return { bytes, what: describe(settings), places: edits.length === 1 ? '1 place edited' : `${edits.length} places edited` };
}

/** The backup of an earlier run, as long as the file is still what that run made of it, or what a person saw and gave up for it: what others wrote since is not thrown away. */
async function keptConfig(context: StepContext, found: string): Promise<WantedConfig> {
  const { node, ops, run } = context;
  const id = String(run.params.run);
  const earlier = await context.earlier(id);
  const [before, after] = [earlier?.memo.beforeSha256, earlier?.memo.afterSha256];
  const { over } = rollbackParamsSchema.parse(run.params);
  if (earlier === null || before === undefined || (after === undefined && over === undefined))
    throw new HeadroomError(
      'config.not-found',
      `The run ${id} kept no backup of config.yaml on ${node.name}, so there is nothing to put back`,
    );
  if (found !== (over ?? after) && found !== before)
    throw new HeadroomError(
      'config.changed',
      over === undefined
        ? `config.yaml on ${node.name} was changed since the run ${id}: putting its backup back would undo that too; edit the file instead`
        : `config.yaml on ${node.name} is not the one that was given up for the backup of ${id} (sha256 ${over.slice(0, 12)}) any more: look at the difference again`,
    );
  const kept = await patiently(context, () => ops.readBackup(node, { runId: earlier.opsId }));
  if (kept.value.sha256 !== before)
    throw new HeadroomError('config.changed', `The backup of the run ${id} on ${node.name} is not what that run kept: it is not put back`);
  await context.prove({
    title: 'the backup that is put back',
    receipt: kept.receipt,
    value: `sha256 ${kept.value.sha256}`,
    threshold: before,
    verdict: 'pass',
  });
  return { bytes: kept.value.bytes, what: `config.yaml as before the run ${id}`, places: 'the whole file' };
}

const describe = (settings: PoolSettings): string =>
  Object.entries(settings)
    .map(([key, value]) => `connection_pool.${key}: ${value}`)
    .join(', ');
