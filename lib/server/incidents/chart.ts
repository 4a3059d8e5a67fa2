import type { Course } from './impact.ts';

const WIDTH = 760;
const HEIGHT = 240;
const PAD = { left: 64, right: 16, top: 34, bottom: 30 };

export type ChartMark = { at: number; label: string; tone: 'danger' | 'ok' | 'neutral' };

/** Open fds of a node under its limit, over the incident, with what was done as upright lines. A picture that needs no program of ours. */
export function incidentChart(o: {
  name: string;
  course: Course;
  marks: readonly ChartMark[];
  openedAt: number;
  closedAt: number | null;
}): string | null {
  const points = o.course.filter((p) => p.openFds !== null);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.at <= first.at) return null;
  const [from, to] = [first.at, last.at];
  const most = Math.max(1, ...points.map((p) => p.openFds ?? 0));
  const limit = last.fdLimit;
  // the limit is in the picture only where the fds come near it
  const top = limit !== null && most > limit * 0.4 ? Math.max(most, limit) * 1.04 : most * 1.15;
  const x = (at: number) => round(PAD.left + ((Math.min(to, Math.max(from, at)) - from) / (to - from)) * (WIDTH - PAD.left - PAD.right));
  const y = (fds: number) => round(HEIGHT - PAD.bottom - (fds / top) * (HEIGHT - PAD.top - PAD.bottom));
  const [floor, ceiling] = [HEIGHT - PAD.bottom, PAD.top];
  const rule = (fds: number, words: string, color: string) =>
    `<line x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${y(fds)}" y2="${y(fds)}" stroke="${color}"/><text x="${PAD.left - 6}" y="${y(fds) + 4}" text-anchor="end" font-size="11">${words}</text>`;
  const marks = o.marks
    .filter((m) => m.at >= from && m.at <= to)
    .slice(0, 12)
    .map((m, i) => {
      const color = COLORS[m.tone];
      return `<line x1="${x(m.at)}" x2="${x(m.at)}" y1="${ceiling}" y2="${floor}" stroke="${color}" stroke-dasharray="3 3"/><text x="${x(m.at) + 3}" y="${ceiling + 11 + (i % 4) * 12}" font-size="10" fill="${color}">${xml(m.label)}</text>`;
    });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" fill="#1f2937">`,
    `<title>Open fds of ${xml(o.name)} during the incident</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<rect x="${x(o.openedAt)}" y="${ceiling}" width="${round(Math.max(1, x(o.closedAt ?? to) - x(o.openedAt)))}" height="${floor - ceiling}" fill="#fdf0e7"/>`,
    `<text x="${PAD.left}" y="20" font-size="12" font-weight="bold">${xml(o.name)}: open fds</text>`,
    `<text x="${WIDTH - PAD.right}" y="20" text-anchor="end" font-size="11">shaded: while the incident was open</text>`,
    ...[rule(0, '0', '#bbb'), rule(most, `${Math.round(most)}`, '#ddd')],
    ...(limit !== null && limit <= top ? [rule(limit, `limit ${limit}`, '#b42318')] : []),
    ...lines(points, x, y),
    ...marks,
    `<text x="${PAD.left}" y="${HEIGHT - 10}" font-size="11">${clock(from)}</text>`,
    `<text x="${WIDTH - PAD.right}" y="${HEIGHT - 10}" text-anchor="end" font-size="11">${clock(to)} UTC</text>`,
    '</svg>',
    '',
  ].join('\n');
}

const COLORS = { danger: '#b42318', ok: '#157f3c', neutral: '#475569' } as const;
/** More points than the picture has columns tell nothing. */
const MOST_POINTS = 700;
const GAP_TIMES = 5;

/** One line a stretch: gaps stay gaps. */
function lines(points: Course, x: (at: number) => number, y: (fds: number) => number): string[] {
  const every = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const thin = points.filter((_, i) => i % every === 0 || i === points.length - 1);
  const steps = thin.slice(1).map((p, i) => p.at - (thin[i]?.at ?? p.at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const stretches: string[][] = [[]];
  for (const [i, p] of thin.entries()) {
    if (i > 0 && p.at - (thin[i - 1]?.at ?? p.at) > usual * GAP_TIMES) stretches.push([]);
    stretches.at(-1)?.push(`${x(p.at)},${y(p.openFds ?? 0)}`);
  }
  return stretches.map((s) => `<polyline points="${s.join(' ')}" fill="none" stroke="#b5317f" stroke-width="1.6"/>`);
}

const round = (value: number): number => Math.round(value * 10) / 10;
const clock = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const xml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
