import type { Band, Interval } from '../time.ts';
import { formatSigned } from './count.ts';
import { BEYOND_HORIZON, formatDuration, formatForecast, HORIZON_SECONDS } from './time.ts';

/** A band of durations in seconds: "34–44 min", "1 h 50–2 h 41", "3 d to over 30 d", "over 30 d". The unit is said once when both ends share it. */
export function formatBand(band: Band): string {
  if (band.low > HORIZON_SECONDS) return BEYOND_HORIZON;
  const low = formatDuration(band.low);
  if (band.high === null || band.high > HORIZON_SECONDS) return `${low} to ${BEYOND_HORIZON}`;
  const high = formatDuration(band.high);
  if (low === high) return low;
  const [a, b] = [split(low), split(high)];
  return a && b && a.unit === b.unit ? `${a.figure}–${b.figure} ${b.unit}` : `${low}–${high}`;
}

/** An estimate always comes with its band: "38 min, 34–44 min". */
export const formatEstimate = (band: Band): string =>
  band.low > HORIZON_SECONDS ? BEYOND_HORIZON : `${formatForecast(band.mid)}, ${formatBand(band)}`;

/** A slope's interval with signs: "+299 to +387". */
export const formatSlopeBand = (interval: Interval): string => `${formatSigned(interval.low)} to ${formatSigned(interval.high)}`;

const split = (text: string): { figure: string; unit: string } | null => {
  const match = /^(\d+) (s|min|h|d)$/.exec(text);
  return match?.[1] && match[2] ? { figure: match[1], unit: match[2] } : null;
};
