import { z } from 'zod';
import { instantSchema } from './time.ts';

/** The closed list of what a runbook's step can do. */
export const STEP_KINDS = [
  'preflight',
  'baseline',
  'arm-revert',
  'edit-config',
  'validate',
  'service',
  'verify-process',
  'verify-fds',
  'watch',
  'verify-logs',
  'verify-metrics',
  'capture',
  'set-limit',
  'push-release',
  'switch-release',
  'verify-release',
  'check-host',
  'install-proxy',
  'verify-install',
  'disarm-revert',
  'gate',
  'note',
  'notify',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export const runbookStepSchema = z.object({
  /** unique in the runbook; the kind unless said otherwise */
  key: z.string(),
  kind: z.enum(STEP_KINDS),
  title: z.string(),
  /** the heading of the source document under which the guided view folds this step */
  section: z.string(),
  /** Markdown prose for people */
  prose: z.string(),
  params: z.record(z.string(), z.unknown()),
  timeoutSeconds: z.number().int(),
  onFail: z.enum(['stop', 'continue']),
  /** what the document says to type, verbatim; null when the document has no such step */
  documented: z.string().nullable(),
  /** what we do instead, and why it is better */
  better: z.string().nullable(),
  proves: z.array(z.string()),
  doesNotProve: z.array(z.string()),
});
export type RunbookStep = z.infer<typeof runbookStepSchema>;

export const runbookSchema = z.object({
  key: z.string(),
  title: z.string(),
  summary: z.string(),
  /** first 12 hex digits of the text's sha256 */
  version: z.string(),
  text: z.string(),
  builtin: z.boolean(),
  mutates: z.boolean(),
  steps: z.array(runbookStepSchema),
});
export type Runbook = z.infer<typeof runbookSchema>;
/** POST runbooks; 256 KiB are refused later with a better word */
export const runbookTextSchema = z.object({ text: z.string().min(1).max(300_000) });
/** `text: null`: it was taken away */
export const runbookVersionSchema = z.object({
  version: z.string(),
  text: z.string().nullable(),
  savedBy: z.string(),
  savedAt: instantSchema,
});
export type RunbookVersion = z.infer<typeof runbookVersionSchema>;
export const runbookVersionListSchema = z.object({ versions: z.array(runbookVersionSchema) });
/** a file of the operators' folder that is no runbook */
export const runbookProblemSchema = z.object({ file: z.string(), message: z.string() });
export type RunbookProblem = z.infer<typeof runbookProblemSchema>;
export const runbookListSchema = z.object({
  problems: z.array(runbookProblemSchema).default([]),
  runbooks: z.array(runbookSchema.omit({ text: true, steps: true }).extend({ stepCount: z.number().int() })),
});
