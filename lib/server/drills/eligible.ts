import type { FleetNode } from '#shared/nodes.ts';
import { ALLOWED, type DrillsDeps } from './deps.ts';

export type Eligible = { nodes: FleetNode[]; leaking: FleetNode[]; why: string | null };

/** The nodes that would take a drill now: allowed by their label, healthy, with no fault of their own and no run on them. `why`: why there is none. */
export async function eligibleNodes(deps: Pick<DrillsDeps, 'nodes' | 'fleet'>, selector?: string): Promise<Eligible> {
  const matching = new Set((selector === undefined ? await deps.nodes.list() : await deps.nodes.match(selector)).map(({ id }) => id));
  const fleet = await deps.fleet();
  const leaking = fleet.filter(({ leak }) => leak.verdict === 'leaking');
  const allowed = fleet.filter(({ id, labels }) => matching.has(id) && labels[ALLOWED.key] === ALLOWED.value);
  const nodes = allowed.filter(
    (node) => node.state === 'up' && node.leak.verdict !== 'leaking' && node.drill === null && node.activeRunId === null,
  );
  if (nodes.length > 0) return { nodes, leaking, why: null };
  const label = `${ALLOWED.key}=${ALLOWED.value}`;
  const why =
    allowed.length === 0
      ? `No node allows drills${selector === undefined ? '' : ` among ${selector}`}: an admin gives a node the label ${label}, and its proxy is started with --drills-allowed.`
      : `Each of the ${allowed.length} nodes with ${label} leaks, is down, has a fault of its own or is in a run: wait until one is healthy.`;
  return { nodes, leaking, why };
}
