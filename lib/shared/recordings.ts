import { z } from 'zod';
import { LEAK_VERDICTS } from './node-states.ts';
import { bandSchema, instantSchema, intervalSchema } from './time.ts';

export const RECORDING_FORMAT = 'headroom.recording/1';
/** A day at one sample in 5 s, and some. */
export const MOST_SAMPLES = 20_000;

/** Epoch seconds. Where numbers are so large that half a minute more is the same one, no replay would come to an end. */
const secondsSchema = z.number().min(0).max(1e11);

const column = z.array(z.number().nullable()).max(MOST_SAMPLES);

/**
 * What a node's samples were over a stretch, as one file: columns of the same length. `at` is epoch seconds; counters are raw, so that a restart
 * shows as in the store. What people knew and did is in `marks`.
 */
export const recordingSchema = z
  .object({
    format: z.literal(RECORDING_FORMAT),
    title: z.string().max(200),
    node: z.string().max(100),
    at: z.array(secondsSchema).min(2).max(MOST_SAMPLES),
    processStart: column,
    openFds: column,
    fdLimit: column,
    connectionsActive: column,
    connectionsStale: column,
    poolActive: column,
    poolIdle: column,
    baselineFds: column,
    acceptedTotal: column,
    /** 1: counted over SSH because the metrics page was dead */
    blind: z.array(z.union([z.literal(0), z.literal(1)])).max(MOST_SAMPLES),
    marks: z.array(z.object({ at: secondsSchema, text: z.string().max(300) })).max(200),
  })
  .refine((r) => [r.processStart, r.openFds, r.fdLimit, r.blind, r.acceptedTotal].every(({ length }) => length === r.at.length), {
    message: 'every column must be as long as at',
  });
export type Recording = z.infer<typeof recordingSchema>;

/** What the judgement said at each of `at`, with nothing later known. */
export const replaySchema = z.object({
  title: z.string(),
  node: z.string(),
  from: instantSchema,
  to: instantSchema,
  /** epoch seconds */
  at: z.array(z.number()),
  openFds: z.array(z.number().nullable()),
  fdLimit: z.array(z.number().nullable()),
  blind: z.array(z.union([z.literal(0), z.literal(1)])),
  judged: z.array(
    z.object({
      at: z.number(),
      verdict: z.enum(LEAK_VERDICTS),
      perMinute: intervalSchema.nullable(),
      timeToEmfileSeconds: bandSchema.nullable(),
      missing: z.string().nullable(),
    }),
  ),
  /** in order: "leaking called here", "EMFILE here", restarts, what people did */
  points: z.array(z.object({ at: z.number(), kind: z.enum(['leaking', 'emfile', 'blind', 'restart', 'mark']), text: z.string() })),
});
export type Replay = z.infer<typeof replaySchema>;

export const replayQuerySchema = z.object({
  /** without it the recording that comes with the console */
  node: z.string().max(64).optional(),
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
});
