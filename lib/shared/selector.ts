import { LEAK_VERDICTS, NODE_STATES } from './node-states.ts';

/**
 * The one grammar for search, targets and access: terms divided by spaces, all of which must hold.
 *   group=edge   label or fact has this value       canary    the node has this label
 *   name=a,b     it has one of these values
 *   name~web-*   glob: * any run, ? one character   !term     the term does not hold
 *   *            every node
 */
export type Selector = { terms: Term[] };
export type Term =
  | { kind: 'all'; negated: boolean }
  | { kind: 'has'; negated: boolean; key: string }
  | { kind: 'is' | 'like'; negated: boolean; key: string; value: string };

export type SelectorProblem = {
  /** position of the first character that is wrong, from 1 */ position: number;
  term: string;
  message: string;
};

/** What is known of a node beside its labels; these keys are never looked up among the labels. */
export const FACT_VALUES: Record<string, readonly string[] | null> = {
  name: null,
  id: null,
  version: null,
  pool: ['on', 'off', 'unknown'],
  leak: LEAK_VERDICTS,
  state: NODE_STATES,
  drift: ['yes', 'no'],
};

export type SelectorSubject = { id: string; name: string; labels: Record<string, string>; facts?: Record<string, string> };

export function parseSelector(text: string): { ok: true; selector: Selector } | { ok: false; problem: SelectorProblem } {
  const words = [...text.matchAll(/\S+/g)];
  if (words.length === 0) return problem(1, '', 'it is empty: write terms like group=edge, or * for every node');
  const terms: Term[] = [];
  for (const word of words) {
    const term = parseTerm(word[0], word.index + 1);
    if ('ok' in term) return term;
    terms.push(term);
  }
  return { ok: true, selector: { terms } };
}

export const formatSelector = (selector: Selector): string => selector.terms.map(formatTerm).join(' ');

export const matchesSelector = (selector: Selector, subject: SelectorSubject): boolean =>
  selector.terms.every((term) => holds(term, subject) !== term.negated);

/** A sentence for people: which term, where, and what may stand there. */
export const describeProblem = (selector: string, { position, term, message }: SelectorProblem): string =>
  term === ''
    ? `the selector ${JSON.stringify(selector)}: ${message}`
    : `the selector ${JSON.stringify(selector)} cannot be read at position ${position}, in ${JSON.stringify(term)}: ${message}`;

const KEY = /^[a-z][a-z0-9_.-]{0,39}/;
const VALUE = /^[A-Za-z0-9_.:/-]{1,253}(,[A-Za-z0-9_.:/-]{1,253})*$/;
const GLOB = /^[A-Za-z0-9_.:/*?-]{1,253}$/;
const WHAT_A_TERM_IS = 'a term is key=value, key~glob, key or *, with ! in front to negate; keys start with a lower case letter';

function parseTerm(word: string, position: number): Term | ReturnType<typeof problem> {
  const negated = word.startsWith('!');
  const body = negated ? word.slice(1) : word;
  const at = position + (negated ? 1 : 0);
  if (body === '*') return { kind: 'all', negated };
  const key = KEY.exec(body)?.[0];
  if (key === undefined) return problem(at, word, WHAT_A_TERM_IS);
  if (body.length === key.length) {
    if (Object.hasOwn(FACT_VALUES, key))
      return problem(at, word, `${key} needs a value: ${key}=${FACT_VALUES[key]?.join(`, ${key}=`) ?? '…'}`);
    return { kind: 'has', negated, key };
  }
  const [operator, value] = [body.charAt(key.length), body.slice(key.length + 1)];
  const valueAt = at + key.length + 1;
  if (operator !== '=' && operator !== '~')
    return problem(valueAt - 1, word, `after the key ${key} comes =, ~ or a space; ${WHAT_A_TERM_IS}`);
  if (value === '') return problem(valueAt, word, `${key}${operator} needs a value`);
  if (operator === '~') {
    if (!GLOB.test(value))
      return problem(valueAt, word, 'a glob is letters, digits and "_.:/-", with * for any run and ? for one character');
    return { kind: 'like', negated, key, value };
  }
  if (!VALUE.test(value)) {
    const hint = /[*?]/.test(value) ? `; for a glob write ${key}~${value}` : '';
    return problem(valueAt, word, `a value is letters, digits and "_.:/-", or several with commas between${hint}`);
  }
  const allowed = FACT_VALUES[key];
  if (allowed && !value.split(',').every((one) => allowed.includes(one)))
    return problem(valueAt, word, `${key} is one of ${allowed.join(', ')}`);
  return { kind: 'is', negated, key, value };
}

const problem = (position: number, term: string, message: string) => ({ ok: false as const, problem: { position, term, message } });

function formatTerm(term: Term): string {
  const sign = term.negated ? '!' : '';
  if (term.kind === 'all') return `${sign}*`;
  if (term.kind === 'has') return `${sign}${term.key}`;
  return `${sign}${term.key}${term.kind === 'is' ? '=' : '~'}${term.value}`;
}

function holds(term: Term, subject: SelectorSubject): boolean {
  if (term.kind === 'all') return true;
  const value = factOrLabel(term.key, subject);
  if (value === undefined) return false;
  if (term.kind === 'has') return true;
  return term.kind === 'is' ? term.value.split(',').includes(value) : matchesGlob(term.value, value);
}

function factOrLabel(key: string, subject: SelectorSubject): string | undefined {
  if (key === 'name') return subject.name;
  if (key === 'id') return subject.id;
  const from = Object.hasOwn(FACT_VALUES, key) ? (subject.facts ?? {}) : subject.labels;
  return Object.hasOwn(from, key) ? from[key] : undefined;
}

/** At most pattern × text steps, whatever the pattern: on a mismatch only the last * is tried again, one character further. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      [star, starText] = [p, t];
      p++;
    } else if (wanted === '?' || wanted === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      starText++;
      [p, t] = [star + 1, starText];
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
