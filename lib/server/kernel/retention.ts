/** How long each tier of samples is kept, in milliseconds. */
export type Retention = { rawMs: number; minuteMs: number; quarterMs: number };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Raw samples of a few hours are what the judgement, and the buckets after a crash, are made from. */
const LEAST_MS = 2 * HOUR_MS;
const MOST_MS = 3650 * DAY_MS;

export const DEFAULT_RETENTION: Retention = Object.freeze({ rawMs: 48 * HOUR_MS, minuteMs: 30 * DAY_MS, quarterMs: 396 * DAY_MS });

/** The same as a setting is written. */
export const DEFAULT_RETENTION_TEXT = `raw=${DEFAULT_RETENTION.rawMs / HOUR_MS}h,1m=${DEFAULT_RETENTION.minuteMs / DAY_MS}d,15m=${DEFAULT_RETENTION.quarterMs / DAY_MS}d`;

const TIERS: Record<string, keyof Retention> = { raw: 'rawMs', '1m': 'minuteMs', '15m': 'quarterMs' };

/** `raw=48h,1m=30d,15m=396d`, each once at most; what is left out keeps its default. Null when it cannot be read, or makes no sense. */
export function parseRetention(text: string): Retention | null {
  const kept: Retention = { ...DEFAULT_RETENTION };
  const said = new Set<string>();
  for (const term of text.split(',')) {
    const [, tier = '', amount, unit] = /^\s*(raw|1m|15m)\s*=\s*(\d{1,5})(h|d)\s*$/.exec(term) ?? [];
    const key = TIERS[tier];
    if (!key || said.has(tier)) return null;
    said.add(tier);
    kept[key] = Number(amount) * (unit === 'h' ? HOUR_MS : DAY_MS);
  }
  const ordered = kept.rawMs <= kept.minuteMs && kept.minuteMs <= kept.quarterMs;
  return ordered && kept.rawMs >= LEAST_MS && kept.quarterMs <= MOST_MS ? Object.freeze(kept) : null;
}
