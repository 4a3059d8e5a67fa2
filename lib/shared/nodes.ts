import { z } from 'zod';
import { LEAK_VERDICTS, NODE_STATES } from './node-states.ts';
import { bandSchema, instantSchema, intervalSchema } from './time.ts';

export type { LeakVerdict, NodeState } from './node-states.ts';

export const TRANSPORTS = ['ssh2', 'openssh'] as const;

const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}(?:%[A-Za-z0-9]{1,15})?)$/;
const UNIX_USER = /^[a-z_][a-z0-9_-]{0,31}$/;
/** `[user@]host[:port]`, one hop */
const JUMP = /^(?:[a-z_][a-z0-9_-]{0,31}@)?(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?$/;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const UNIT = /^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]{0,127}$/;
const LABEL_KEY = /^[a-z][a-z0-9_.-]{0,39}$/;
const LABEL_VALUE = /^[A-Za-z0-9_.:/-]{0,80}$/;

const httpUrl = z
  .string()
  .max(2048)
  .refine((value) => {
    try {
      const url = new URL(value);
      return url.protocol === 'http:' && url.username === '' && url.password === '' && url.hash === '';
    } catch {
      return false;
    }
  }, 'must be an http:// URL without user or fragment, like http://127.0.0.1:9090/metrics');

/** Where a node's Prometheus page is read from: by HTTP, through the node's SSH session, or nowhere (fds are then counted over SSH). */
export const nodeMetricsSchema = z.discriminatedUnion('via', [
  z.object({ via: z.enum(['http', 'ssh']), url: httpUrl }),
  z.object({ via: z.literal('none'), url: z.null().optional() }),
]);

export const labelsSchema = z
  .record(
    z.string().regex(LABEL_KEY, 'label keys are lower case letters, digits, "_", "." and "-", 40 at most'),
    z.string().regex(LABEL_VALUE, 'label values are letters, digits and "_.:/-", 80 at most'),
  )
  .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels');

export const nodeInputSchema = z.object({
  name: z.string().regex(NAME, 'must be lower case letters, digits, "." and "-", 63 at most, like edge-fra-03'),
  host: z.string().regex(HOST, 'must be a host name or an IP address'),
  sshPort: z.number().int().min(1).max(65535).default(22),
  user: z.string().regex(UNIX_USER, 'must be a Unix user name, like sre'),
  unit: z.string().regex(UNIT, 'must be a systemd unit name, like sniproxy').default('sniproxy'),
  configPath: z
    .string()
    .max(1024)
    .regex(/^\/[^\0\n\r]*[^\0\n\r/]$/, 'must be an absolute path, like /etc/sniproxy/config.yaml')
    .default('/etc/sniproxy/config.yaml'),
  metrics: nodeMetricsSchema.default({ via: 'ssh', url: 'http://127.0.0.1:9090/metrics' }),
  labels: labelsSchema.default({}),
  /** what carries the SSH session; ssh2 unless said. `openssh` is the system's ssh: jump hosts, user certificates */
  transport: z.enum(TRANSPORTS).optional(),
  /** only with `openssh` */
  proxyJump: z.string().regex(JUMP, 'must be one jump host, like sre@bastion.example:22').nullable().optional(),
  /** fingerprint of the jump host's key, compared by a person */
  proxyJumpKey: z.string().regex(FINGERPRINT, 'must be a SHA256 fingerprint as ssh-keygen -lf prints it').nullable().optional(),
});
export type NodeInput = z.infer<typeof nodeInputSchema>;

/** A registered node as stored. `version` is what If-Match compares. */
export type FleetMember = NodeInput & { id: string; version: number; createdAt: string };

export const leakSchema = z.object({
  verdict: z.enum(LEAK_VERDICTS),
  perMinute: intervalSchema.nullable(),
  per1000Connections: intervalSchema.nullable(),
  /** what is missing for a verdict, in words: "up to 4 more minutes of this process life" */
  missing: z.string().optional(),
  /** of a leak: by how many sigmas its growth bends over; a straight line is within 1 of 0, a cache that fills goes beyond as time passes */
  bend: z.number().optional(),
});
export type Leak = z.infer<typeof leakSchema>;

