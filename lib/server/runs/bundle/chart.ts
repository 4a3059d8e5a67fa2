import type { StoredReceipt } from '#shared/evidence/bundle.ts';
import type { Judgement } from '#shared/runs.ts';

const WIDTH = 720;
const HEIGHT = 260;
const PAD = { left: 64, right: 16, top: 40, bottom: 36 };

export type ChartPoint = { at: number; fds: number };

/** The samples that were judged, as the receipts of the judging steps keep them, in time order. */
export function judgedPoints(receipts: readonly Pick<StoredReceipt, 'raw'>[]): ChartPoint[] {
  const byTime = new Map<number, number>();
  for (const { raw } of receipts)
    for (const [, time, fds] of raw.matchAll(/^(\d{4}-\S+Z) openFds=(\d+)/gm)) byTime.set(Date.parse(time ?? ''), Number(fds));
  return [...byTime].map(([at, fds]) => ({ at, fds })).sort((a, b) => a.at - b.at);
}

/** Open fds over time with the two judged windows, as a picture that needs no program of ours. Null without anything to draw. */
export function judgedChart(node: string, judgement: Judgement, points: readonly ChartPoint[]): string | null {
  const windows = [
    { name: 'before', side: judgement.before, fill: '#f3d6c6' },
    { name: 'after', side: judgement.after, fill: '#cfe8d5' },
  ].flatMap(({ side, ...w }) =>
    side === null ? [] : [{ ...w, from: Date.parse(side.window.from), to: Date.parse(side.window.to), side }],
  );
  if (windows.length === 0 || points.length === 0) return null;
  const from = Math.min(...points.map((p) => p.at), ...windows.map((w) => w.from));
  const to = Math.max(...points.map((p) => p.at), ...windows.map((w) => w.to), from + 1);
  const most = Math.max(1, ...points.map((p) => p.fds));
  const x = (at: number) => round(PAD.left + ((at - from) / (to - from)) * (WIDTH - PAD.left - PAD.right));
  const y = (fds: number) => round(HEIGHT - PAD.bottom - (fds / most) * (HEIGHT - PAD.top - PAD.bottom));
  const bottom = HEIGHT - PAD.bottom;
  const shades = windows.map(({ name, side, fill, from: a, to: b }) => {
    const slope = side.per1000Connections ?? side.perMinute;
    const unit = side.per1000Connections ? 'per 1,000 conn' : 'fds/min';
    const words = slope === null ? name : `${name}: ${slope.mid.toFixed(1)} ${unit}`;
    return [
      `<rect x="${x(a)}" y="${PAD.top}" width="${round(Math.max(1, x(b) - x(a)))}" height="${bottom - PAD.top}" fill="${fill}"/>`,
      `<text x="${x(a)}" y="${name === 'before' ? 22 : 35}" font-size="11">${xml(words)}</text>`,
    ].join('\n');
  });
  const lines = [0, most].map(
    (v) =>
      `<line x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${y(v)}" y2="${y(v)}" stroke="#bbb"/><text x="${PAD.left - 6}" y="${y(v) + 4}" text-anchor="end" font-size="11">${v}</text>`,
  );
  const times = [
    `<text x="${PAD.left}" y="${HEIGHT - 12}" font-size="11">${time(from)}</text>`,
    `<text x="${WIDTH - PAD.right}" y="${HEIGHT - 12}" text-anchor="end" font-size="11">${time(to)}</text>`,
  ];
  const dots = points.map((p) => `<circle cx="${x(p.at)}" cy="${y(p.fds)}" r="1.6" fill="#1f2937"/>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" fill="#1f2937">`,
    `<title>Open fds of ${xml(node)}, the judged windows shaded</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${WIDTH - PAD.right}" y="22" text-anchor="end" font-size="12" font-weight="bold">${xml(node)}: open fds</text>`,
    ...shades,
    ...lines,
    ...times,
    ...dots,
    '</svg>',
    '',
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 10) / 10;
const time = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ').concat(' UTC');
const xml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
