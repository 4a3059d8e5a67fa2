import { forecastOf, selectorSubject, urgency, usedShare } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { describeProblem, formatSelector, matchesSelector, parseSelector, type Selector } from '#shared/selector.ts';
import { explainNoMatch } from '#shared/selector-explain.ts';
import { nameOrder } from './name-order.ts';

export const VIEWS = ['all', 'at-risk', 'leaking', 'cannot-tell', 'drift', 'unreachable'] as const;
export type View = (typeof VIEWS)[number];
export const VIEW_LABELS: Record<View, string> = {
  all: 'All',
  'at-risk': 'At risk',
  leaking: 'Leaking',
  'cannot-tell': 'Can’t tell',
  drift: 'Drift',
  unreachable: 'Blind or down',
};

export const VIEW_HOLDS: Record<View, (node: FleetNode) => boolean> = {
  all: () => true,
  'at-risk': (node) => (forecastOf(node)?.low ?? Number.POSITIVE_INFINITY) < 86_400 || usedShare(node) > 0.85,
  leaking: (node) => node.leak.verdict === 'leaking',
  'cannot-tell': (node) => node.leak.verdict === 'cannot-tell',
  drift: (node) => node.drift,
  unreachable: (node) => node.state === 'down' || node.state === 'scrape-blind' || node.state === 'unknown' || node.hostKey.blocked,
};

export type Selection =
  | { ok: true; nodes: FleetNode[] }
  /** `message` says which term and what is allowed */
  | { ok: false; nodes: FleetNode[]; message: string };

/** What the search box asks for. Empty means every node; a selector that cannot be read hides nothing. */
export function selectNodes(nodes: readonly FleetNode[], text: string): Selection {
  if (text.trim() === '') return { ok: true, nodes: [...nodes] };
  const parsed = parseSelector(text);
  if (!parsed.ok) return { ok: false, nodes: [...nodes], message: describeProblem(text, parsed.problem) };
  return { ok: true, nodes: nodes.filter((node) => matchesSelector(parsed.selector, selectorSubject(node))) };
}

/** For "no node matches": which term meets nothing, and what stands there instead. */
export const whyNoMatch = (nodes: readonly FleetNode[], text: string): string | null => explainNoMatch(text, nodes.map(selectorSubject));

/** For "no node matches": the one term whose removal brings most nodes back. */
export function termToDrop(nodes: readonly FleetNode[], text: string): { term: string; without: string; matches: number } | null {
  const parsed = parseSelector(text);
  if (!parsed.ok) return null;
  const { terms } = parsed.selector;
  const tries = terms.map((dropped, index) => {
    const rest: Selector = { terms: terms.filter((_, i) => i !== index) };
    const matches = nodes.filter((node) => matchesSelector(rest, selectorSubject(node))).length;
    return { term: formatSelector({ terms: [dropped] }), without: formatSelector(rest), matches };
  });
  const best = tries.sort((a, b) => b.matches - a.matches)[0];
  return best && best.matches > 0 ? best : null;
}

/** The selector that stands for exactly these nodes. */
export const selectorOf = (names: readonly string[]): string => `name=${names.join(',')}`;

export const SORT_KEYS = ['eta', 'name', 'open', 'headroom', 'per1000', 'connections', 'rate', 'age'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Missing figures go last, whichever way it is sorted. */
export function sortNodes(nodes: readonly FleetNode[], key: SortKey, descending: boolean): FleetNode[] {
  const value = VALUES[key];
  const sign = descending ? -1 : 1;
  const byName = nameOrder(nodes);
  return nodes
    .map((node) => ({ node, x: value(node) }))
    .sort((a, b) => {
      if (a.x === null || b.x === null) return a.x === b.x ? byName(a.node, b.node) : a.x === null ? 1 : -1;
      const order = typeof a.x === 'string' || typeof b.x === 'string' ? byName(a.node, b.node) : a.x - b.x;
      return order === 0 ? byName(a.node, b.node) : sign * order;
    })
    .map(({ node }) => node);
}

const VALUES: Record<SortKey, (node: FleetNode) => number | string | null> = {
  eta: urgency,
  name: (node) => node.name,
  open: (node) => node.openFds,
  headroom: (node) => node.headroom,
  per1000: (node) => node.leak.per1000Connections?.mid ?? null,
  connections: (node) => node.connectionsActive,
  rate: (node) => node.acceptedPerSecond,
  age: (node) => (node.processStart === null ? null : -Date.parse(node.processStart)),
};
