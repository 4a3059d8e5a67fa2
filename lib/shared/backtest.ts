import { z } from 'zod';
import { INCIDENT_RULES } from './incident-rules.ts';
import { momentSchema } from './metrics.ts';
import { instantSchema } from './time.ts';

/** What a rule is asked with: the meaning and unit of its threshold, what it is unless said, and whether it looks back over a window. */
type RuleSpec = {
  title: string;
  about: string;
  threshold: { label: string; unit: string; default: number; min: number; max: number };
  windowMinutes: number | null;
};

/** The rules that can be run over stored history. The first two are the console's own judgement, the next three what people use today. */
export const BACKTEST_RULES = {
  leaking: {
    title: 'Leak verdict',
    about: 'The judgement says leaking, and surely by at least this rate. What is in no hurry, or bends over, is watched longer first.',
    threshold: { label: 'at least', unit: 'fds/min', default: 0, min: 0, max: 1e6 },
    windowMinutes: null,
  },
  'time-to-emfile': {
    title: 'Time to EMFILE',
    about: 'The judgement says leaking, and by the near end of its band the limit is reached within this time.',
    threshold: { label: 'within', unit: 'min', default: 240, min: 1, max: 43_200 },
    windowMinutes: null,
  },
  headroom: {
    title: 'Headroom',
    about: 'Less than this share of the limit is free.',
    threshold: { label: 'below', unit: '%', default: 20, min: 0.1, max: 99 },
    windowMinutes: null,
  },
  slope: {
    title: 'Slope of open fds',
    about: 'Open fds rise faster than this over the window: deriv() in PromQL.',
    threshold: { label: 'above', unit: 'fds/min', default: 1, min: 0, max: 1e6 },
    windowMinutes: 60,
  },
  'predict-linear': {
    title: 'predict_linear',
    about: 'A straight line through the window meets the limit within this time: predict_linear() in PromQL.',
    threshold: { label: 'within', unit: 'min', default: 240, min: 1, max: 43_200 },
    windowMinutes: 60,
  },
  'pool-gauge': {
    title: 'Pool gauge against reality',
    about: 'The pool says that it holds this many sockets more than the process has fds for.',
    threshold: { label: 'by at least', unit: 'sockets', default: 50, min: 1, max: 1e6 },
    windowMinutes: null,
  },
  'scrape-blind': {
    title: 'Scrape-blind',
    about: 'The metrics page has not answered for this long, and fds were counted over SSH.',
    threshold: { label: 'for at least', unit: 's', default: 60, min: 0, max: 86_400 },
    windowMinutes: null,
  },
  'node-down': {
    title: 'Node down',
    about:
      'No sample for this long: the node was down, or the console did not run. Gaps of less than two or three replayed moments are not seen.',
    threshold: { label: 'for at least', unit: 's', default: 90, min: 30, max: 86_400 },
    windowMinutes: null,
  },
} as const satisfies Record<string, RuleSpec>;
export type BacktestRuleKey = keyof typeof BACKTEST_RULES;
/** What these say is no word about fds: leaks that they do not announce are not missed. */
export const ABOUT_REACH: ReadonlySet<BacktestRuleKey> = new Set(['scrape-blind', 'node-down']);
/**
 * When a rule ends that says nothing else: the console's own as it is built in, with the same gap between its two numbers; an expression of PromQL at
 * once.
 */
export function usualClear(key: BacktestRuleKey, threshold: number): { clear: number; clearForSeconds: number } {
  if (key === 'leaking')
    return {
      clear: Math.min(threshold, INCIDENT_RULES.leaking.defaults.clear),
      clearForSeconds: INCIDENT_RULES.leaking.defaults.clearForSeconds,
    };
  if (key !== 'time-to-emfile' && key !== 'pool-gauge') return { clear: threshold, clearForSeconds: 0 };
  const { threshold: usual, clear, clearForSeconds } = INCIDENT_RULES[key].defaults;
  return { clear: (threshold * clear) / usual, clearForSeconds };
}
const KEYS = Object.keys(BACKTEST_RULES) as [BacktestRuleKey, ...BacktestRuleKey[]];

/** As many nodes as one question is answered for; of more, the first by name are taken and `cut` is true. */
export const MOST_BACKTEST_NODES = 50;

