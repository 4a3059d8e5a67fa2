import type { ChangeRule } from '#shared/change-rules.ts';

type RuleLook = { tone: 'warn' | 'neutral' | 'accent'; mark: 'warn' | 'wait' | 'skip'; word: string };

/** A freeze that holds now stands out; one that is over can be removed. */
export function ruleLook(rule: ChangeRule, now: number): RuleLook {
  if (rule.kind === 'approval') return { tone: 'accent', mark: 'wait', word: 'Second person' };
  if (rule.kind === 'window') return { tone: 'neutral', mark: 'wait', word: 'Window' };
  if (now >= Date.parse(rule.to)) return { tone: 'neutral', mark: 'skip', word: 'Freeze, over' };
  return now < Date.parse(rule.from)
    ? { tone: 'neutral', mark: 'wait', word: 'Freeze, planned' }
    : { tone: 'warn', mark: 'warn', word: 'Frozen now' };
}

export function ruleTime(rule: ChangeRule): string {
  if (rule.kind === 'approval') return 'every change';
  if (rule.kind === 'window') {
    const days = rule.days.length === 7 ? 'every day' : rule.days.join(', ');
    return `${days}, ${rule.from} to ${rule.to} ${rule.timeZone}`;
  }
  return `${minute(rule.from)} to ${minute(rule.to)} UTC`;
}

const minute = (at: string): string => at.slice(0, 16).replace('T', ' ');
