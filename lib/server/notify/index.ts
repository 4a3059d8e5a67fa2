export { type AlertNow, noteAlert } from './alerts.ts';
export { currentRules, type RuleNow } from './rule-settings.ts';