export const fleetNodeSchema = z.object({
  id: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  state: z.enum(NODE_STATES),
  /** why it is not `up`, in words; null when up */
  stateReason: z.string().nullable(),
  openFds: z.number().nullable(),
  fdLimit: z.number().nullable(),
  headroom: z.number().nullable(),
  explainedFds: z.number().nullable(),
  unexplainedFds: z.number().nullable(),
  connectionsActive: z.number().nullable(),
  acceptedPerSecond: z.number().nullable(),
  processStart: instantSchema.nullable(),
  leak: leakSchema,
  timeToEmfileSeconds: bandSchema.nullable(),
  pool: z.object({ enabled: z.boolean().nullable(), active: z.number().nullable(), idle: z.number().nullable() }),
  configSha256: z.string().nullable(),
  drift: z.boolean(),
  /** name of an active fault drill as the node itself reports it; shown as a banner, never used for a judgement */
  drill: z.string().nullable(),
  /** pinned host key fingerprint, and whether a changed key blocks this node */
  hostKey: z.object({ fingerprint: z.string().nullable(), blocked: z.boolean() }),
  /** the run that is changing this node now */
  activeRunId: z.string().nullable(),
  lastSampleAt: instantSchema.nullable(),
  /** last hour of open fds at 60 points, null where there is no data */
  sparkline: z.array(z.number().nullable()),
});
export type FleetNode = z.infer<typeof fleetNodeSchema>;

/** `problem`: why samples cannot be stored now, as a sentence; left out while they can */
export const fleetSchema = z.object({ asOf: instantSchema, nodes: z.array(fleetNodeSchema), problem: z.string().optional() });
export type Fleet = z.infer<typeof fleetSchema>;

/** GET nodes/:id */
export const nodeDetailSchema = z.object({
  node: fleetNodeSchema,
  /** the verdict in one or two sentences: with its rate, and with what grew, by whom, where two looks at the fds of this process know it */
  verdict: z.string().optional(),
  member: nodeInputSchema.extend({ id: z.string(), version: z.number().int(), createdAt: instantSchema }),
});
export type NodeDetail = z.infer<typeof nodeDetailSchema>;

/** GET nodes/:id/config */
export const nodeConfigSchema = z.object({
  path: z.string(),
  text: z.string(),
  sha256: z.string(),
  poolEnabled: z.boolean().nullable(),
  findings: z.array(
    z.object({
      severity: z.enum(['error', 'warning', 'info']),
      message: z.string(),
      line: z.number().int().nullable(),
      column: z.number().int().nullable(),
    }),
  ),
  drift: z.boolean(),
  /** of a file that is not what was agreed: when it was last changed, and the sudo command that may have done it */
  changed: z.object({ at: instantSchema.nullable(), by: z.string().nullable(), command: z.string().nullable() }).nullable().default(null),
});
export type NodeConfig = z.infer<typeof nodeConfigSchema>;

/** GET nodes/:id/config/history: config.yaml as it was before each run that kept it there, newest first. `config-rollback` puts one of them back. */
export const configHistorySchema = z.object({
  sha256: z.string().nullable(),
  changedAt: instantSchema.nullable(),
  /** commands by sudo shortly before the last change, the likeliest last */
  suspects: z.array(z.object({ user: z.string(), command: z.string() })),
  kept: z.array(
    z.object({
      runId: z.string(),
      title: z.string().nullable(),
      startedBy: z.string().nullable(),
      at: instantSchema,
      sha256: z.string(),
      state: z.enum(['kept', 'armed', 'disarmed', 'reverting', 'reverted']),
    }),
  ),
});
/** GET nodes/:id/config/history/:run: one of them, and the file as it is now, to see what putting it back would change. */
export const keptConfigSchema = z.object({
  runId: z.string(),
  sha256: z.string(),
  text: z.string(),
  now: z.object({ sha256: z.string(), text: z.string() }),
});
export type KeptConfig = z.infer<typeof keptConfigSchema>;
export type ConfigHistory = z.infer<typeof configHistorySchema>;

export const selfTestSchema = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      key: z.string(),
      title: z.string(),
      status: z.enum(['pass', 'warn', 'fail', 'skipped']),
      detail: z.string(),
      fix: z.string().nullable(),
    }),
  ),
});
export type SelfTest = z.infer<typeof selfTestSchema>;
