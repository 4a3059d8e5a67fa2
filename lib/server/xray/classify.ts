import type { RawGroup, RawLook } from '#server/ssh/index.ts';
import { toInstant } from '#shared/time.ts';
import { FD_KINDS, type FdGroup, type FdKind } from '#shared/xray.ts';
import { formatAddress } from './address.ts';
import { type FirstSeen, seenBefore } from './first-seen.ts';

// include/net/tcp_states.h
const TCP_STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const;
const TCP: readonly FdKind[] = ['listener', 'client', 'upstream'];
/** looks told apart in the ages of one group; older ones count as the oldest of these */
const AGES = 12;

/** The groups of a look in words and numbers, and the numbers of its sockets and pipes by when they were first seen. */
export function classifyLook(
  look: RawLook,
  at: number,
  before: FirstSeen,
  nameOf: (peer: string) => string | null = () => null,
): { groups: FdGroup[]; seen: FirstSeen } {
  const lookUp = seenBefore(before);
  const seen: FirstSeen = new Map();
  const groups = look.groups.map((raw): FdGroup => {
    const counts = new Map<number, number>();
    for (const id of raw.ids) {
      const first = lookUp(id) ?? at;
      counts.set(first, (counts.get(first) ?? 0) + 1);
      const ids = seen.get(first);
      if (ids) ids.push(id);
      else seen.set(first, [id]);
    }
    const group = describe(raw, look.littleEndian);
    const name = group.kind === 'upstream' && group.peer !== null ? nameOf(group.peer) : null;
    return { ...group, ...(name !== null && { name }), count: raw.count, firstSeen: agesOf(counts) };
  });
  return { groups, seen };
}

function describe(raw: RawGroup, littleEndian: boolean): Omit<FdGroup, 'count' | 'firstSeen'> {
  const kind = FD_KINDS.find((known) => known === raw.kind) ?? 'other';
  const address = (hex: string) => formatAddress(hex, littleEndian);
  const named = kind === 'file' || kind === 'anon' || kind === 'unix' || kind === 'socket';
  return {
    kind,
    state: stateOf(kind, raw.state),
    local: address(raw.local),
    peer: named ? wordOf(raw.peer) : address(raw.peer),
    others: raw.peer === '*',
    examples: raw.examples.slice(0, 3).map(({ fd, local, remote }) => ({ fd, local: address(local), remote: address(remote) })),
  };
}

function stateOf(kind: FdKind, state: string): string | null {
  if (kind === 'file') return state === 'deleted' ? 'deleted' : null;
  return TCP.includes(kind) ? (TCP_STATES[Number.parseInt(state, 16) - 1] ?? null) : null;
}

/** A name that the node's processes chose: printable characters, and not many. */
function wordOf(name: string): string | null {
  if (name === '-' || name === '*') return null;
  return name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 200);
}

function agesOf(counts: Map<number, number>): FdGroup['firstSeen'] {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const cut = Math.max(0, sorted.length - AGES);
  const [oldest, ...rest] = sorted.slice(cut);
  if (!oldest) return [];
  // the younger instant of those that are put together: "open since then at least" stays true
  const together = sorted.slice(0, cut + 1).reduce((sum, [, count]) => sum + count, 0);
  return [[oldest[0], together] as const, ...rest].map(([at, count]) => ({ at: toInstant(at), count }));
}
