import type { Runbook, StepKind } from '#shared/runbooks.ts';
import type { Strategy } from '#shared/runs.ts';

export type PlannedTarget = { nodeId: string; name: string; batch: number; position: number };

/**
 * Which node goes in which batch. A count is that many more nodes; a share is up to that share of all, rounded up. What the list leaves over is one
 * last batch, so no matched node is ever lost. Batches count from 1 and none is empty.
 */
export function planBatches(nodes: readonly { id: string; name: string }[], batches: Strategy['batches']): PlannedTarget[] {
  const order = [...nodes].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const targets: PlannedTarget[] = [];
  let batch = 0;
  for (const size of [...batches, '100%' as const]) {
    const upTo = typeof size === 'number' ? targets.length + size : Math.ceil((order.length * Number.parseInt(size, 10)) / 100);
    const taken = order.slice(targets.length, upTo);
    if (taken.length === 0) continue;
    batch += 1;
    for (const node of taken) targets.push({ nodeId: node.id, name: node.name, batch, position: targets.length });
  }
  return targets;
}

/** What a dry run does: look, and say what would change. */
const DRY_KINDS: readonly StepKind[] = ['preflight', 'baseline', 'edit-config', 'validate', 'capture'];

export type PlannedStep = { key: string; kind: StepKind; title: string; position: number; skipped: boolean };

export function planSteps(runbook: Pick<Runbook, 'steps'>, options: { dryRun: boolean }): PlannedStep[] {
  return runbook.steps.map((step, position) => ({
    key: step.key,
    kind: step.kind,
    title: step.title,
    position,
    skipped: options.dryRun && !DRY_KINDS.includes(step.kind),
  }));
}
