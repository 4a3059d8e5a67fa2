const UNITS: Record<string, number> = {
  ms: 1,
  msec: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** systemd.time(7) spans: `5`, `90s`, `1min 30s`; a bare number is seconds. Null when it is none. */
export function spanMs(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gy)];
  if (parts.length === 0 || parts.reduce((sum, part) => sum + part[0].length, 0) !== text.length) return null;
  let total = 0;
  for (const [, value, unit] of parts) {
    const factor = unit ? UNITS[unit] : 1_000;
    if (factor === undefined) return null;
    total += Number(value) * factor;
  }
  return total;
}
