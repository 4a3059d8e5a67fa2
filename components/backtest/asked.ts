import type { BacktestAsked } from '#client/backtest.ts';
import { BACKTEST_RULES, type BacktestRuleKey } from '#shared/backtest.ts';

export const DAYS = ['1', '2', '7', '31'] as const;
export const RULE_KEYS = Object.keys(BACKTEST_RULES).filter((key): key is BacktestRuleKey => key in BACKTEST_RULES);

export type Draft = { rule: BacktestRuleKey; threshold: string; window: string; for: string; selector: string; days: string };

/** A rule as it is unless somebody says otherwise. */
export const usualDraft = (rule: BacktestRuleKey, before?: Draft): Draft => ({
  rule,
  threshold: String(BACKTEST_RULES[rule].threshold.default),
  window: String(BACKTEST_RULES[rule].windowMinutes ?? ''),
  for: before?.for ?? '0',
  selector: before?.selector ?? '*',
  days: before?.days ?? '1',
});

/** From the URL; what is missing or wrong there is as usual. */
export function readDraft(query: Pick<URLSearchParams, 'get'>): Draft {
  const rule = RULE_KEYS.find((key) => key === query.get('rule')) ?? 'leaking';
  const usual = usualDraft(rule);
  const own = (key: keyof Draft) => query.get(key) ?? usual[key];
  const days = DAYS.find((one) => one === query.get('days')) ?? usual.days;
  return { ...usual, days, threshold: own('threshold'), window: own('window'), for: own('for'), selector: own('selector') || '*' };
}

/** The question, or which field cannot be read and what may stand there. */
export function askedOf(
  draft: Draft,
): { asked: BacktestAsked; wrong: null } | { asked: null; wrong: Partial<Record<keyof Draft, string>> } {
  const spec = BACKTEST_RULES[draft.rule];
  const wrong: Partial<Record<keyof Draft, string>> = {};
  const number = (key: 'threshold' | 'window' | 'for', low: number, high: number): number => {
    const value = draft[key].trim() === '' ? Number.NaN : Number(draft[key]);
    if (!(value >= low && value <= high)) wrong[key] = `Write a number, ${low} to ${high.toLocaleString('en')}`;
    return value;
  };
  const threshold = number('threshold', spec.threshold.min, spec.threshold.max);
  const window = spec.windowMinutes === null ? null : number('window', 2, 1440);
  const seconds = number('for', 0, 86_400);
  if (Object.keys(wrong).length > 0) return { asked: null, wrong };
  return {
    asked: { rule: draft.rule, threshold, window, for: seconds, selector: draft.selector.trim() || '*', days: Number(draft.days) },
    wrong: null,
  };
}
