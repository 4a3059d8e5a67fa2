import { FACT_VALUES, formatSelector, matchesSelector, parseSelector, type SelectorSubject, type Term } from './selector.ts';
import { listed } from './units/count.ts';

/** Longer lists of what there is are cut. */
const MOST_NAMED = 8;

/**
 * Why a selector that can be read matches none of these: the first term that no one of them meets, with what stands there instead.
 * Null when it cannot be read, when something matches, or when there is nothing to match.
 */
export function explainNoMatch(text: string, subjects: readonly SelectorSubject[]): string | null {
  const parsed = parseSelector(text);
  if (!parsed.ok || subjects.length === 0 || subjects.some((one) => matchesSelector(parsed.selector, one))) return null;
  const { terms } = parsed.selector;
  const dead = terms.find((term) => !subjects.some((one) => matchesSelector({ terms: [term] }, one)));
  if (!dead) return 'Each term matches some node, but no node matches all of them.';
  return explainTerm(dead, subjects);
}

function explainTerm(term: Term, subjects: readonly SelectorSubject[]): string {
  const words = formatSelector({ terms: [term] });
  if (term.negated || term.kind === 'all') return `${words} leaves no node.`;
  const { key } = term;
  if (key === 'name' || key === 'id') {
    const names = subjects.map((one) => (key === 'name' ? one.name : one.id));
    const near = term.kind === 'is' ? nearest(term.value.split(',')[0] ?? '', names) : null;
    return `No node is called ${term.kind === 'has' ? key : term.value}${near ? `. Did you mean ${near}?` : `: there are ${listed(names, MOST_NAMED)}.`}`;
  }
  if (Object.hasOwn(FACT_VALUES, key)) return `No node is ${words} now.`;
  const keys = [...new Set(subjects.flatMap((one) => Object.keys(one.labels)))].sort();
  if (!keys.includes(key)) {
    const near = nearest(key, [...keys, ...Object.keys(FACT_VALUES)]);
    return `No node has the label ${key}. ${near ? `Did you mean ${near}? ` : ''}${keys.length === 0 ? 'No node has any label.' : `Labels here: ${listed(keys, MOST_NAMED)}.`}`;
  }
  const values = [...new Set(subjects.flatMap((one) => (Object.hasOwn(one.labels, key) ? [one.labels[key] ?? ''] : [])))].sort();
  const near = term.kind === 'is' ? nearest(term.value, values) : null;
  const shown = values.map((value) => value || '(empty)');
  return `No node has ${words}. ${near ? `Did you mean ${key}=${near}? ` : ''}${key} here is ${listed(shown, MOST_NAMED)}.`;
}

/** The candidate that is a typing error away: two edits, or one in a short word. */
function nearest(word: string, candidates: readonly string[]): string | null {
  const most = word.length <= 3 ? 1 : 2;
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(word, candidate, most) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate ?? null;
}

/** Edits between two words, two neighbours changed about being one; stops above `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(rows, i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(rows, i - 2, j - 2) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}
const at = (rows: readonly number[][], i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
