import { z } from 'zod';
import { DRILL_FAMILIES } from './drill-families.ts';
import { instantSchema } from './time.ts';

const familySchema = z.enum(DRILL_FAMILIES, `must be one of: ${DRILL_FAMILIES.join(', ')}`);

/** `starting`: a node is being asked; `ending`: it is being put right; `failed`: no node took it, `why` says so. */
export const DRILL_STATUSES = ['starting', 'running', 'ending', 'ended', 'failed'] as const;

/** POST drills. Without `family` it is drawn: nobody knows which, the one who starts it neither. */
export const drillInputSchema = z.object({
  family: familySchema.optional(),
  /** it ends by itself after so long, whatever becomes of the console */
  minutes: z.number().int().min(5, 'must be 5 minutes or more').max(60, 'must be 60 minutes or less').default(20),
  /** which nodes may be it; every node that allows drills unless said */
  selector: z.string().trim().min(1).max(2000).optional(),
});

/** POST drills/:id/answer. `nodeId` null: no node. A later answer replaces the one before. */
export const drillAnswerInputSchema = z.object({ nodeId: z.string().max(64).nullable(), cause: familySchema });

/** What a person did during the drill, from the runs and the audit. `wrong` is told only when it is over. */
const drillMoveSchema = z.object({
  at: instantSchema,
  by: z.string(),
  what: z.string(),
  nodes: z.array(z.string()),
  href: z.string().nullable(),
  wrong: z.string().nullable(),
});

/** One line of the score: what it was for, how many points of how many (a penalty has `of` 0), and why. */
const scoreLineSchema = z.object({ key: z.string(), label: z.string(), points: z.number(), of: z.number(), why: z.string() });
export const drillScoreSchema = z.object({
  total: z.number().int(),
  of: z.literal(100),
  lines: z.array(scoreLineSchema),
  /** seconds from the start; null where it never came */
  detectSeconds: z.number().nullable(),
  acknowledgeSeconds: z.number().nullable(),
  answerSeconds: z.number().nullable(),
  wrongMoves: z.number().int(),
  nodeRight: z.boolean().nullable(),
  causeRight: z.boolean().nullable(),
});
export type DrillScore = z.infer<typeof drillScoreSchema>;

export const drillSchema = z.object({
  id: z.string(),
  status: z.enum(DRILL_STATUSES),
  startedBy: z.string(),
  createdAt: instantSchema,
  /** when the node took it */
  startedAt: instantSchema.nullable(),
  /** when it ends by itself */
  endsAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
  /** `stopped`: by a person; `time-over`: by itself */
  ended: z.enum(['stopped', 'time-over', 'failed']).nullable(),
  /** why no node took it */
  why: z.string().nullable(),
  minutes: z.number().int(),
  /** the nodes that it may be on */
  inPlay: z.array(z.object({ nodeId: z.string(), name: z.string() })),
  /** the first signal or verdict that the console gave of it */
  detectedAt: instantSchema.nullable(),
  acknowledged: z.object({ at: instantSchema, by: z.string() }).nullable(),
  hints: z.array(z.object({ rung: z.number().int(), at: instantSchema, text: z.string() })),
  hintsLeft: z.number().int(),
  answer: z
    .object({ nodeId: z.string().nullable(), nodeName: z.string().nullable(), cause: familySchema, at: instantSchema, by: z.string() })
    .nullable(),
  moves: z.array(drillMoveSchema),
  /** null until it is over: which node it was and what, where it could be seen, what was right */
  reveal: z
    .object({
      ...{
        nodeId: z.string(),
        nodeName: z.string(),
        family: familySchema,
        what: z.string(),
        where: z.array(z.string()),
        right: z.string(),
      },
      /** what people changed stays: what to put back, in words */
      left: z.string().nullable(),
    })
    .nullable(),
  score: drillScoreSchema.nullable(),
});
export type Drill = z.infer<typeof drillSchema>;

/** GET drills: newest first. `eligible`: nodes that would take one now; `why` when there are none. */
export const drillListSchema = z.object({
  drills: z.array(drillSchema),
  eligible: z.number().int(),
  why: z.string().nullable(),
});
export type DrillList = z.infer<typeof drillListSchema>;
