import { type Cause, INCIDENT_RULES, type RuleKey } from '#shared/incident-rules.ts';

/** An incident as far as grouping looks at it; those that were merged into another are not among them. */
export type Grouped = {
  id: string;
  cause: Cause;
  open: boolean;
  openedAt: number;
  closedAt: number | null;
  nodeIds: ReadonlySet<string>;
  /** when the newest of its signals fired */
  newestSignalAt: number;
};
export type Placed =
  /** `absorb`: an incident that tells of the same; `cause`: what the incident is about from now on */
  { do: 'join'; id: string; absorb: string | null; cause: Cause | null } | { do: 'reopen'; id: string } | { do: 'open'; cause: Cause };

/** A leak that returns within this is the same incident. */
export const REOPEN_MS = 24 * 3_600_000;
/** Nodes that fall silent this close together probably do so for one reason. */
const TOGETHER_MS = 15 * 60_000;

const FDS: readonly Cause[] = ['fd-leak', 'fd-pressure'];
const isFds = (cause: Cause) => FDS.includes(cause);

/** Which incident a signal belongs to: one for a cause, not one for a node. Pure. */
export function placeSignal(signal: { rule: RuleKey; nodeId: string; at: number }, incidents: readonly Grouped[]): Placed {
  const { cause } = INCIDENT_RULES[signal.rule];
  const open = incidents.filter((i) => i.open).sort((a, b) => a.openedAt - b.openedAt || a.id.localeCompare(b.id));
  const onNode = open.filter((i) => i.nodeIds.has(signal.nodeId));
  const same = onNode.find((i) => i.cause === cause);
  if (same) return join(same.id);

  const declared = onNode.find((i) => i.cause === 'by-hand');
  if (declared) return join(declared.id);
  const fds = onNode.find((i) => isFds(i.cause));
  // a process without fds answers nobody: that it is blind is part of the same story
  if (fds && (cause === 'fd-pressure' || signal.rule === 'scrape-blind')) return join(fds.id);

  const elsewhere = open.find((i) => i.cause === cause && (cause !== 'unreachable' || signal.at - i.newestSignalAt <= TOGETHER_MS));
  if (fds && cause === 'fd-leak') {
    const alone = fds.nodeIds.size === 1;
    if (elsewhere) return { do: 'join', id: elsewhere.id, absorb: alone ? fds.id : null, cause: null };
    if (alone) return { do: 'join', id: fds.id, absorb: null, cause: 'fd-leak' };
  }
  if (elsewhere) return join(elsewhere.id);

  const closed = incidents
    .filter((i) => !i.open && i.nodeIds.has(signal.nodeId) && i.closedAt !== null && signal.at - i.closedAt <= REOPEN_MS)
    .sort((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0));
  const before = closed.find((i) => i.cause === cause || (isFds(i.cause) && isFds(cause)));
  return before ? { do: 'reopen', id: before.id } : { do: 'open', cause };
}

const join = (id: string): Placed => ({ do: 'join', id, absorb: null, cause: null });
