import { z } from 'zod';
import { DELIVERY_STATES } from '#shared/notify.ts';
import { handle } from '../../_http/handle.ts';

const query = z.object({
  state: z.enum(DELIVERY_STATES, `must be one of: ${DELIVERY_STATES.join(', ')}`).optional(),
  channel: z.string().max(64).optional(),
  alert: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** Newest first. */
export const GET = handle({ permission: 'alert.read', query }, async ({ runtime, query: { state, channel, alert, limit } }) => ({
  deliveries: await runtime.notify.deliveries({ limit, state, channelId: channel, alertKey: alert }),
}));
