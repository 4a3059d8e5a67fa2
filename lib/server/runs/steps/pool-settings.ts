import { type PoolSettings, poolSettingsParamsSchema } from '#shared/runs.ts';
import type { StepContext } from './context.ts';

/** What the run's edit step sets under connection_pool: written in the runbook, or given with the run (`poolFrom: params`). */
export function poolSettings(run: StepContext['run']): PoolSettings {
  const edit = run.steps.find((step) => step.kind === 'edit-config');
  return poolSettingsParamsSchema.parse(edit?.params.poolFrom === 'params' ? run.params : (edit?.params.pool ?? {}));
}
