import type { Selectable } from 'kysely';
import type { Schema } from '#server/db/index.ts';
import { type FleetMember, labelsSchema, type NodeInput, nodeMetricsSchema } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';

type Row = Selectable<Schema['nodes']>;

export function toMember(row: Row): FleetMember {
  const { metrics, labels, createdAt, ...rest } = row;
  return {
    ...rest,
    metrics: nodeMetricsSchema.parse(JSON.parse(metrics)),
    labels: labelsSchema.parse(JSON.parse(labels)),
    createdAt: toInstant(createdAt),
  };
}

export const toColumns = (node: NodeInput) => ({
  ...node,
  ...reach(node),
  metrics: JSON.stringify(node.metrics),
  labels: JSON.stringify(node.labels),
});

/** How it is reached, what was left out filled in. */
export const reach = (node: NodeInput) => ({
  transport: node.transport ?? ('ssh2' as const),
  proxyJump: node.proxyJump ?? null,
  proxyJumpKey: node.proxyJumpKey ?? null,
});
