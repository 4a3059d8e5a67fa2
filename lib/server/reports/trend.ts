import type { Report } from '#shared/reports.ts';
import { formatDay } from '#shared/units/time.ts';

const WIDTH = 720;
const HEIGHT = 150;
const LEFT = 44;
const TOP = 12;
const BASE = HEIGHT - 24;
/** Below it a report asks for a higher limit. */
const LOW_PERCENT = 20;

/** The least headroom of the fleet by day as bars, 0 to 100 % of the limit; a day without samples has none. Null where no trend is to be seen: fewer than two days. */
export function headroomTrend({ headroom }: Pick<Report, 'headroom'>): string | null {
  const seen = headroom.flatMap((day, i) => (day.lowestPercent === null ? [] : [{ day: day.day, percent: day.lowestPercent, i }]));
  if (seen.length < 2) return null;
  const step = (WIDTH - LEFT) / headroom.length;
  const y = (percent: number) => Math.round((BASE - (Math.min(100, Math.max(0, percent)) / 100) * (BASE - TOP)) * 10) / 10;
  const label = (at: number, text: string) => `<text x="${LEFT - 6}" y="${y(at) + 4}" text-anchor="end">${text}</text>`;
  const line = (at: number, color: string) => `<line x1="${LEFT}" x2="${WIDTH}" y1="${y(at)}" y2="${y(at)}" stroke="${color}"/>`;
  const bars = seen.map(({ day, percent, i }) => {
    const x = Math.round((LEFT + i * step + step * 0.15) * 10) / 10;
    const name = formatDay(Date.parse(day));
    return [
      `<rect x="${x}" y="${y(percent)}" width="${Math.round(step * 7) / 10}" height="${Math.round((BASE - y(percent)) * 10) / 10}"`,
      ` fill="${percent < LOW_PERCENT ? '#b42318' : '#3b6ea8'}"><title>${name}: ${Math.round(percent)} %</title></rect>`,
      ...(headroom.length <= 14 ? [`<text x="${x + step * 0.35}" y="${HEIGHT - 8}" text-anchor="middle">${name}</text>`] : []),
    ].join('');
  });
  const [first, last] = [seen[0]?.percent ?? 0, seen.at(-1)?.percent ?? 0].map(Math.round);
  const title = `Least headroom of the fleet by day, in percent of the limit: ${first} % on the first day, ${last} % on the last`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}"`,
    ` font-family="sans-serif" font-size="11" fill="#5e646b"><title>${title}</title>`,
    [line(100, '#d3d6da'), line(LOW_PERCENT, '#b42318'), line(0, '#5e646b')].join(''),
    [label(100, '100 %'), label(LOW_PERCENT, `${LOW_PERCENT} %`), label(0, '0')].join(''),
    `${bars.join('')}</svg>`,
  ].join('');
}
