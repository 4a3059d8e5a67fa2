import { z } from 'zod';
import { instantSchema, intervalSchema } from './time.ts';

export const RUN_STATUSES = ['awaiting-approval', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'aborted', 'rolled-back'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const ENDED_RUN_STATUSES = ['succeeded', 'failed', 'aborted', 'rolled-back'] as const satisfies readonly RunStatus[];
export const hasEnded = (status: RunStatus): boolean => (ENDED_RUN_STATUSES as readonly RunStatus[]).includes(status);

export const STEP_STATUSES = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'inconclusive', 'skipped'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export const TARGET_STATUSES = [
  'pending',
  'running',
  'waiting',
  'paused',
  'succeeded',
  'failed',
  'aborted',
  'rolled-back',
  'skipped',
] as const;
export type TargetStatus = (typeof TARGET_STATUSES)[number];

/** pass = fixed, fail = not fixed, inconclusive = cannot tell */
export const VERDICTS = ['pass', 'fail', 'inconclusive'] as const;
export type Verdict = (typeof VERDICTS)[number];

const batchSchema = z.union([
  z.number().int().min(1).max(100_000),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, 'must be a count like 1 or a share like "10%"'),
]);

export const strategySchema = z.object({
  batches: z.array(batchSchema).min(1).max(50).default([1, '10%', '100%']),
  maxParallel: z.number().int().min(1).max(256).default(8),
  bakeSeconds: z.number().int().min(0).max(86_400).default(0),
  /** inclusive: one more failure than this stops the run */
  maxFailed: z.number().int().min(0).max(100_000).default(0),
  onFail: z.enum(['pause', 'abort', 'rollback']).default('pause'),
  onInconclusive: z.enum(['pause', 'continue']).default('pause'),
  /** the longest time, in seconds, that a changed node waits for the console before it restores itself */
  confirmSeconds: z.number().int().min(15).max(3600).default(120),
  gates: z.enum(['manual', 'auto']).default('manual'),
  /** the label whose values are what fails together, like a site: never two nodes of one value at once */
  failureGroup: z
    .string()
    .regex(/^[a-z][a-z0-9_.-]{0,39}$/, 'must be the name of a label')
    .nullable()
    .default(null),
  /** nodes that a freeze or a window closes: refuse the run, or let them wait for their time */
  onClosed: z.enum(['refuse', 'wait']).default('refuse'),
});
export type Strategy = z.infer<typeof strategySchema>;

export const runInputSchema = z.object({
  runbook: z.string().min(1).max(64),
  selector: z.string().min(1).max(20_000),
  strategy: strategySchema.partial().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  dryRun: z.boolean().optional(),
  /** goes on in spite of freezes and windows, with a reason for the audit; takes the permission run.approve */
  override: z.object({ reason: z.string().trim().min(1).max(500) }).optional(),
});
export type RunInput = z.infer<typeof runInputSchema>;

/** The title of the receipt whose raw output is the diff of config.yaml, left before anything is written. */
export const CONFIG_DIFF_TITLE = 'what changes in config.yaml';

/**
 * One receipt. `command` is what was run (or the query asked), `raw` its output (cut at 64 KiB, `sha256` is of the whole),
 * `value` the parsed number with its unit, `threshold` what it was held against.
 */
