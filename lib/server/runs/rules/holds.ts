import type { RunsDeps } from '../deps.ts';
import { targetEnded } from '../state.ts';
import type { StoredRun } from '../store.ts';
import { loadRules } from './rules.ts';
import { describeClosed, standingOf } from './standing.ts';

/** Labels and facts change without a word to the run. */
const LOOK_AGAIN_MS = 30_000;

export type Holds = { closed: ReadonlyMap<string, { why: string; until: number }>; groups: ReadonlyMap<string, string> };
const NOTHING: Holds = { closed: new Map(), groups: new Map() };

/** What keeps the nodes of a run from being begun: freezes and windows, and what may not fail together. */
export function createHolds(deps: Pick<RunsDeps, 'db' | 'nodes' | 'facts' | 'clock'>) {
  const { db, nodes, facts, clock } = deps;
  let known: Holds = NOTHING;
  let goodUntil = 0;

  async function look(run: StoredRun, now: number): Promise<Holds> {
    const rules = run.override === null ? await loadRules(db) : [];
    const { failureGroup } = run.strategy;
    if (rules.length === 0 && failureGroup === null) return NOTHING;
    const ours = new Set(run.targets.map((t) => t.nodeId));
    const members = (await nodes.list()).filter((m) => ours.has(m.id));
    const closed = members.flatMap((member) => {
      const standing = standingOf(rules, { ...member, facts: facts?.(member) ?? {} }, now);
      return standing.closed === null ? [] : [[member.id, { why: describeClosed(standing.closed), until: standing.closed.until }] as const];
    });
    const groups = members.flatMap((member) => {
      const group = failureGroup === null ? undefined : member.labels[failureGroup];
      return group === undefined ? [] : [[member.id, group] as const];
    });
    return { closed: new Map(closed), groups: new Map(groups) };
  }

  return {
    /** Somebody changed something: look again at the next call. */
    forget(): void {
      goodUntil = 0;
    },
    async of(run: StoredRun): Promise<Holds> {
      if (!run.mutates || run.targets.every((t) => t.startedAt !== null || targetEnded(t))) return NOTHING;
      const now = clock.now();
      if (now < goodUntil) return known;
      known = await look(run, now);
      goodUntil = Math.min(now + LOOK_AGAIN_MS, ...[...known.closed.values()].map((c) => c.until));
      return known;
    },
  };
}
