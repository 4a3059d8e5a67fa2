import { z } from 'zod';
import { instantSchema } from './time.ts';

/** What an fd can be. `orphan`: a socket in no table of the kernel. `closed`: gone before the look was over. */
export const FD_KINDS = [
  'listener',
  'client',
  'upstream',
  'udp',
  'orphan',
  'unix',
  'socket',
  'pipe',
  'anon',
  'file',
  'closed',
  'other',
] as const;
export type FdKind = (typeof FD_KINDS)[number];

/** One kind, TCP state and peer. Counts of all groups of a look add up to its `openFds`. */
export const fdGroupSchema = z.object({
  kind: z.enum(FD_KINDS),
  /** TCP state as ss(8) and netstat(8) know it, or `deleted` for a file; null where there is none */
  state: z.string().nullable(),
  /** the listening address or port that it belongs to */
  local: z.string().nullable(),
  /** numbers only for addresses; the path of a file, the name of an anonymous inode */
  peer: z.string().nullable(),
  /** the names that config.yaml routes to this upstream, as far as it gives addresses; null or missing where none is known */
  name: z.string().nullable().optional(),
  /** all peers that were too many to have a group of their own */
  others: z.boolean(),
  count: z.number().int(),
  /**
   * since when they are known to be open: how many were first seen by which look, oldest first. What has no number of its own (files,
   * anonymous inodes) is not in it. The kernel does not keep when an fd was opened.
   */
  firstSeen: z.array(z.object({ at: instantSchema, count: z.number().int() })),
  /** those that the kernel made first */
  examples: z.array(z.object({ fd: z.number().int(), local: z.string().nullable(), remote: z.string().nullable() })),
});
export type FdGroup = z.infer<typeof fdGroupSchema>;

export const fdLookSchema = z.object({
  id: z.string(),
  at: instantSchema,
  by: z.string(),
  pid: z.number().int(),
  comm: z.string().nullable(),
  processStart: instantSchema.nullable(),
  openFds: z.number().int(),
  fdLimit: z.number().int().nullable(),
  /** sockets and pipes of which no age can be told by later looks: there were too many */
  untracked: z.number().int(),
  durationMs: z.number().int(),
  cpuMs: z.number().int().nullable(),
  command: z.string(),
  sha256: z.string(),
  groups: z.array(fdGroupSchema),
});
export type FdLook = z.infer<typeof fdLookSchema>;

export const fdGrowthSchema = fdGroupSchema.pick({ kind: true, state: true, local: true, peer: true, name: true, others: true }).extend({
  before: z.number().int(),
  now: z.number().int(),
  grew: z.number().int(),
  /** of those now, how many were there at the look before; null where fds have no number to know them by */
  stayed: z.number().int().nullable(),
});
export type FdGrowth = z.infer<typeof fdGrowthSchema>;

export const fdFindingSchema = z.object({
  key: z.enum(['close-wait', 'orphan', 'fin-wait', 'grew', 'calm', 'restarted', 'deleted', 'near-limit', 'udp']),
  tone: z.enum(['danger', 'warn', 'neutral']),
  title: z.string(),
  sentence: z.string(),
  fds: z.number().int(),
});
export type FdFinding = z.infer<typeof fdFindingSchema>;

/** GET and POST nodes/:id/fds */
export const nodeFdsSchema = z.object({
  /** newest first */
  looks: z.array(z.object({ id: z.string(), at: instantSchema, pid: z.number().int(), openFds: z.number().int() })),
  look: fdLookSchema.nullable(),
  comparison: z
    .object({
      since: z.object({ id: z.string(), at: instantSchema, pid: z.number().int(), openFds: z.number().int() }),
      seconds: z.number(),
      sameProcess: z.boolean(),
      grew: z.number().int(),
      /** by kind and state, most grown first */
      kinds: z.array(fdGrowthSchema),
      /** by kind, state and peer, most grown first */
      groups: z.array(fdGrowthSchema),
    })
    .nullable(),
  findings: z.array(fdFindingSchema),
});
export type NodeFds = z.infer<typeof nodeFdsSchema>;
