/** Comma groups, every digit up to the unit: 52,386. */
export function formatCount(value: number): string {
  const whole = Math.round(Math.abs(value)).toString();
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return value < 0 && whole !== '0' ? `−${grouped}` : grouped;
}

/** A figure that may be small: whole above 10, one digit below, so that 0.3 does not become 0. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 9.95) return formatCount(value);
  const digits = Math.abs(value).toFixed(1);
  return value < 0 && digits !== '0.0' ? `−${digits}` : digits;
}

/** Slopes keep their sign, with a true minus; nothing at all is 0. */
export function formatSigned(value: number): string {
  const text = formatFigure(value);
  return value > 0 && text !== '0.0' ? `+${text}` : text === '0.0' ? '0' : text;
}

/** Axis ticks: 0, 500, 4.0k, 16k, 1.2M. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size >= 999_500) return `${sign}${trimZero(size / 1_000_000, 1)}M`;
  if (size >= 9_950) return `${sign}${Math.round(size / 1000)}k`;
  if (size >= 1000) return `${sign}${trimZero(size / 1000, 1)}k`;
  if (size >= 1 || size === 0) return `${sign}${trimZero(size, 1)}`;
  return `${sign}${Number(size.toPrecision(2))}`;
}

/** Whole percent; never rounds something to nothing or a part to the whole: "under 1 %", "99 %". */
export function formatPercent(part: number, whole: number): string {
  if (!(whole > 0)) return 'no data';
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return 'under 1 %';
  if (percent > 99 && percent < 100) return '99 %';
  return `${Math.round(percent)} %`;
}

/** "1 node", "4 nodes". */
export const plural = (count: number, one: string, many = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`;

const trimZero = (value: number, digits: number): string => value.toFixed(digits).replace(/\.0+$/, '');

/** "a, b, c", of more than `most` the first and how many are left: "a, b and 3 more". */
export const listed = (words: readonly string[], most: number): string =>
  words.length > most ? `${words.slice(0, most).join(', ')} and ${words.length - most} more` : words.join(', ');
