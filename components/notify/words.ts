import { INCIDENT_RULES, type RuleKey, type RuleNumbers, type Severity } from '#shared/incident-rules.ts';
import type { ChannelKind, Delivery } from '#shared/notify.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

export const SEVERITY_LOOKS = {
  critical: { tone: 'danger', mark: 'danger', word: 'Critical' },
  warning: { tone: 'warn', mark: 'warn', word: 'Warning' },
  info: { tone: 'neutral', mark: 'drift', word: 'Info' },
} as const satisfies Record<Severity, object>;

export const MODE_LOOKS = {
  on: { tone: 'ok', mark: 'ok', word: 'On' },
  shadow: { tone: 'neutral', mark: 'wait', word: 'Shadow' },
  off: { tone: 'neutral', mark: 'skip', word: 'Off' },
} as const;

export const DELIVERY_LOOKS = {
  delivered: { tone: 'ok', mark: 'ok', word: 'Delivered' },
  pending: { tone: 'warn', mark: 'wait', word: 'Waits' },
  dead: { tone: 'danger', mark: 'danger', word: 'Given up' },
} as const satisfies Record<Delivery['state'], object>;

export const CHANNEL_NAMES: Record<ChannelKind, string> = {
  webhook: 'Webhook',
  slack: 'Slack',
  pagerduty: 'PagerDuty',
  email: 'E-mail',
  alertmanager: 'Alertmanager',
};

export const EVENT_WORDS: Record<Delivery['event'], string> = {
  firing: 'began',
  acknowledged: 'acknowledged',
  resolved: 'over',
  test: 'a test',
  message: 'a message of a run',
};

/** `above 80 % of the limit for 60 s, until 70` */
export function ruleCondition(rule: RuleKey, { threshold, clear, forSeconds, clearForSeconds }: RuleNumbers): string {
  const { bad, unit } = INCIDENT_RULES[rule];
  const held = forSeconds === 0 ? 'at once' : `for ${span(forSeconds)}`;
  const over = `over after ${span(clearForSeconds)}`;
  if (bad === 'state') return clearForSeconds === 0 ? `when it is so, ${held}` : `when it is so ${held}; ${over}`;
  const side = bad === 'above' ? 'above' : 'below';
  const back = bad === 'above' ? 'under' : 'over';
  return `${side} ${figure(threshold)} ${unit} ${held}${clearForSeconds === 0 ? '' : `; ${over} ${back} ${figure(clear)}`}`;
}

/** As it was set: 1 is 1, not 1.0. */
const figure = (value: number): string => (Number.isInteger(value) ? formatCount(value) : formatFigure(value));

/** Exactly what was set: 90 s are not 2 min. */
const span = (seconds: number): string => (seconds % 60 === 0 ? formatDuration(seconds) : `${formatCount(seconds)} s`);