/** GET backtest. `from` is a day before `to` unless said, `to` is now; 31 days at most. Without `threshold` the rule's own is taken. */
export const backtestQuerySchema = z.object({
  rule: z.enum(KEYS, `must be one of: ${KEYS.join(', ')}`).default('leaking'),
  threshold: z.coerce.number('must be a number').optional(),
  /** minutes that slope and predict-linear look back over */
  window: z.coerce
    .number('must be a number of minutes')
    .min(2, 'must be 2 minutes or more')
    .max(1440, 'must be 1440 minutes or less')
    .optional(),
  /** seconds that the condition must hold before it fires: `for:` of an alert rule */
  for: z.coerce.number('must be a number of seconds').min(0, 'must be 0 or more').max(86_400, 'must be 86400 or less').default(0),
  /** the number on whose good side it must be before it ends; as the console's own rule has it unless said, the threshold for the others */
  clear: z.coerce.number('must be a number').optional(),
  /** seconds for which it must be there; as the console's own rule has it unless said, 0 for the others */
  clearFor: z.coerce.number('must be a number of seconds').min(0, 'must be 0 or more').max(86_400, 'must be 86400 or less').optional(),
  /** which nodes; every node unless said */
  selector: z.string().min(1).max(2000).default('*'),
  from: momentSchema.optional(),
  to: momentSchema.optional(),
});
export type BacktestQuery = z.infer<typeof backtestQuerySchema>;

/** What a process life was, with hindsight. `leaked`: it leaked, and ended (or the range did) before the limit. `unknown`: nobody can tell. */
export const LIFE_TRUTHS = ['emfile', 'leaked', 'healthy', 'unknown'] as const;

export const backtestLifeSchema = z.object({
  from: instantSchema,
  /** last sample in the range */
  to: instantSchema,
  processStart: instantSchema.nullable(),
  truth: z.enum(LIFE_TRUTHS),
  /** when it was full; for `leaked` the time at which it would have been (null: beyond guessing), else null */
  emfileAt: instantSchema.nullable(),
  /** the first time that the rule fired in it, and how long before `emfileAt`; null where it did not, or only after */
  firedAt: instantSchema.nullable(),
  leadSeconds: z.number().nullable(),
});
export type BacktestLife = z.infer<typeof backtestLifeSchema>;

export const backtestFiringSchema = z.object({
  from: instantSchema,
  /** null = still firing at the last sample */
  to: instantSchema.nullable(),
  /** what the rule looked at, in the unit of its threshold, when it fired; null where it has no number (no rate, no end in sight) */
  value: z.number().nullable(),
  openFds: z.number().nullable(),
  fdLimit: z.number().nullable(),
  /** `right`: that life leaked or was full; `false-alarm`: it did not leak; `undecided`: hindsight cannot tell either */
  outcome: z.enum(['right', 'false-alarm', 'undecided']),
  leadSeconds: z.number().nullable(),
});
export type BacktestFiring = z.infer<typeof backtestFiringSchema>;

export const backtestNodeSchema = z.object({
  nodeId: z.string(),
  name: z.string(),
  /** days in which it had samples: gaps are not counted */
  watchedDays: z.number(),
  /** seconds between the samples that were replayed: older history is kept thinner */
  stepSeconds: z.number(),
  firings: z.array(backtestFiringSchema),
  lives: z.array(backtestLifeSchema),
});
export type BacktestNode = z.infer<typeof backtestNodeSchema>;

export const backtestSummarySchema = z.object({
  nodes: z.number().int(),
  nodeDays: z.number(),
  firings: z.number().int(),
  right: z.number().int(),
  falseAlarms: z.number().int(),
  undecided: z.number().int(),
  falseAlarmsPerNodeDay: z.number().nullable(),
  /** lives that were full, and those of them that the rule announced before */
  emfiles: z.number().int(),
  emfilesWarned: z.number().int(),
  /** lives that leaked, full ones included, and those of them in which the rule fired */
  leaks: z.number().int(),
  leaksCaught: z.number().int(),
  /** of the announced ones */
  medianLeadSeconds: z.number().nullable(),
  /** "would have fired 3 times: 2 right, 1 false alarm; EMFILE announced 42 min before, 1 of 1" */
  sentence: z.string(),
});
export type BacktestSummary = z.infer<typeof backtestSummarySchema>;

export const backtestAnswerSchema = z.object({
  rule: z.object({
    key: z.enum(KEYS),
    threshold: z.number(),
    windowMinutes: z.number().nullable(),
    forSeconds: z.number(),
    clear: z.number(),
    clearForSeconds: z.number(),
  }),
  from: instantSchema,
  to: instantSchema,
  summary: backtestSummarySchema,
  /** by name; those without a sample in the range have no lives */
  nodes: z.array(backtestNodeSchema),
  /** more nodes match than were replayed, or the time was up before all were */
  cut: z.boolean(),
});
export type BacktestAnswer = z.infer<typeof backtestAnswerSchema>;
