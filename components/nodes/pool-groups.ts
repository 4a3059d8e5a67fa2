import type { FleetNode } from '#shared/nodes.ts';

export const POOL_KEYS = ['enabled', 'max_per_host', 'connection_ttl', 'idle_timeout', 'cleanup_interval'] as const;
export type PoolKey = (typeof POOL_KEYS)[number];
export type PoolValues = Partial<Record<PoolKey, string>>;

/** The pool's settings as a config.yaml writes them, block or flow style; a key that is not there is the proxy's own default. For showing only. */
export function readPool(text: string): PoolValues {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => /^connection_pool\s*:/.test(line));
  if (at < 0) return {};
  const flow = /^connection_pool\s*:\s*\{([^}]*)\}/.exec(lines[at] ?? '')?.[1];
  const end = lines.findIndex((line, i) => i > at && /^[^\s#]/.test(line));
  const entries = flow?.split(',') ?? lines.slice(at + 1, end < 0 ? undefined : end).filter((line) => /^\s+[^\s#]/.test(line));
  const values: PoolValues = {};
  for (const entry of entries) {
    const match = /^\s*([a-z_]+)\s*:\s*([^#\s][^#]*?)\s*(?:#.*)?$/.exec(entry);
    const key = POOL_KEYS.find((one) => one === match?.[1]);
    if (key && match?.[2]) values[key] = match[2].replace(/^["']|["']$/g, '');
  }
  return values;
}

export type Spread = { low: number; mid: number; high: number };
export type PoolGroup = {
  value: string;
  nodes: FleetNode[];
  leaking: number;
  cannotTell: number;
  /** of the nodes' middle slopes: lowest, median, highest; null where none has one */
  perMinute: Spread | null;
  per1000: Spread | null;
};

/** Nodes by their value of one setting. What is not known is a group of its own, last. */
export function groupByPool(nodes: readonly FleetNode[], settingOf: (node: FleetNode) => string): PoolGroup[] {
  const groups = Map.groupBy(nodes, settingOf);
  return [...groups]
    .sort(([a], [b]) => Number(a === UNKNOWN) - Number(b === UNKNOWN) || a.localeCompare(b, 'en', { numeric: true }))
    .map(([value, members]) => ({
      value,
      nodes: members,
      leaking: members.filter(({ leak }) => leak.verdict === 'leaking').length,
      cannotTell: members.filter(({ leak }) => leak.verdict === 'cannot-tell').length,
      perMinute: spread(members.map(({ leak }) => leak.perMinute?.mid ?? null)),
      per1000: spread(members.map(({ leak }) => leak.per1000Connections?.mid ?? null)),
    }));
}

export const UNKNOWN = 'not known';

function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [low, mid, high] = [known[0], known[known.length >> 1], known.at(-1)];
  return low === undefined || mid === undefined || high === undefined ? null : { low, mid, high };
}

/** What such an experiment that nobody set up can say, and no more: which values leak, and whether the setting alone tells them apart. */
export function experimentSentence(key: PoolKey, groups: readonly PoolGroup[]): string {
  const known = groups.filter(({ value }) => value !== UNKNOWN);
  const leaking = known.reduce((sum, group) => sum + group.leaking, 0);
  if (known.length === 0) return `${key} is not known of any of these nodes.`;
  if (known.length === 1) return `All have ${key} ${known[0]?.value}: there is nothing to compare it with.`;
  if (leaking === 0) return `None of these nodes is called leaking, whatever ${key} is.`;
  const told = known.filter((group) => group.nodes.length > group.cannotTell);
  const withLeaks = told.filter((group) => group.leaking > 0);
  const counts = told.map((group) => `${group.value}: ${group.leaking} of ${group.nodes.length - group.cannotTell} leak`).join('; ');
  if (told.length < 2) return `${counts}. The others cannot be told yet: nothing to compare.`;
  if (withLeaks.length === told.length) return `${counts}. It leaks with every value, so ${key} alone does not explain it.`;
  const apart = withLeaks.every((group) => group.leaking === group.nodes.length - group.cannotTell);
  return apart
    ? `${counts}. ${key} tells them apart. That is a hint, not a proof: a run that changes it on one node and judges the slope is.`
    : `${counts}. ${key} goes with the leak, but not all nodes that have it leak.`;
}
