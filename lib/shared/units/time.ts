/** Beyond this nothing is forecast. */
export const HORIZON_SECONDS = 30 * 86_400;
export const BEYOND_HORIZON = 'over 30 d';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Two units at most: 9 s, 38 min, 2 h 10, 19 h, 6 d. Minutes reach to 90, hours with minutes to 10 h, hours to 48 h. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (Math.round(whole) < MINUTE) return `${Math.round(whole)} s`;
  const minutes = Math.round(whole / MINUTE);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 600) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;
  const hours = Math.round(whole / HOUR);
  return hours < 48 ? `${hours} h` : `${Math.round(whole / DAY)} d`;
}

/** The same as a figure and its unit, for large type: { figure: "38", unit: "min" }, { figure: "2 h 10", unit: "" }. */
export function splitDuration(seconds: number): { figure: string; unit: string } {
  const text = formatDuration(seconds);
  const simple = /^(\d+) (s|min|h|d)$/.exec(text);
  return simple ? { figure: simple[1] ?? text, unit: simple[2] ?? '' } : { figure: text, unit: '' };
}

/** A forecast: "over 30 d" past the horizon. */
export const formatForecast = (seconds: number): string => (seconds > HORIZON_SECONDS ? BEYOND_HORIZON : formatDuration(seconds));

/** "just now", "9 s ago", "2 h 40 min ago"; an instant ahead of us by clock skew is "just now". */
export function formatAgo(seconds: number): string {
  if (seconds < 1) return 'just now';
  const text = formatDuration(seconds);
  return `${/^\d+ h \d\d$/.test(text) ? `${text} min` : text} ago`;
}

/** All clocks are UTC: 14:32:07. */
export const formatClock = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 19);
export const formatHourMinute = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 16);

/** "17 Nov" */
export function formatDay(epochMs: number): string {
  const date = new Date(epochMs);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** What hovers show and copies carry: 2026-11-17 14:32:07 UTC. */
export const formatInstant = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A countdown: 1:05, 12:00, 1:00:00. */
export function formatCountdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const [h, m, s] = [Math.floor(whole / HOUR), Math.floor((whole % HOUR) / MINUTE), whole % MINUTE];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
