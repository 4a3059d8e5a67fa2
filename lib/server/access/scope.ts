import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { type Actor, type GrantSubject, mayEverywhere, mayOn, type Permission } from '#shared/access.ts';
import { describeGrants } from '#shared/grants.ts';

type Refusal = { actor: Actor; action: string; object: string; result: 'refused'; at: number };

export type ScopeDeps<Node extends GrantSubject> = {
  clock: Clock;
  nodes: { list(): Promise<Node[]> /** throws node.not-found */; get(id: string): Promise<Node> };
  /** ids of the nodes that a run is about; none when there is no such run */
  targetsOf(runId: string): Promise<string[]>;
  /** into the audit */
  record(refusal: Refusal): Promise<unknown>;
};

/**
 * What one actor may do to which node, asked at the door. `asked.scope` of a route is this; see `app/api/_http/handle.ts` for which of its routes need it.
 *
 * - one node, by an id that is not in the path: `await scope.node('config.read', id)`, gives the node or throws node.not-found, and notes the try
 * - a list of things that carry a node's `id`, `name` and `labels`: `list.filter(scope.only('fleet.read'))`
 * - a list of things that carry the ids of nodes: `const seen = await scope.visible('fleet.read')`, then `seen.has(nodeId)`, `seen.some(ids)`, `seen.every(ids)`
 */
export type Scope<Node extends GrantSubject = GrantSubject> = {
  actor: Actor;
  everywhere(permission: Permission): boolean;
  only(permission: Permission): (node: GrantSubject) => boolean;
  visible(permission: Permission): Promise<Visible>;
  node(permission: Permission, id: string): Promise<Node>;
  /** A run is seen with one of its nodes; what is done to it, or taken of it as a whole, needs the permission on all of them. */
  run(permission: Permission, id: string, all?: 'all'): Promise<void>;
};

export type Visible = {
  has(nodeId: string): boolean;
  some(nodeIds: readonly string[]): boolean;
  every(nodeIds: readonly string[]): boolean;
};

const EVERYTHING: Visible = { has: () => true, some: () => true, every: () => true };

/** What reads a run; every other permission changes it. */
const READS_RUNS: readonly Permission[] = ['run.read'];

/** A page that asks for the same foreign thing every few seconds is one row of the audit a minute. */
const SAME_MS = 60_000;
const MOST_NOTED = 2000;

export function createScopes<Node extends GrantSubject>({ clock, nodes, targetsOf, record }: ScopeDeps<Node>) {
  const noted = new Map<string, number>();

  async function note(actor: Actor, action: string, object: string): Promise<void> {
    const key = JSON.stringify([actor.kind, actor.id, action, object]);
    const now = clock.now();
    const before = noted.get(key);
    if (before !== undefined && now - before < SAME_MS && now >= before) return;
    if (noted.size >= MOST_NOTED) noted.clear();
    noted.set(key, now);
    await record({ actor, action, object, result: 'refused', at: now });
  }

  async function visible(actor: Actor, permission: Permission): Promise<Visible> {
    if (mayEverywhere(actor, permission)) return EVERYTHING;
    const ids = new Set((await nodes.list()).filter((node) => mayOn(actor, permission, node)).map(({ id }) => id));
    const has = (id: string) => ids.has(id);
    // Of nothing, nobody who is not everywhere sees anything.
    return { has, some: (all) => all.some(has), every: (all) => all.length > 0 && all.every(has) };
  }

  /** `action`: what a refusal is called in the audit */
  return (actor: Actor, action: string): Scope<Node> => ({
    actor,
    everywhere: (permission) => mayEverywhere(actor, permission),
    only: (permission) => (node) => mayOn(actor, permission, node),
    visible: (permission) => visible(actor, permission),
    async node(permission, id) {
      const node = await nodes.get(id);
      if (mayOn(actor, permission, node)) return node;
      await note(actor, action, `node:${id}`);
      if (mayOn(actor, 'fleet.read', node)) throw forbidden(actor, permission, node.name);
      throw new HeadroomError('node.not-found', `there is no node ${JSON.stringify(id)}: it was removed, or the id is mistyped`);
    },
    async run(permission, id, all) {
      if (mayEverywhere(actor, permission)) return;
      const targets = await targetsOf(id);
      const notFound = () => new HeadroomError('run.not-found', `There is no run ${JSON.stringify(id.slice(0, 64))}.`);
      if (targets.length === 0) throw notFound();
      const seen = (await visible(actor, 'run.read')).some(targets);
      const allowed = await visible(actor, permission);
      const wanted = all === 'all' || !READS_RUNS.includes(permission) ? allowed.every(targets) : allowed.some(targets);
      if (seen && wanted) return;
      await note(actor, action, `run:${id}`);
      throw seen ? forbidden(actor, permission, 'every node of this run') : notFound();
    },
  });
}

const forbidden = (actor: Actor, permission: Permission, where: string) =>
  new HeadroomError('auth.forbidden', `this needs the permission ${permission} on ${where}; ${actor.name} is ${describeGrants(actor)}`);
