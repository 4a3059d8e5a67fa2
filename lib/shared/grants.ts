import { type Permission, type Role, roleMay } from './roles.ts';
import { describeProblem, matchesSelector, parseSelector, type Selector, type SelectorSubject } from './selector.ts';

/** `operator on group=edge`. `selector` null: everywhere, also on what is not about a node. */
export type Grant = { role: Role; selector: string | null };

/**
 * What somebody holds. `grants` decides alone where it is given, and an empty list is nothing at all; left out, `role` holds everywhere. `within`:
 * what a token's maker holds now; the token may what both may.
 */
export type Holder = { role: Role; grants?: readonly Grant[]; within?: readonly Grant[] };

/** A node as grants see it: what the registry says of it, and never what it is doing. */
export type GrantSubject = Pick<SelectorSubject, 'id' | 'name' | 'labels'>;

/** On every node, those to come too, and on what belongs to no node. */
export const mayEverywhere = (holder: Holder, permission: Permission): boolean =>
  ways(holder).every((grants) => grants.some(({ role, selector }) => selector === null && roleMay(role, permission)));

/** On some node, whichever there are. */
export const maySomewhere = (holder: Holder, permission: Permission): boolean =>
  ways(holder).every((grants) => grants.some(({ role }) => roleMay(role, permission)));

export const mayOn = (holder: Holder, permission: Permission, node: GrantSubject): boolean =>
  ways(holder).every((grants) => grants.some(({ role, selector }) => roleMay(role, permission) && covers(selector, node)));

/** For a sentence: `operator on group=edge, viewer everywhere`. */
export const describeGrants = (holder: Holder): string =>
  grantsOf(holder)
    .map(({ role, selector }) => `${role} ${selector === null ? 'everywhere' : `on ${selector}`}`)
    .join(', ') || 'nothing';

/** What keeps a selector from being a grant's, in words; null when it can be one. Facts change while nobody looks, so they grant nothing. */
export function grantSelectorProblem(selector: string): string | null {
  const parsed = parseSelector(selector);
  if (!parsed.ok) return describeProblem(selector, parsed.problem);
  const fact = parsed.selector.terms.find((term) => term.kind !== 'all' && FACTS.includes(term.key));
  if (fact === undefined || fact.kind === 'all') return null;
  return `the selector ${JSON.stringify(selector)} asks for ${fact.key}, which changes by itself: a grant goes by labels, name and id`;
}

const FACTS = ['version', 'pool', 'leak', 'state', 'drift'];

const grantsOf = ({ role, grants }: Holder): readonly Grant[] => grants ?? [{ role, selector: null }];

const ways = (holder: Holder): (readonly Grant[])[] => (holder.within ? [grantsOf(holder), holder.within] : [grantsOf(holder)]);

/** One that cannot be read, or asks for facts, covers nothing. */
function covers(selector: string | null, { id, name, labels }: GrantSubject): boolean {
  if (selector === null) return true;
  const parsed = read(selector);
  return parsed !== null && matchesSelector(parsed, { id, name, labels });
}

/** Each node of each answer asks anew, with the same few texts. */
const KEPT = 500;
const known = new Map<string, Selector | null>();

function read(text: string): Selector | null {
  const before = known.get(text);
  if (before !== undefined) return before;
  const parsed = grantSelectorProblem(text) === null ? parseSelector(text) : null;
  const selector = parsed?.ok ? parsed.selector : null;
  if (known.size >= KEPT) known.clear();
  known.set(text, selector);
  return selector;
}
