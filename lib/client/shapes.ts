import { z } from 'zod';
import { tokenSchema } from '#shared/access.ts';
import { buyOfferSchema } from '#shared/incidents.ts';

/** What answers look like. The schema library is a third of the first page's script, so this file is only ever imported late: use shape(). */
export { createdTokenSchema, grantListSchema, sessionSchema } from '#shared/access.ts';
export {
  addedPasskeySchema,
  invitedSchema,
  linkFacesSchema,
  newTotpSchema,
  oneTimeLinkSchema,
  ownAccountSchema,
  recoveryCodesSchema,
  sessionListSchema,
  signInAnswerSchema,
  signInMethodsSchema,
  userListSchema,
  userSchema,
} from '#shared/account.ts';
export { nodeEventsAnswerSchema } from '#shared/annotations.ts';
export { auditPageSchema, auditStateSchema } from '#shared/audit.ts';
export { problemSchema } from '#shared/errors.ts';
export { eventSchema } from '#shared/events.ts';
export { captureHeadSchema, incidentListItemSchema, incidentListSchema, incidentSchema } from '#shared/incidents.ts';
export { nodeMetricsAnswerSchema } from '#shared/metrics.ts';
export { importPlanSchema, ownSshConfigSchema } from '#shared/node-import.ts';
export { configHistorySchema, fleetSchema, keptConfigSchema, nodeConfigSchema, nodeDetailSchema, selfTestSchema } from '#shared/nodes.ts';
export { runListSchema, runTargetSchema } from '#shared/runs.ts';
export { nodeFdsSchema } from '#shared/xray.ts';

export const buyOffersSchema = z.object({ limit: z.number(), offers: z.array(buyOfferSchema) });
export const startedRunSchema = z.object({ id: z.string() });
export const anythingSchema = z.unknown();
export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });
export const setupSchema = z.object({ open: z.boolean() });
export const sshKeySchema = z.object({ publicKey: z.string() });
export const hostKeySchema = z.object({ pinned: z.string().nullable(), offered: z.string().nullable(), blocked: z.boolean() });
export const addedNodeSchema = z.object({ id: z.string(), name: z.string() });
