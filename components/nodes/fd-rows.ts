import type { FdGroup, FdGrowth, FdKind, NodeFds } from '#shared/xray.ts';

export const KIND_WORDS: Record<FdKind, string> = {
  listener: 'Listener',
  client: 'Client socket',
  upstream: 'Upstream socket',
  udp: 'UDP socket',
  orphan: 'Orphan socket',
  unix: 'Unix socket',
  socket: 'Other socket',
  pipe: 'Pipe',
  anon: 'Anonymous inode',
  file: 'File',
  closed: 'Closed during the look',
  other: 'Other',
};

export type FdRow = Omit<FdGrowth, 'before' | 'grew' | 'stayed'> & {
  key: string;
  /** null: there is no earlier look */
  before: number | null;
  grew: number | null;
  stayed: number | null;
  /** seconds that half of them are known to be open at least; 0: first seen by this look; null: not known */
  medianAgeSeconds: number | null;
  /** some of them, those that the kernel made first; empty when all have gone */
  examples: FdGroup['examples'];
};

/** A class of many groups shows a few of each, so that one peer does not stand for all. */
const MOST_EXAMPLES = 6;

/** Sockets that only this process can free: the peer has gone, or the kernel has let go. */
export const isStuck = ({ kind, state }: Pick<FdRow, 'kind' | 'state'>): boolean => state === 'CLOSE_WAIT' || kind === 'orphan';

/** What is shown: most grown first, or without an earlier look the largest first. */
export function fdRows({ look, comparison }: NodeFds): { kinds: FdRow[]; peers: FdRow[] } {
  if (!look) return { kinds: [], peers: [] };
  const ages = (same: (group: FdGroup) => boolean) => medianAge(look.groups.filter(same), Date.parse(look.at));
  const named = (row: Pick<FdRow, 'kind' | 'state' | 'local' | 'peer' | 'others'>) =>
    [row.kind, row.state, row.local, row.peer, row.others].join('|');
  const examples = (same: (group: FdGroup) => boolean) => examplesOf(look.groups.filter(same));
  const sameKind = (row: Pick<FdRow, 'kind' | 'state'>) => (group: FdGroup) => group.kind === row.kind && group.state === row.state;
  if (comparison)
    return {
      kinds: comparison.kinds.map((row) => ({
        ...row,
        key: named(row),
        medianAgeSeconds: ages(sameKind(row)),
        examples: examples(sameKind(row)),
      })),
      peers: comparison.groups.map((row) => {
        const same = (group: FdGroup) => named(group) === named(row);
        return { ...row, key: named(row), medianAgeSeconds: ages(same), examples: examples(same) };
      }),
    };
  const alone = { before: null, grew: null, stayed: null, medianAgeSeconds: null };
  const kinds = new Map<string, FdRow>();
  for (const { kind, state, count } of look.groups) {
    const blank = { kind, state, local: null, peer: null, others: false, examples: examples(sameKind({ kind, state })) };
    const row = kinds.get(named(blank)) ?? { ...blank, ...alone, key: named(blank), now: 0 };
    kinds.set(row.key, { ...row, now: row.now + count });
  }
  return {
    kinds: [...kinds.values()].sort((a, b) => b.now - a.now),
    peers: look.groups.map((group) => ({ ...group, ...alone, key: named(group), now: group.count })),
  };
}

/** By turns from each group, the largest first. */
function examplesOf(groups: readonly FdGroup[]): FdGroup['examples'] {
  const sorted = [...groups].sort((a, b) => b.count - a.count);
  const taken: FdGroup['examples'] = [];
  for (let turn = 0; taken.length < MOST_EXAMPLES && sorted.some(({ examples }) => examples.length > turn); turn++)
    for (const { examples } of sorted) {
      const example = examples[turn];
      if (example && taken.length < MOST_EXAMPLES) taken.push(example);
    }
  return taken;
}

function medianAge(groups: FdGroup[], nowMs: number): number | null {
  const seen = groups.flatMap(({ firstSeen }) => firstSeen).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const known = seen.reduce((sum, { count }) => sum + count, 0);
  if (known === 0 || known < groups.reduce((sum, { count }) => sum + count, 0)) return null;
  let passed = 0;
  for (const { at, count } of seen) {
    passed += count;
    if (passed * 2 >= known) return (nowMs - Date.parse(at)) / 1000;
  }
  return null;
}
