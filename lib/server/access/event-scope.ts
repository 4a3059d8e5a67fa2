import { type Actor, type GrantSubject, mayEverywhere, mayOn, maySomewhere } from '#shared/access.ts';
import type { LiveEvent } from '#shared/events.ts';

/** Told to whoever may see anything: they say that something is other than it was, by an id that means nothing, and what it is has to be asked for. */
const FOR_ALL: readonly LiveEvent['type'][] = [
  'runbook.changed',
  'incident.changed',
  'silence.changed',
  'alert.changed',
  'alert-rule.changed',
];

/** Null: told all of them. Else each event is asked for, one after the other. */
export type EventFilter = ((event: LiveEvent) => Promise<boolean>) | null;

/**
 * Which events one subscriber is told. One that names a node or a run is told to who sees it, and what names neither to who holds `fleet.read`
 * everywhere, so that a new kind of event is nobody's by mistake.
 */
export function eventFilter(
  actor: Actor,
  deps: { nodes: { list(): Promise<GrantSubject[]> }; targetsOf(runId: string): Promise<string[]> },
): EventFilter {
  if (mayEverywhere(actor, 'fleet.read') && mayEverywhere(actor, 'run.read')) return null;
  let seen: Promise<Set<string>> | null = null;
  const runs = new Map<string, readonly string[]>();
  const look = async () => new Set((await deps.nodes.list()).filter((node) => mayOn(actor, 'fleet.read', node)).map(({ id }) => id));

  async function targetsOf(runId: string): Promise<readonly string[]> {
    const known = runs.get(runId);
    if (known) return known;
    const targets = await deps.targetsOf(runId);
    if (runs.size > 500) runs.clear();
    if (targets.length > 0) runs.set(runId, targets);
    return targets;
  }

  return async (event) => {
    seen ??= look();
    let before = await seen;
    if (event.type === 'node.changed') {
      // Its labels may be what changed; who loses it is told, too, to take it off the page.
      const earlier = before;
      seen = look();
      before = await seen;
      return before.has(event.nodeId) || earlier.has(event.nodeId);
    }
    if ('nodeId' in event && typeof event.nodeId === 'string') return before.has(event.nodeId);
    if ('runId' in event && typeof event.runId === 'string') return (await targetsOf(event.runId)).some((id) => before.has(id));
    if (event.type === 'audit.appended') return maySomewhere(actor, 'audit.read');
    return FOR_ALL.includes(event.type);
  };
}
