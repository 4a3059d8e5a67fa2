import { z } from 'zod';
import { poolSettingsParamsSchema } from './runs.ts';

/** POST changes/preview: what exactly would happen to config.yaml on each matched node. Reads only. */
export const changePreviewInputSchema = z.object({ selector: z.string().min(1).max(2000), pool: poolSettingsParamsSchema });
export const diffLineSchema = z.object({
  kind: z.enum(['same', 'add', 'remove']),
  text: z.string(),
  before: z.number().int().nullable(),
  after: z.number().int().nullable(),
});
export const changePreviewSchema = z.object({
  nodes: z.array(
    z.object({
      nodeId: z.string(),
      name: z.string(),
      ok: z.boolean(),
      /** why there is no diff: the problem's sentence */
      problem: z.string().nullable(),
      sha256Before: z.string().nullable(),
      sha256After: z.string().nullable(),
      /** context of 3 lines around each change */
      diff: z.array(diffLineSchema),
      changedBytes: z.number().int(),
      findings: z.array(
        z.object({
          severity: z.enum(['error', 'warning', 'info']),
          message: z.string(),
          line: z.number().int().nullable(),
          column: z.number().int().nullable(),
        }),
      ),
    }),
  ),
});
export type ChangePreview = z.infer<typeof changePreviewSchema>;
