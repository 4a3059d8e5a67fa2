import { HeadroomError } from '#server/kernel/errors.ts';
import type { Severity } from '#shared/incident-rules.ts';
import type { AlertSignal } from '#shared/notify.ts';
import { describeProblem, FACT_VALUES, matchesSelector, parseSelector } from '#shared/selector.ts';
import { formatMatcher, type Matcher } from '#shared/silences.ts';
import { labelsOf } from './labels.ts';

/** A label that is not there is the empty text, as in Alertmanager. */
export function matchesAll(matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => {
    const value = Object.hasOwn(labels, matcher.name) ? (labels[matcher.name] ?? '') : '';
    const holds = matcher.isRegex ? anchored(matcher.value).test(value) : matcher.value === value;
    return holds === matcher.isEqual;
  });
}

export const covers = (by: { selector: string; matchers: readonly Matcher[] }, signal: AlertSignal, severity: Severity): boolean =>
  selects(by.selector, signal) && matchesAll(by.matchers, labelsOf(signal, severity));

/** A selector was read when it was stored; one that cannot be read any more selects nothing: silence must not spread by an accident. */
export function selects(selector: string, { nodeId, node, labels }: AlertSignal): boolean {
  if (selector === '*') return true;
  const parsed = parseSelector(selector);
  return parsed.ok && matchesSelector(parsed.selector, { id: nodeId, name: node, labels });
}

const anchored = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 's');

/** Unbounded repetitions in one pattern: with n of them JavaScript's engine takes up to length^n steps. */
const MOST_REPETITIONS = 3;

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
  if ((plain.match(/[*+{]/g) ?? []).length > MOST_REPETITIONS) return `it may repeat in ${MOST_REPETITIONS} places`;
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
