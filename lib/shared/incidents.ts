import { z } from 'zod';
import { CAUSES, INCIDENT_STATUSES, RULE_KEYS, SEVERITIES } from './incident-rules.ts';
import { momentSchema } from './metrics.ts';
import { bandSchema, instantSchema } from './time.ts';

export const ruleKeySchema = z.enum(RULE_KEYS, `must be one of: ${RULE_KEYS.join(', ')}`);
const severitySchema = z.enum(SEVERITIES);
const fact = z.object({ label: z.string(), value: z.string() });

/** A rule that fired on a node, from `since` to `until` (null: it still does). There is never more than one open signal of a rule on a node. */
export const signalSchema = z.object({
  id: z.string(),
  rule: ruleKeySchema,
  nodeId: z.string(),
  nodeName: z.string(),
  since: instantSchema,
  until: instantSchema.nullable(),
  severity: severitySchema,
  /** a sentence with its number: "leaks 62 fds/min (58 to 66)" */
  summary: z.string(),
  /** in the unit of the rule; null where the rule has no number */
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  /** why it ended, in words */
  ended: z.string().nullable(),
  incidentId: z.string().nullable(),
  /** what was seen when it fired, as facts with their units */
  evidence: z.object({ at: instantSchema, facts: z.array(fact), raw: z.string().nullable() }),
});
export type Signal = z.infer<typeof signalSchema>;

const incidentNodeSchema = z.object({ nodeId: z.string(), name: z.string(), addedAt: instantSchema });

const incidentHeadSchema = z.object({
  id: z.string(),
  /** shown as INC-12 */
  number: z.number().int(),
  title: z.string(),
  cause: z.enum(CAUSES),
  status: z.enum(INCIDENT_STATUSES),
  severity: severitySchema,
  owner: z.string().nullable(),
  nodes: z.array(incidentNodeSchema),
  /** `rule leaking`, or the name of who declared it */
  declaredBy: z.string(),
  openedAt: instantSchema,
  acknowledged: z.object({ by: z.string(), at: instantSchema }).nullable(),
  closedAt: instantSchema.nullable(),
  /** `evidence` or the name of a person, with the reason */
  closed: z.object({ by: z.string(), reason: z.string() }).nullable(),
  /** how often it came back */
  reopened: z.number().int(),
  /** the incident that took it in */
  mergedInto: z.string().nullable(),
  updatedAt: instantSchema,
});

