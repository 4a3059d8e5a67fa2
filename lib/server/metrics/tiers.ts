import type { Retention } from '#server/kernel/retention.ts';

/** Spans of the stored buckets, narrow to wide; each is a multiple of the one before. */
export const TIERS = [
  { table: 'bucket_1m', spanMs: 60_000 },
  { table: 'bucket_15m', spanMs: 900_000 },
] as const;

export const WIDEST_MS = TIERS[1].spanMs;

export const RAW = -1;

export type Query = { fromMs: number; toMs: number; stepMs: number };

/** Which tier answers a question, and in which steps: those asked for or, where only wider buckets are kept, the narrowest that there are. */
export function planQuery({ fromMs, stepMs }: Query, nowMs: number, retention: Retention): { tier: number; step: number; from: number } {
  const [minute, quarter] = [TIERS[0].spanMs, TIERS[1].spanMs];
  const kept = fromMs < nowMs - retention.minuteMs ? 1 : fromMs < nowMs - retention.rawMs ? 0 : RAW;
  const wide = (span: number) => stepMs % span === 0 || stepMs >= 4 * span;
  const tier = Math.max(kept, wide(quarter) ? 1 : wide(minute) ? 0 : RAW);
  const span = TIERS[tier]?.spanMs ?? 1000;
  const step = Math.max(1, Math.ceil(stepMs / span)) * span;
  return { tier, step, from: Math.floor(fromMs / step) * step };
}
