import { z } from 'zod';

/**
 * What GET events (SSE) carries. An event says that something changed and where; the browser patches or refetches.
 * `fleet.sample` carries the new figures so that charts append without a request.
 */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('fleet.sample'),
    nodeId: z.string(),
    at: z.number(),
    values: z.record(z.string(), z.number().nullable()),
    processStart: z.number().nullable(),
  }),
  z.object({ type: z.literal('node.changed'), nodeId: z.string() }),
  z.object({ type: z.literal('run.changed'), runId: z.string() }),
  z.object({ type: z.literal('runbook.changed'), key: z.string() }),
  /** an alert, a delivery of it, or what holds it back */
  z.object({ type: z.literal('alert.changed'), key: z.string() }),
  z.object({ type: z.literal('channel.changed'), channelId: z.string() }),
  z.object({ type: z.literal('silence.changed'), silenceId: z.string() }),
  z.object({ type: z.literal('alert-rule.changed'), rule: z.string() }),
  z.object({ type: z.literal('signal.changed'), signalId: z.string(), rule: z.string(), nodeId: z.string(), firing: z.boolean() }),
  z.object({ type: z.literal('incident.changed'), incidentId: z.string() }),
  z.object({ type: z.literal('drill.changed'), drillId: z.string() }),
  z.object({ type: z.literal('audit.appended'), seq: z.number().int() }),
]);
export type LiveEvent = z.infer<typeof eventSchema>;
