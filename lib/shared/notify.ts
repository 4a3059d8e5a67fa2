import { z } from 'zod';
import { SEVERITIES } from './incident-rules.ts';
import { instantSchema } from './time.ts';

/**
 * signal    one rule on one node: what Alertmanager holds as an alert
 * incident  what people are told of: signals grouped by cause
 */
export const ALERT_KINDS = ['signal', 'incident'] as const;
export const ALERT_STATES = ['firing', 'acknowledged', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export const alertSignalSchema = z.object({
  rule: z.string(),
  nodeId: z.string(),
  node: z.string(),
  labels: z.record(z.string(), z.string()),
});
export type AlertSignal = z.infer<typeof alertSignalSchema>;

/** What an alert is now. Times are instants. */
export const alertSchema = z.object({
  /** the same over its whole life: the receivers' dedup key */
  key: z.string(),
  kind: z.enum(ALERT_KINDS),
  state: z.enum(ALERT_STATES),
  severity: z.enum(SEVERITIES),
  /** one line that stands alone: "edge-07: 41 min to EMFILE" */
  title: z.string(),
  text: z.string(),
  /** path on this console */
  link: z.string(),
  /** a signal has exactly one */
  signals: z.array(alertSignalSchema),
  startsAt: instantSchema,
  endsAt: instantSchema.nullable(),
  /** who acknowledged or closed it; null: the evidence did */
  by: z.string().nullable(),
});
export type Alert = z.infer<typeof alertSchema>;

/** As it is kept: `change` counts what receivers are told, `silencedBy` are the silences that hold it back now. */
export const heldAlertSchema = alertSchema.extend({
  change: z.number().int(),
  updatedAt: instantSchema,
  silencedBy: z.array(z.string()),
});
export type HeldAlert = z.infer<typeof heldAlertSchema>;
export const alertListSchema = z.object({ alerts: z.array(heldAlertSchema) });

export const CHANNEL_KINDS = ['webhook', 'slack', 'pagerduty', 'email', 'alertmanager'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

const url = z.url({ protocol: /^https?$/, error: 'must be a URL that begins with https://' }).max(2000);
const secret = z.string().max(4000);
const pem = z
  .string()
  .max(20_000)
  .refine((text) => text === '' || text.includes('-----BEGIN CERTIFICATE-----'), 'must be a certificate in PEM')
  .default('');

/** https is checked against it too; empty: the certificate authorities that Node knows */
const common = { caCertificate: pem };

/** Where a channel leads. Secrets are apart: they are sealed, and never shown again. */
export const channelTargetSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('webhook'), ...common, url }),
  z.object({ kind: z.literal('slack'), ...common }),
  z.object({ kind: z.literal('pagerduty'), ...common, url: url.default('https://events.pagerduty.com/v2/enqueue') }),
  z.object({
    kind: z.literal('email'),
    ...common,
    host: z.string().trim().min(1).max(253),
    port: z.number().int().min(1).max(65_535).default(587),
    /** `none` only to a private address that the channel may reach */
    tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
    user: z.string().max(254).default(''),
    from: z.email('must be an e-mail address'),
    to: z.array(z.email('must be an e-mail address')).min(1).max(50),
  }),
  z.object({ kind: z.literal('alertmanager'), ...common, url }),
]);
export type ChannelTarget = z.infer<typeof channelTargetSchema>;

/**
 * webhook       `whsec_` and 24-64 bytes in base64: the key that signs (Standard Webhooks)
 * slack         the incoming webhook's URL
 * pagerduty     the integration key, 32 characters
 * email         the password, if there is a user
 * alertmanager  the value of the Authorization header, if one is needed
 */
export const SECRET_SHAPES: Record<ChannelKind, { required: boolean; pattern: RegExp; wanted: string }> = {
  webhook: { required: true, pattern: /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, wanted: 'whsec_ and 24 to 64 bytes in base64' },
  slack: { required: true, pattern: /^https?:\/\/\S+$/, wanted: 'the URL of an incoming webhook' },
  pagerduty: { required: true, pattern: /^[A-Za-z0-9]{32}$/, wanted: 'an integration key of 32 letters and digits' },
  email: { required: false, pattern: /^.{1,1000}$/s, wanted: 'a password' },
  alertmanager: { required: false, pattern: /^[\x20-\x7e]{1,2000}$/, wanted: 'what stands in the header Authorization, like Bearer …' },
};

/** What goes to a channel: all that hold. Empty `rules` are all rules. */
export const channelRouteSchema = z.object({
  severities: z
    .array(z.enum(SEVERITIES))
    .min(1, 'must name one severity or more')
    .default([...SEVERITIES]),
  rules: z.array(z.string().min(1).max(64)).max(50).default([]),
  selector: z.string().min(1).max(2000).default('*'),
});
export type ChannelRoute = z.infer<typeof channelRouteSchema>;

export const channelInputSchema = z.object({
  name: z
    .string()
    .trim()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be 1 to 40 lower case letters, digits and dashes'),
  target: channelTargetSchema,
  /** left out: the one that is kept stays */
  secret: secret.optional(),
  route: channelRouteSchema.default({ severities: [...SEVERITIES], rules: [], selector: '*' }),
  enabled: z.boolean().default(true),
  /** addresses of private networks and of this machine, and http:// to them */
  allowPrivate: z.boolean().default(false),
});
export type ChannelInput = z.infer<typeof channelInputSchema>;
export type ChannelDraft = z.input<typeof channelInputSchema>;

export const DELIVERY_EVENTS = [...ALERT_STATES, 'test', 'message'] as const;
export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export const deliverySchema = z.object({
  id: z.string(),
  channelId: z.string(),
  channel: z.string(),
  event: z.enum(DELIVERY_EVENTS),
  /** the alert, or what else asked for it */
  alertKey: z.string(),
  title: z.string(),
  link: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int(),
  createdAt: instantSchema,
  /** of a pending one: not before */
  nextAt: instantSchema.nullable(),
  finishedAt: instantSchema.nullable(),
  /** what the receiver answered last, in words; null before the first answer */
  answer: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;
export const deliveryListSchema = z.object({ deliveries: z.array(deliverySchema) });

export const channelSchema = channelInputSchema.omit({ secret: true }).extend({
  id: z.string(),
  version: z.number().int(),
  hasSecret: z.boolean(),
  createdBy: z.string(),
  createdAt: instantSchema,
  pending: z.number().int(),
  dead: z.number().int(),
  /** what was sent last, whatever became of it */
  last: z.object({ state: z.enum(DELIVERY_STATES), at: instantSchema, answer: z.string().nullable() }).nullable(),
});
export type Channel = z.infer<typeof channelSchema>;
export const channelListSchema = z.object({ channels: z.array(channelSchema) });

/** The answer to "Send a test". */
export const channelTestSchema = z.object({ ok: z.boolean(), sentence: z.string(), durationMs: z.number() });
export type ChannelTest = z.infer<typeof channelTestSchema>;

/** Without what follows the host. */
export const maskTarget = (target: ChannelTarget): ChannelTarget =>
  'url' in target ? { ...target, url: `${new URL(target.url).origin}/` } : target;
