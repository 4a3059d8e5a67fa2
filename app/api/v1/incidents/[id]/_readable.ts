import { HeadroomError } from '#server/kernel/errors.ts';
import { hideNames } from '#server/kernel/hide-names.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Permission } from '#shared/access.ts';
import type { Incident, IncidentListItem } from '#shared/incidents.ts';

type Visible = { has(nodeId: string): boolean; some(nodeIds: readonly string[]): boolean; every(nodeIds: readonly string[]): boolean };
type Seeing = { runtime: Runtime; scope: { visible(permission: Permission): Promise<Visible> } };

/** Throws incident.not-found also of one that has none of the nodes that the actor may see; with `all`, also where it has others. */
export async function assertReadable({ runtime, scope }: Seeing, id: string, all?: 'all'): Promise<Visible> {
  const nodeIds = await runtime.incidents.nodesOf(id);
  const seen = await scope.visible('incident.read');
  if (!seen.some(nodeIds)) throw new HeadroomError('incident.not-found', `There is no incident ${JSON.stringify(id.slice(0, 64))}.`);
  if (all && !seen.every(nodeIds))
    throw new HeadroomError(
      'auth.forbidden',
      'This tells of every node of the incident, and some of them are not yours to see: ask somebody who sees them all.',
    );
  return seen;
}

const own = <T extends { nodeId: string | null }>(list: readonly T[], seen: Visible): T[] =>
  list.filter(({ nodeId }) => nodeId === null || seen.has(nodeId));

const hiddenNames = ({ nodes }: Pick<IncidentListItem, 'nodes'>, seen: Visible): string[] =>
  nodes.flatMap(({ nodeId, name }) => (seen.has(nodeId) ? [] : [name]));

/** Its title and why it was closed may name nodes. */
export function narrowHead<T extends Pick<IncidentListItem, 'nodes' | 'title' | 'closed'>>(head: T, seen: Visible): T {
  const hidden = hiddenNames(head, seen);
  if (hidden.length === 0) return head;
  return {
    ...head,
    title: hideNames(head.title, hidden),
    closed: head.closed && { ...head.closed, reason: hideNames(head.closed.reason, hidden) },
    nodes: own(head.nodes, seen),
  };
}

/** Without what it says of nodes that the actor may not see. */
export function narrowIncident(incident: Incident, seen: Visible): Incident {
  if (seen.every(incident.nodes.map(({ nodeId }) => nodeId))) return incident;
  const hidden = hiddenNames(incident, seen);
  return {
    ...narrowHead(incident, seen),
    signals: own(incident.signals, seen),
    timeline: own(incident.timeline, seen).map((entry) => ({ ...entry, text: hideNames(entry.text, hidden) })),
    ...{ bought: own(incident.bought, seen), captures: own(incident.captures, seen) },
    // sentences name nodes
    ...{ known: [], suggestions: [], closing: { ...incident.closing, criteria: [] } },
  };
}
