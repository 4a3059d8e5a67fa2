import type { MarkKind } from '#components/ui/mark.tsx';
import { selectorSubject, urgency, worstOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { matchesSelector, parseSelector } from '#shared/selector.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { GOVERN_NAV, MAIN_NAV } from '../nav.ts';
import { KEYS } from './key-names.ts';
import { NODE_ACTIONS, type NodeAction } from './node-actions.ts';
import { type Found, rank } from './rank.ts';

export const GROUPS = ['Actions', 'Nodes', 'Runs and runbooks', 'Pages'] as const;
export type Group = (typeof GROUPS)[number];
/** What only the page that is open can do. */
export type PageAct = 'theme' | 'keys';

export type Entry = {
  key: string;
  group: Group;
  icon: 'action' | 'busy' | 'run' | 'runbook' | 'page' | 'filter' | { mark: MarkKind };
  label: string;
  /** which characters of the label the query named: [from, to) */
  hits: readonly Found[];
  detail?: string;
  right?: string;
  does: { href: string } | { act: PageAct };
};

/** What the palette may offer; a part that is not loaded yet is empty. */
export type Known = {
  nodes: readonly FleetNode[];
  runs: readonly { id: string; name: string; title: string; status: string; summary: string }[];
  runbooks: readonly { key: string; title: string; stepCount: number }[];
  mayOperate: boolean;
};

const MOST: Record<Group, number> = { Actions: 5, Nodes: 6, 'Runs and runbooks': 5, Pages: 5 };

/** Those that die first, first. Of nodes that are in this order already it is next to nothing. */
export const byUrgency = (nodes: readonly FleetNode[]): FleetNode[] => [...nodes].sort((a, b) => urgency(a) - urgency(b));

/** Everything that `query` finds, best first within its group; a few ways to begin when it is empty. */
export function paletteEntries(query: string, given: Known): Entry[] {
  const text = query.trim();
  const known = { ...given, nodes: byUrgency(given.nodes) };
  const found = [...actions(text, known), ...nodes(text, known), ...runsAndRunbooks(text, known), ...pages(text)];
  return GROUPS.flatMap((group) => found.filter((entry) => entry.group === group).slice(0, MOST[group]));
}

/** `restart edge-07`: the first word names the act, the rest the node. The act alone offers the nodes that die first. */
function actions(text: string, known: Known): Entry[] {
  const [word = '', ...rest] = text.toLowerCase().split(/\s+/);
  const name = rest.join(' ');
  const acts = text === '' ? [] : NODE_ACTIONS.filter(({ words }) => words.some((known) => known.startsWith(word)));
  const entries = acts.flatMap((action) => onNodes(action, text, name, known));
  return [...selectorEntry(text, known), ...entries, ...pageActs(text)];
}

function onNodes(action: NodeAction, text: string, name: string, known: Known): Entry[] {
  if (action.changes && !known.mayOperate) return [];
  const targets = name === '' ? known.nodes.slice(0, 2) : ranked(known.nodes, name, (node) => node.name).map(({ item }) => item);
  const like = targets.length > 1 && name !== '' && action.many ? [manyEntry(action, text, name, targets)] : [];
  const single = targets.slice(0, 3).map((node): Entry => {
    const label = `${action.label} ${node.name}${action.changes ? '…' : ''}`;
    const base = { key: `${action.label}:${node.id}`, group: 'Actions' as const, label, hits: hitsOf(label, text) };
    if (action.changes && node.activeRunId !== null)
      return { ...base, icon: 'busy', detail: 'busy: a run is on it', right: 'open the run', does: { href: `/runs/${node.activeRunId}` } };
    return { ...base, icon: 'action', detail: action.detail, does: { href: action.href(node) } };
  });
  const [first, ...others] = single;
  return first ? [first, ...like, ...others] : [];
}

function manyEntry(action: NodeAction, text: string, name: string, targets: readonly FleetNode[]): Entry {
  const label = `${action.label} ${formatCount(targets.length)} nodes like ${name}…`;
  const selector = `name=${targets.map((node) => node.name).join(',')}`;
  const does = { href: action.many?.(selector) ?? '/' };
  return { key: `${action.label}:many`, group: 'Actions', icon: 'action', label, hits: hitsOf(label, text), detail: 'in batches', does };
}

/** What reads as a selector shows those nodes. */
function selectorEntry(text: string, known: Known): Entry[] {
  if (!/[=~!]/.test(text)) return [];
  const parsed = parseSelector(text);
  if (!parsed.ok) return [];
  const count = known.nodes.filter((node) => matchesSelector(parsed.selector, selectorSubject(node))).length;
  const label = `Show ${text}`;
  return [
    {
      key: 'selector',
      group: 'Actions',
      icon: 'filter',
      label,
      hits: hitsOf(label, text),
      right: plural(count, 'node'),
      does: { href: `/?q=${encodeURIComponent(text)}` },
    },
  ];
}

const PAGE_ACTS: readonly { label: string; act: PageAct; right: string }[] = [
  { label: 'Switch between light and dark', act: 'theme', right: KEYS.theme },
  { label: 'Show all keys', act: 'keys', right: KEYS.sheet },
];

const pageActs = (text: string): Entry[] =>
  text === ''
    ? []
    : ranked(PAGE_ACTS, text, ({ label }) => label).map(({ item, hits }) => ({
        key: item.act,
        group: 'Actions',
        icon: 'action',
        label: item.label,
        hits,
        right: item.right,
        does: { act: item.act },
      }));

/** Without a query the nodes that die first. */
const nodes = (text: string, known: Known): Entry[] =>
  ranked(known.nodes, lastWord(text), ({ name }) => name)
    .slice(0, MOST.Nodes)
    .map(({ item, hits }) => ({
      key: `node:${item.id}`,
      group: 'Nodes',
      icon: { mark: worstOf(item).kind },
      label: item.name,
      hits,
      detail: worstOf(item).words,
      ...(item.headroom === null ? {} : { right: `headroom ${formatCount(item.headroom)}` }),
      does: { href: `/nodes/${item.id}` },
    }));

function runsAndRunbooks(text: string, known: Known): Entry[] {
  const group = 'Runs and runbooks' as const;
  const runs = ranked(known.runs, text, ({ name, title }) => `${name} ${title}`).map(
    ({ item, hits }): Entry => ({
      key: `run:${item.id}`,
      group,
      icon: 'run',
      label: `${item.name} ${item.title}`,
      hits,
      detail: item.summary,
      right: item.status,
      does: { href: `/runs/${item.id}` },
    }),
  );
  const books = ranked(known.runbooks, text, ({ title, key }) => `${title} ${key}`).map(
    ({ item, hits }): Entry => ({
      key: `runbook:${item.key}`,
      group,
      icon: 'runbook',
      label: item.title,
      hits: hits.filter(([, to]) => to <= item.title.length),
      detail: `runbook, ${plural(item.stepCount, 'step')}`,
      does: { href: `/runbooks/${item.key}` },
    }),
  );
  return text === '' ? runs.slice(0, 3) : [...books.slice(0, 3), ...runs];
}

const DESTINATIONS: readonly { label: string; href: string; go?: string }[] = [
  ...MAIN_NAV,
  ...GOVERN_NAV,
  { label: 'Add node', href: '/nodes/new' },
  { label: 'Import nodes', href: '/nodes/import' },
  { label: 'Set up the first nodes', href: '/welcome' },
  { label: 'Guided tour', href: '/?tour=1' },
  { label: 'New runbook', href: '/runbooks/edit' },
];

const pages = (text: string): Entry[] =>
  ranked(DESTINATIONS, text, ({ label }) => label).map(({ item, hits }) => ({
    key: `page:${item.href}`,
    group: 'Pages',
    icon: 'page',
    label: item.label,
    hits,
    ...(item.go === undefined ? {} : { right: `g ${item.go}` }),
    does: { href: item.href },
  }));

function ranked<T>(items: readonly T[], text: string, of: (item: T) => string): { item: T; hits: readonly Found[] }[] {
  if (text === '') return items.map((item) => ({ item, hits: [] }));
  return items
    .flatMap((item, index) => {
      const found = rank(of(item), text);
      return found ? [{ item, index, ...found }] : [];
    })
    .sort((a, b) => b.score - a.score || a.index - b.index);
}

/** `restart edge-07` looks for nodes by its last word: the act before it is no part of a name. */
const lastWord = (text: string): string => text.split(/\s+/).at(-1) ?? '';

const hitsOf = (label: string, text: string): readonly Found[] => rank(label, text)?.hits ?? [];
