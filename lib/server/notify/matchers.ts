import { HeadroomError } from '#server/kernel/errors.ts';
import type { Severity } from '#shared/incident-rules.ts';
import type { AlertSignal } from '#shared/notify.ts';
import { describeProblem, FACT_VALUES, matchesSelector, parseSelector } from '#shared/selector.ts';
import { formatMatcher, type Matcher } from '#shared/silences.ts';
import { labelName, labelsOf } from './labels.ts';

/** A label that is not there is the empty text, as in Alertmanager. */
export function matchesAll(matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => {
    const value = Object.hasOwn(labels, matcher.name) ? (labels[matcher.name] ?? '') : '';
    const holds = matcher.isRegex ? anchored(matcher.value).test(value) : matcher.value === value;
    return holds === matcher.isEqual;
  });
}

/** `nodeId`: of a silence that a run made, which is about that node whatever it is called. */
export const covers = (
  by: { selector: string; matchers: readonly Matcher[]; nodeId: string | null },
  signal: AlertSignal,
  severity: Severity,
): boolean =>
  (by.nodeId === null || by.nodeId === signal.nodeId) &&
  selects(by.selector, signal) &&
  matchesAll(by.matchers, labelsOf(signal, severity));

/** A selector was read when it was stored; one that cannot be read any more selects nothing: silence must not spread by an accident. */
export function selects(selector: string, { nodeId, node, labels }: AlertSignal): boolean {
  if (selector === '*') return true;
  const parsed = parseSelector(selector);
  return parsed.ok && matchesSelector(parsed.selector, { id: nodeId, name: node, labels });
}

const anchored = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 's');

/**
 * Places of one pattern where the engine may go two ways: repetitions, what may be left out, and groups of alternatives. JavaScript's takes up to
 * length^n steps for n repetitions, and 2^n for n places like `.?` or `(a|a)`.
 */
const MOST_CHOICES = 3;

/** Throws request.invalid for a pattern that is none, or that a text could make slow: RE2, which Alertmanager uses, has no such texts. */
export function assertMatchers(matchers: readonly Matcher[]): void {
  matchers.forEach((matcher, i) => {
    if (!matcher.isRegex) return;
    const why = wrongPattern(matcher.value);
    if (why === null) return;
    const message = `the matcher ${formatMatcher(matcher)}: ${why}`;
    throw new HeadroomError('request.invalid', message, { fields: [{ path: `matchers.${i}.value`, message }] });
  });
}

function wrongPattern(pattern: string): string | null {
  if (pattern.length > 200) return 'a regular expression may have 200 characters';
  try {
    anchored(pattern);
  } catch {
    return 'it is no regular expression';
  }
  const plain = pattern.replace(/\\[^0-9kpP]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\\[0-9kpP]|\(\?[^:]/.test(plain)) return 'it may not refer back, look ahead or look behind';
  if (/\)[*+{]/.test(plain)) return 'a group may not be repeated: write the repetition inside it';
  const choices =
    plain
      .replaceAll('(?:', '(')
      .replace(/([*+?}])\?/g, '$1')
      .match(/[*+?{(]/g) ?? [];
  if (choices.length > MOST_CHOICES) return `it may repeat, leave out or group in ${MOST_CHOICES} places, and does so in ${choices.length}`;
  return null;
}

/** Alerts are matched by what does not change while they last: labels, name and id. Throws selector.invalid. */
export function assertLabelSelector(selector: string): void {
  const parsed = parseSelector(selector);
  if (!parsed.ok) throw new HeadroomError('selector.invalid', describeProblem(selector, parsed.problem));
  const fact = parsed.selector.terms.find(
    (term) => 'key' in term && Object.hasOwn(FACT_VALUES, term.key) && !['name', 'id'].includes(term.key),
  );
  if (fact && 'key' in fact)
    throw new HeadroomError(
      'selector.invalid',
      `the selector ${JSON.stringify(selector)}: ${fact.key} changes while an alert lasts; choose by label, name or id`,
    );
}

/** The same as matchers, for clients that know no selectors. */
export function asMatchers(selector: string): Matcher[] {
  const parsed = parseSelector(selector);
  if (!parsed.ok) return [];
  return parsed.selector.terms.flatMap((term): Matcher[] => {
    const isEqual = !term.negated;
    if (term.kind === 'all') return isEqual ? [] : [{ name: 'alertname', value: '', isRegex: false, isEqual: true }];
    const name = term.key === 'name' ? 'node' : term.key === 'id' ? 'node_id' : labelName(term.key);
    if (term.kind === 'has') return [{ name, value: '', isRegex: false, isEqual: term.negated }];
    if (term.kind === 'is' && !term.value.includes(',')) return [{ name, value: term.value, isRegex: false, isEqual }];
    const quoted = term.value.replace(/[.+^$()|[\]{}\\]/g, '\\$&');
    const value = term.kind === 'is' ? quoted.replaceAll(',', '|') : globbed(quoted);
    return [{ name, value, isRegex: true, isEqual }];
  });
}

/** A glob of nothing but stars holds for a label that is there, whatever it is. */
const globbed = (quoted: string): string => (/^\*+$/.test(quoted) ? '.+' : quoted.replaceAll('*', '.*').replaceAll('?', '.'));

const OPERATORS: Record<string, Pick<Matcher, 'isRegex' | 'isEqual'>> = {
  '=': { isRegex: false, isEqual: true },
  '!=': { isRegex: false, isEqual: false },
  '=~': { isRegex: true, isEqual: true },
  '!~': { isRegex: true, isEqual: false },
};

/** Of a filter; the text of one is read in length² steps. */
const MOST_FILTER_LENGTH = 1000;

/** What clients of Alertmanager filter by. Throws request.invalid, also for a pattern that a text could make slow. */
export function parseFilters(texts: readonly string[]): Matcher[] {
  if (texts.length > 20) throw new HeadroomError('request.invalid', `there are ${texts.length} filters: 20 is the most`);
  const matchers = texts.map((text) => {
    if (text.length <= MOST_FILTER_LENGTH) return parseMatcher(text);
    throw new HeadroomError('request.invalid', `a filter has ${text.length} characters: ${MOST_FILTER_LENGTH} is the most`);
  });
  assertMatchers(matchers);
  return matchers;
}

/** `alertname=~"node.*"`, as clients of Alertmanager filter. Throws request.invalid. */
export function parseMatcher(text: string): Matcher {
  const [, name, operator = '', rest = ''] = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text) ?? [];
  const kind = OPERATORS[operator];
  if (name === undefined || kind === undefined)
    throw new HeadroomError(
      'request.invalid',
      `the filter ${JSON.stringify(text.slice(0, 200))} is no matcher: write name="value", or with !=, =~ or !~`,
    );
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(rest)?.[1];
  return { name, value: quoted === undefined ? rest : quoted.replace(/\\(["\\n])/g, (_, one) => (one === 'n' ? '\n' : one)), ...kind };
}