export const TIMELINE_KINDS = ['signal', 'run', 'note', 'config', 'restart', 'status', 'capture', 'bought-time'] as const;
export const timelineEntrySchema = z.object({
  id: z.string(),
  at: instantSchema,
  kind: z.enum(TIMELINE_KINDS),
  tone: z.enum(['danger', 'warn', 'ok', 'neutral']),
  nodeId: z.string().nullable(),
  nodeName: z.string().nullable(),
  /** one line; of a note its Markdown, shown as text */
  text: z.string(),
  by: z.string().nullable(),
  runId: z.string().nullable(),
  /** of what was kept: GET captures/:id gives it */
  captureId: z.string().nullable(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** What has to hold before an incident closes by itself; `done` of `total` nodes. */
const criterionSchema = z.object({
  key: z.string(),
  label: z.string(),
  done: z.number().int(),
  total: z.number().int(),
  detail: z.string().nullable(),
});
export type ClosingCriterion = z.infer<typeof criterionSchema>;

/** A runbook with its targets: `href` is its start form, filled in. */
export const suggestionSchema = z.object({
  runbook: z.string(),
  title: z.string(),
  why: z.string(),
  selector: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  href: z.string(),
});
export type Suggestion = z.infer<typeof suggestionSchema>;

/** What a higher limit of the running process would buy a node. */
export const buyOfferSchema = z.object({
  nodeId: z.string(),
  nodeName: z.string(),
  /** null where it cannot be told */
  limitNow: z.number().nullable(),
  hardLimit: z.number().nullable(),
  limitThen: z.number().nullable(),
  openFds: z.number().nullable(),
  perMinute: z.number().nullable(),
  /** seconds to EMFILE as it is, and with the new limit; null: no end in sight, or not known */
  endNow: bandSchema.nullable(),
  endThen: bandSchema.nullable(),
  minutesBought: z.number().nullable(),
  /** why there is nothing to buy, in words */
  nothing: z.string().nullable(),
});
export type BuyOffer = z.infer<typeof buyOfferSchema>;

export const boughtTimeSchema = z.object({
  id: z.string(),
  nodeId: z.string(),
  nodeName: z.string(),
  runId: z.string().nullable(),
  at: instantSchema,
  limitBefore: z.number(),
  limitAfter: z.number(),
  perMinute: z.number().nullable(),
  minutesBought: z.number().nullable(),
  /** when it runs out by the slope, or when the reminder was set for */
  expiresAt: instantSchema.nullable(),
  /** a restart ended it, or the leak did */
  endedAt: instantSchema.nullable(),
});
export type BoughtTime = z.infer<typeof boughtTimeSchema>;

export const captureHeadSchema = z.object({
  id: z.string(),
  nodeId: z.string(),
  nodeName: z.string(),
  incidentId: z.string().nullable(),
  at: instantSchema,
  /** a person, a run or `rule time-to-emfile` */
  by: z.string(),
  processStart: instantSchema.nullable(),
  openFds: z.number().nullable(),
  /** what is in it, and what could not be read */
  parts: z.array(z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string().nullable(), missing: z.string().nullable() })),
  bytes: z.number().int(),
  sha256: z.string(),
});
export type CaptureHead = z.infer<typeof captureHeadSchema>;

/** GET incidents/:id */
export const incidentSchema = incidentHeadSchema.extend({
  signals: z.array(signalSchema),
  timeline: z.array(timelineEntrySchema),
  suggestions: z.array(suggestionSchema),
  closing: z.object({ ready: z.boolean(), criteria: z.array(criterionSchema) }),
  bought: z.array(boughtTimeSchema),
  captures: z.array(captureHeadSchema),
  /** what the evidence says so far, each with where it can be opened */
  known: z.array(z.object({ tone: z.enum(['ok', 'danger', 'warn', 'unknown']), text: z.string(), href: z.string(), link: z.string() })),
});
export type Incident = z.infer<typeof incidentSchema>;

/** GET incidents: without what only one incident's page shows. */
export const incidentListItemSchema = incidentHeadSchema.extend({
  /** rules that fire now */
  firing: z.array(ruleKeySchema),
  signalCount: z.number().int(),
});
export type IncidentListItem = z.infer<typeof incidentListItemSchema>;
export const incidentListSchema = z.object({
  incidents: z.array(incidentListItemSchema),
  open: z.number().int(),
  /** more match than were given */
  cut: z.boolean(),
});
export type IncidentList = z.infer<typeof incidentListSchema>;

/** The query of GET incidents. */
export const incidentQuerySchema = z.object({
  status: z.enum(['open', 'resolved', 'all'], 'must be open, resolved or all').default('all'),
  severity: z.enum(SEVERITIES, `must be one of: ${SEVERITIES.join(', ')}`).optional(),
  cause: z.enum(CAUSES, `must be one of: ${CAUSES.join(', ')}`).optional(),
  node: z.string().max(64).optional(),
  from: momentSchema.optional(),
});
export type IncidentQuery = z.infer<typeof incidentQuerySchema>;

const words = (most: number) => z.string().trim().min(1).max(most);
const nodeIds = z.array(z.string().min(1).max(64)).min(1).max(1000);
/** POST incidents: declared by hand. */
export const declareInputSchema = z.object({
  title: words(200),
  severity: severitySchema.default('warning'),
  nodeIds,
  note: z.string().trim().max(20_000).optional(),
});
export const incidentEditSchema = z.object({
  title: words(200).optional(),
  severity: severitySchema.optional(),
  /** null: nobody */
  owner: z.string().trim().min(1).max(80).nullable().optional(),
});
export const noteInputSchema = z.object({ text: words(20_000) });
export const resolveInputSchema = z.object({ reason: words(500) });
export const mergeInputSchema = z.object({ /** what is taken in */ incidentId: z.string().min(1).max(64) });
export const splitInputSchema = z.object({ nodeIds, title: words(200).optional() });
export const captureInputSchema = z.object({ nodeId: z.string().min(1).max(64) });
export const buyTimeInputSchema = z.object({
  nodeIds,
  limit: z.number().int().min(1024).max(1_048_576),
  /** the unit gets it too, as LimitNOFILE in a drop-in */
  keep: z.boolean().default(true),
  /** remind after this many minutes; without it when the time runs out by the slope */
  remindMinutes: z.number().int().min(1).max(10_080).optional(),
});
