import { assessLeak } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import type { RunsDeps } from './deps.ts';

/** As far back as samples are kept in memory. */
const LOOK_BACK_MS = 2 * 3_600_000;
/** Nodes that are looked at for one that leaks: the next ones of the plan, which stay untouched longest last. */
const LOOKED_AT = 10;

/** `samples` answers null from the moment on at which the control is begun, too. */
export type ControlNode = { name: string; samples: () => Promise<Sample[] | null> };

/**
 * A node of the same run that was not begun and leaked when another was changed: what it does now is what the changed one would have done. The last
 * of the plan first, because it is left alone longest.
 */
export async function findControl(deps: Pick<RunsDeps, 'db' | 'metrics'>, runId: string, changedAtMs: number): Promise<ControlNode | null> {
  const untouched = deps.db
    .selectFrom('runTargets')
    .select(['nodeId', 'name'])
    .where('runId', '=', runId)
    .where('startedAt', 'is', null)
    .where('finishedAt', 'is', null);
  const recent = (nodeId: string) => deps.metrics.recent(nodeId, changedAtMs - LOOK_BACK_MS);
  for (const { nodeId, name } of await untouched.orderBy('position', 'desc').limit(LOOKED_AT).execute()) {
    const before = recent(nodeId).filter((s) => s.at <= changedAtMs);
    if (before.length === 0 || assessLeak({ now: changedAtMs, samples: before }).verdict !== 'leaking') continue;
    const samples = async () => ((await untouched.where('nodeId', '=', nodeId).executeTakeFirst()) === undefined ? null : recent(nodeId));
    return { name, samples };
  }
  return null;
}

/** Null when nobody said which label names what shares its load, or nothing is known of the fleet. */
export async function findPeers(
  deps: Pick<RunsDeps, 'fleet'>,
  label: string | null,
  node: FleetMember,
): Promise<{ self: FleetNode | null; peers: FleetNode[] } | null> {
  const fleet = await deps.fleet?.();
  if (fleet === undefined) return null;
  const self = fleet.find((n) => n.id === node.id) ?? null;
  const group = label === null ? undefined : node.labels[label];
  return { self, peers: group === undefined || label === null ? [] : fleet.filter((n) => n.id !== node.id && n.labels[label] === group) };
}
