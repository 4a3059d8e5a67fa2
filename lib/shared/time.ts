import { z } from 'zod';

/** ISO 8601 in UTC with milliseconds, as `Date#toISOString` writes it. */
export const instantSchema = z.iso.datetime();
export type Instant = string;

export const toInstant = (epochMs: number): Instant => new Date(epochMs).toISOString();

/** A 95 % band. `high: null` = unbounded. */
export const bandSchema = z.object({ low: z.number(), mid: z.number(), high: z.number().nullable() });
export type Band = z.infer<typeof bandSchema>;

/** A 95 % interval with both ends known. */
export const intervalSchema = z.object({ low: z.number(), mid: z.number(), high: z.number() });
export type Interval = z.infer<typeof intervalSchema>;
