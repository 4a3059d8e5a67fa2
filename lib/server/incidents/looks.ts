import type { Clock } from '#server/kernel/clock.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import { whoRaises } from './buy-time.ts';
import type { NodeView } from './rules/view.ts';

/** What scraping does not see: sockets by state, and what the journal says. A look is two execs, 0.2 to 0.6 s of CPU on the node. */
const SOON_MS = 60_000;
const LATER_MS = 5 * 60_000;
/** Small fleets are looked at as often as nodes in trouble. */
const FEW_NODES = 50;
const AT_ONCE = 4;
const LEAST_OF_MS = 30 * 60_000;
const JOURNAL_MS = 10 * 60_000;
const JOURNAL_LINES = 1000;
/** An older look says nothing of now. */
const HOLDS_MS = 3 * LATER_MS;
const DEADLINE_MS = 8000;
const EMFILE = /too many open files|\bEMFILE\b|\bENFILE\b/i;

type Look = { at: number; processStart: number | null; closeWait: number; established: number; claimed: number | null };
/** What its limit may become. */
type Room = { limit: number | null; hardLimit: number | null; raisesHard: boolean };
type Known = { startedAt: number; room: Room | null; looks: Look[]; journal: { at: number; lines: number; last: string | null } | null };

export type Looks = ReturnType<typeof createLooks>;

/** Looks at nodes beside the rules, a few at once: nodes in trouble each minute, the others every five. */
export function createLooks(deps: {
  ops: Pick<NodeOps, 'probe' | 'journal' | 'isPrepared'>;
  member: (id: string) => Promise<FleetMember>;
  clock: Clock;
  /** ends the looks that are under way */
  signal: AbortSignal;
}) {
  const { ops, clock } = deps;
  const known = new Map<string, Known>();
  const running = new Map<string, Promise<void>>();

  const entry = (nodeId: string): Known => {
    const found = known.get(nodeId) ?? { startedAt: Number.NEGATIVE_INFINITY, room: null, looks: [], journal: null };
    known.set(nodeId, found);
    return found;
  };

  async function look(node: FleetNode): Promise<void> {
    const found = entry(node.id);
    const member = await deps.member(node.id);
    const processStart = node.processStart === null ? null : Date.parse(node.processStart);
    const claimed = node.pool.active === null || node.pool.idle === null ? null : node.pool.active + node.pool.idle;
    const probe = await ops.probe(member, { timeoutMs: DEADLINE_MS, signal: deps.signal }).catch(() => null);
    if (probe) {
      const { socketStates: states, fdSoftLimit: limit, fdHardLimit: hardLimit, mayRaiseHard } = probe.value;
      const prepared = await ops.isPrepared(member, { timeoutMs: DEADLINE_MS, signal: deps.signal }).catch(() => false);
      found.room = { limit, hardLimit, ...whoRaises(member, prepared, mayRaiseHard) };
      const one = { at: clock.now(), processStart, claimed, closeWait: states['CLOSE-WAIT'] ?? 0, established: states.ESTAB ?? 0 };
      found.looks = [...found.looks.filter((l) => l.at >= one.at - LEAST_OF_MS && l.processStart === processStart), one];
    }
    const sinceMs = Math.max(clock.now() - JOURNAL_MS, processStart ?? 0);
    const said = await ops
      .journal(member, { sinceMs, lines: JOURNAL_LINES, timeoutMs: DEADLINE_MS, signal: deps.signal })
      .catch(() => null);
    if (said) {
      const lines = said.value.lines.filter((line) => EMFILE.test(line));
      found.journal = { at: clock.now(), lines: lines.length, last: lines.at(-1)?.slice(0, 500) ?? null };
    }
  }

  return {
    /** Starts what is due; never waits for it. `trouble`: nodes that fire something. */
    tick(nodes: readonly FleetNode[], trouble: ReadonlySet<string>): void {
      const ids = new Set(nodes.map(({ id }) => id));
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
      const now = clock.now();
      const due = nodes.filter((node) => {
        if (running.has(node.id) || node.state === 'down' || node.state === 'unknown') return false;
        const worth = trouble.has(node.id) || nodes.length <= FEW_NODES || node.leak.verdict === 'leaking';
        const since = now - entry(node.id).startedAt;
        return since < 0 || since >= (worth ? SOON_MS : LATER_MS);
      });
      due.sort((a, b) => entry(a.id).startedAt - entry(b.id).startedAt);
      for (const node of due.slice(0, Math.max(0, AT_ONCE - running.size))) {
        entry(node.id).startedAt = now;
        // what cannot be read is not known; the state of the node says why
        const one = look(node)
          .catch(() => undefined)
          .finally(() => running.delete(node.id));
        running.set(node.id, one);
      }
    },
    of(nodeId: string): Pick<NodeView, 'sockets' | 'journal'> {
      const found = known.get(nodeId);
      const now = clock.now();
      const last = found?.looks.at(-1);
      const journal = found?.journal && now - found.journal.at <= HOLDS_MS ? found.journal : null;
      if (!found || !last || now - last.at > HOLDS_MS) return { sockets: null, journal };
      const least = Math.min(...found.looks.map((l) => l.closeWait));
      return { sockets: { closeWait: last.closeWait, least, established: last.established, claimed: last.claimed }, journal };
    },
    /** Its limit was seen, and nobody here may raise it. */
    hasNothingToBuy(nodeId: string): boolean {
      const room = known.get(nodeId)?.room;
      return room != null && !room.raisesHard && room.limit !== null && room.hardLimit !== null && room.limit >= room.hardLimit;
    },
    settled: () => Promise.all(running.values()),
  };
}