export const evidenceSchema = z.object({
  id: z.string(),
  at: instantSchema,
  title: z.string(),
  command: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  raw: z.string(),
  sha256: z.string(),
  value: z.string().nullable(),
  threshold: z.string().nullable(),
  verdict: z.enum(VERDICTS).nullable(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const gateStateSchema = z.object({
  question: z.string(),
  options: z.array(z.object({ value: z.string(), label: z.string(), danger: z.boolean() })),
  default: z.string(),
  answer: z.string().nullable(),
  by: z.string().nullable(),
  at: instantSchema.nullable(),
});
export type GateState = z.infer<typeof gateStateSchema>;

export const stepSchema = z.object({
  key: z.string(),
  kind: z.string(),
  title: z.string(),
  status: z.enum(STEP_STATUSES),
  verdict: z.enum(VERDICTS).nullable(),
  summary: z.string(),
  startedAt: instantSchema.nullable(),
  finishedAt: instantSchema.nullable(),
  /** live output while the step runs, last 4 KiB, plain text */
  output: z.string(),
  gate: gateStateSchema.nullable(),
  /** who said that this is done by hand: the step looks first, and does only what is missing */
  byHand: z.string().nullable().default(null),
  evidence: z.array(evidenceSchema),
});
export type Step = z.infer<typeof stepSchema>;

export const judgedWindowSchema = z.object({
  per1000Connections: intervalSchema.nullable(),
  /** slope of open fds in that window, fds/min */
  perMinute: intervalSchema.nullable(),
  window: z.object({ from: instantSchema, to: instantSchema }),
  /** seconds since the process started, at the end of the window */
  processAge: z.number(),
});
export const judgementSchema = z.object({
  before: judgedWindowSchema.nullable(),
  after: judgedWindowSchema.nullable(),
  /** what the two were compared by: "same process age" or "last window of comparable load" */
  comparedBy: z.string().nullable(),
});
export type Judgement = z.infer<typeof judgementSchema>;

export const runTargetSchema = z.object({
  nodeId: z.string(),
  name: z.string(),
  batch: z.number().int(),
  status: z.enum(TARGET_STATUSES),
  verdict: z.enum(VERDICTS).nullable(),
  summary: z.string(),
  judgement: judgementSchema.nullable(),
  /** when the node restores itself unless told otherwise; null when nothing is armed */
  revertAt: instantSchema.nullable(),
  /** it would also after a reboot, as a prepared node does */
  revertSurvivesReboot: z.boolean().default(false),
  /** what the run did to the node is being taken back: a verdict that stands here is of a change that goes */
  undoing: z.boolean().default(false),
  /** empty where the run's `detail` is `matrix`: then `marks` has how each step of the run's `plan` stands, and the node's own page has the rest */
  steps: z.array(stepSchema),
  marks: z.array(z.enum(STEP_STATUSES)).default([]),
});
export type RunTarget = z.infer<typeof runTargetSchema>;

export const runSchema = z.object({
  id: z.string(),
  runbook: z.object({ key: z.string(), version: z.string(), title: z.string() }),
  selector: z.string(),
  strategy: strategySchema,
  params: z.record(z.string(), z.unknown()),
  dryRun: z.boolean(),
  status: z.enum(RUN_STATUSES),
  verdict: z.enum(VERDICTS).nullable(),
  summary: z.string(),
  startedBy: z.string(),
  createdAt: instantSchema,
  finishedAt: instantSchema.nullable(),
  /** a second person's word, where a rule asks for one; `until` is when the run ends by itself without it */
  approval: z.object({ until: instantSchema, by: z.string().nullable(), at: instantSchema.nullable() }).nullable().default(null),
  /** why freezes and windows do not hold it */
  override: z.string().nullable().default(null),
  /** `matrix`: a run of more nodes than `FULL_TARGETS` comes without their steps; GET runs/:id/targets/:nodeId has them, node by node */
  detail: z.enum(['full', 'matrix']).default('full'),
  /** the steps of every node, in order */
  plan: z.array(stepSchema.pick({ key: true, kind: true, title: true })).default([]),
  targets: z.array(runTargetSchema),
});
/** Beyond these a run's steps and receipts are too many for one answer: 1,000 nodes have some 13,000 steps. */
export const FULL_TARGETS = 50;
export type Run = z.infer<typeof runSchema>;

/** While this holds, no run goes on and none starts. */
export const stopSchema = z.object({ by: z.string(), reason: z.string(), at: instantSchema });
export type Stop = z.infer<typeof stopSchema>;
export const reasonSchema = z.object({ reason: z.string().trim().min(1).max(500) });
/** POST runs/:id/skip: a node that was not reached yet, or one step of a node that only looks and judges. */
export const skipInputSchema = reasonSchema.extend({ nodeId: z.string().min(1).max(64), step: z.string().min(1).max(64).optional() });

/** POST runs/:id/by-hand: a coming edit or restart that somebody does, or did, by hand. */
export const byHandInputSchema = z.object({ nodeId: z.string().min(1).max(64), step: z.string().min(1).max(64) });

/** GET runs: the same without steps. */
export const runListSchema = z.object({
  stopped: stopSchema.nullable().default(null),
  runs: z.array(
    runSchema.omit({ targets: true, detail: true, plan: true }).extend({ targetCount: z.number().int(), targetNames: z.array(z.string()) }),
  ),
});
export type RunList = z.infer<typeof runListSchema>;

export const gateAnswerSchema = z.object({ answer: z.string().min(1).max(200), nodeId: z.string().optional() });

export const fdLeakParamsSchema = z.object({
  watchSeconds: z.number().int().min(30).max(86_400).default(60),
  baselineSeconds: z.number().int().min(30).max(86_400).default(90),
  minConnections: z.number().int().min(0).max(10_000_000).default(200),
});
export const setLimitParamsSchema = z.object({
  /** the soft limit of open files that the running process gets; the kernel's own bound is fs.nr_open, 1,048,576 unless changed */
  limit: z.number().int().min(1024).max(1_048_576).default(65_536),
  /** the unit gets it too, as LimitNOFILE in a drop-in, so that the next process has it */
  keep: z.boolean().default(false),
});
export const upgradeParamsSchema = z.object({
  /** of the tarball in the folder `releases` of the console's data directory */
  release: z.string().regex(/^[0-9a-f]{64}$/, 'must be the sha256 of a release, 64 hex digits'),
});
export const rollbackParamsSchema = z.object({
  /** the run whose backup is put back */
  run: z.string().min(1).max(64),
  /** sha256 of the file that a person saw and gives up for it; unless said, only what that run itself wrote is given up */
  over: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hex digits')
    .optional(),
});
/** of a runbook that takes none */
export const emptyParamsSchema = z.strictObject({});
export const poolSettingsParamsSchema = z.object({
  enabled: z.boolean().optional(),
  max_per_host: z.number().int().min(1).max(1_000_000).optional(),
  connection_ttl: z.number().int().min(1).max(86_400).optional(),
  idle_timeout: z.number().int().min(1).max(86_400).optional(),
  cleanup_interval: z.number().int().min(1).max(86_400).optional(),
});
export type PoolSettings = z.infer<typeof poolSettingsParamsSchema>;
