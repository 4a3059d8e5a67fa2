import type { FdGroup, FdGrowth, FdLook, NodeFds } from '#shared/xray.ts';

type Key = Pick<FdGrowth, 'kind' | 'state' | 'local' | 'peer' | 'name' | 'others'>;
type Place = FdGrowth & { numbered: number };

/**
 * What grew between two looks, by peer and by kind. A peer may be counted apart in one look and among the others in the next, so only the
 * table by kind is exact for it; each table adds up to the fds of both looks.
 */
export function compareLooks(before: FdLook, now: FdLook): NonNullable<NodeFds['comparison']> {
  const sinceMs = Date.parse(before.at);
  return {
    since: summaryOf(before),
    seconds: (Date.parse(now.at) - sinceMs) / 1000,
    sameProcess: before.pid === now.pid && before.processStart === now.processStart,
    grew: now.openFds - before.openFds,
    kinds: growth(before.groups, now.groups, sinceMs, ({ kind, state }) => ({ kind, state, local: null, peer: null, others: false })),
    groups: growth(before.groups, now.groups, sinceMs, ({ kind, state, local, peer, name, others }) => ({
      ...{ kind, state, local, peer, others },
      ...(name != null && { name }),
    })),
  };
}

export const summaryOf = ({ id, at, pid, openFds }: FdLook) => ({ id, at, pid, openFds });

function growth(before: FdGroup[], now: FdGroup[], sinceMs: number, keyOf: (group: FdGroup) => Key): FdGrowth[] {
  const places = new Map<string, Place>();
  const place = (group: FdGroup): Place => {
    const key = keyOf(group);
    // a route may have been renamed between two looks: that makes no other peer of it
    const same = JSON.stringify({ ...key, name: undefined });
    const found = Object.assign(places.get(same) ?? { before: 0, now: 0, grew: 0, stayed: 0, numbered: 0 }, key);
    places.set(same, found);
    return found;
  };
  for (const group of before) place(group).before += group.count;
  for (const group of now) {
    const at = place(group);
    at.now += group.count;
    for (const { at: first, count } of group.firstSeen) {
      at.numbered += count;
      if (Date.parse(first) <= sinceMs) at.stayed = (at.stayed ?? 0) + count;
    }
  }
  return [...places.values()]
    .map(({ numbered, ...row }) => ({
      ...row,
      grew: row.now - row.before,
      stayed: numbered === row.now && row.now > 0 ? row.stayed : null,
    }))
    .sort((a, b) => b.grew - a.grew || b.now - a.now);
}
