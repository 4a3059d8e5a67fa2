import type { Db } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { describeProblem, matchesSelector, parseSelector } from '#shared/selector.ts';
import { explainNoMatch } from '#shared/selector-explain.ts';
import { toMember } from './row.ts';

export type Nodes = ReturnType<typeof createNodes>;

/** The registry: which nodes there are and how to reach them. What they are doing is `fleet`'s. */
export function createNodes({
  db,
  only = () => true,
}: {
  db: Db /** the others are not there */;
  only?: (member: FleetMember) => boolean;
}) {
  const listeners = new Set<() => void>();
  let known = '';
  let looking: Promise<void> | null = null;

  async function list(): Promise<FleetMember[]> {
    const rows = await db.selectFrom('nodes').selectAll().orderBy('name').execute();
    return rows.map(toMember).filter(only);
  }

  return {
    list,
    async get(id: string): Promise<FleetMember> {
      const row = await db.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
      const member = row && toMember(row);
      if (!member || !only(member)) throw notFound(id);
      return member;
    },
    /** By name. `facts` adds what is not in the registry: pool, leak, state, drift, version. Throws selector.invalid. */
    async match(selector: string, facts?: (member: FleetMember) => Record<string, string>): Promise<FleetMember[]> {
      const parsed = parseSelector(selector);
      if (!parsed.ok) throw new HeadroomError('selector.invalid', describeProblem(selector, parsed.problem));
      return (await list()).filter((member) => matchesSelector(parsed.selector, { ...member, facts: facts?.(member) ?? {} }));
    },
    /** Why a selector that can be read matches no node, to stand behind a sentence that says so. */
    async explain(
      selector: string,
      facts?: (member: FleetMember) => Record<string, string>,
      among: (member: FleetMember) => boolean = () => true,
    ): Promise<string> {
      const members = (await list()).filter(among);
      if (members.length === 0) return 'No node is registered yet.';
      return (
        explainNoMatch(
          selector,
          members.map((member) => ({ ...member, facts: facts?.(member) ?? {} })),
        ) ?? ''
      );
    },
    /** Called when a node was added, changed or removed. */
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Looks whether the registry differs from the last look, and then tells the listeners. Calls before it looked are one. */
    refresh(): Promise<void> {
      looking ??= Promise.resolve().then(async () => {
        looking = null;
        const rows = await db.selectFrom('nodes').select(['id', 'version']).orderBy('id').execute();
        const now = rows.map((row) => `${row.id}:${row.version}`).join();
        if (now === known) return;
        known = now;
        for (const listener of [...listeners]) listener();
      });
      return looking;
    },
  };
}

export const notFound = (id: string) =>
  new HeadroomError('node.not-found', `there is no node ${JSON.stringify(id)}: it was removed, or the id is mistyped`);
