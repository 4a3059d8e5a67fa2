import { z } from 'zod';
import type { Schema } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { DRILL_FAMILIES } from '#shared/drill-families.ts';

/** What nobody is told before the end. */
const secretSchema = z.object({
  family: z.enum(DRILL_FAMILIES),
  /** null until a node took it */
  nodeId: z.string().nullable(),
  nodeName: z.string().nullable(),
  /** nodes that were asked and refused */
  tried: z.array(z.string()),
  /** nodes that leaked before it began: to restart one of them is no mistake */
  leakedBefore: z.array(z.string()),
});
export type DrillSecret = z.infer<typeof secretSchema>;
export type DrillRow = Schema['drills'];

export const secretOf = (row: Pick<DrillRow, 'secret'>): DrillSecret => secretSchema.parse(JSON.parse(row.secret));

const inPlaySchema = z.array(z.object({ nodeId: z.string(), name: z.string() }));
export const inPlayOf = (row: Pick<DrillRow, 'inPlay'>) => inPlaySchema.parse(JSON.parse(row.inPlay));

const hintsSchema = z.array(z.object({ rung: z.number(), at: z.number() }));
export const hintsOf = (row: Pick<DrillRow, 'hints'>) => hintsSchema.parse(JSON.parse(row.hints));

const answerSchema = z.object({ nodeId: z.string().nullable(), cause: z.enum(DRILL_FAMILIES), at: z.number(), by: z.string() });
export const answerOf = (row: Pick<DrillRow, 'answer'>) => (row.answer === null ? null : answerSchema.parse(JSON.parse(row.answer)));

export const drillNotFound = (id: string) =>
  new HeadroomError('drill.not-found', `There is no drill ${JSON.stringify(id.slice(0, 64))}: GET drills lists them.`);
