// Draws docs/pictures/*.svg from the recording that comes with the console, judged by the judgement of today: `node scripts/walkthrough-pictures.ts`.
import fs from 'node:fs';
import path from 'node:path';
import { createReplays } from '#server/drills/replay.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { formatHourMinute } from '#shared/units/time.ts';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 250, 48, 12, 34, 28];
const OUT = path.join(import.meta.dirname, '..', 'docs', 'pictures');
const replay = await createReplays({ metrics: { raw: async () => [] }, clock: systemClock }).shipped();
const start = replay.at[0] ?? 0;
const minute = (at: number) => (at - start) / 60;
const points = replay.at.flatMap((at, i) => (replay.openFds[i] == null ? [] : [{ minute: minute(at), fds: replay.openFds[i] ?? 0 }]));
const pointAt = (kind: string, nth = 0) => minute(replay.points.filter((point) => point.kind === kind)[nth]?.at ?? start);
const [called, full, restart, again, fix] = [
  pointAt('leaking'),
  pointAt('emfile'),
  pointAt('restart'),
  pointAt('leaking', 1),
  pointAt('restart', 1),
];

type Line = { name: string; colour: string; points: { x: number; fds: number }[] };
type Mark = { x: number; text: string; row?: number; end?: boolean };

function picture(o: { title: string; lines: Line[]; marks: Mark[]; limit: number; xName: (x: number) => string; ticks: number[] }): string {
  const all = o.lines.flatMap((line) => line.points);
  const [from, to] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  const x = (value: number) => Math.round((LEFT + ((value - from) / (to - from)) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  const y = (fds: number) => Math.round((HEIGHT - BOTTOM - (fds / o.limit) * (HEIGHT - TOP - BOTTOM)) * 10) / 10;
  const text = (value: string) => value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11" fill="#171b20">`,
    `<title>${text(o.title)}</title><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...[0, o.limit / 2, o.limit].map((fds) => {
      const dashed = fds === o.limit ? 'stroke="#c0342b" stroke-dasharray="4 4"' : 'stroke="#e4e6e9"';
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(fds)}" y2="${y(fds)}" ${dashed}/><text x="${LEFT - 6}" y="${y(fds) + 4}" text-anchor="end">${Math.round(fds)}</text>`;
    }),
    ...o.ticks.map((tick) => `<text x="${x(tick)}" y="${HEIGHT - 8}" text-anchor="middle" fill="#5e646b">${text(o.xName(tick))}</text>`),
    ...o.lines.map(
      ({ colour, points: of }) =>
        `<path fill="none" stroke="${colour}" stroke-width="1.8" d="${of.map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.x)} ${y(p.fds)}`).join('')}"/>`,
    ),
    ...o.lines.map(({ name, colour }, i) => `<text x="${LEFT + 4}" y="${TOP + 16 + 14 * i}" fill="${colour}">${text(name)}</text>`),
    ...o.marks.map(
      (mark) =>
        `<line x1="${x(mark.x)}" x2="${x(mark.x)}" y1="${TOP - 4}" y2="${HEIGHT - BOTTOM}" stroke="#5e646b" stroke-dasharray="2 3"/><text x="${x(mark.x)}" y="${12 + 12 * (mark.row ?? 0)}" text-anchor="${mark.end ? 'end' : 'start'}">${text(mark.text)}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}

const inClock = (from: number, to: number): Line => ({
  ...{ name: 'open fds', colour: '#2065c5' },
  points: points.filter((p) => p.minute >= from && p.minute <= to).map((p) => ({ x: p.minute, fds: p.fds })),
});
const sinceStart = (name: string, colour: string, from: number, minutes: number): Line => ({
  ...{ name, colour },
  points: points.filter((p) => p.minute >= from && p.minute < from + minutes).map((p) => ({ x: p.minute - from, fds: p.fds })),
});
const clock = (m: number) => formatHourMinute((start + m * 60) * 1000);
const everyHalfHour = (from: number, to: number) => Array.from({ length: Math.floor((to - from) / 30) + 1 }, (_, i) => from + 30 * i);

const files: Record<string, string> = {
  'alarm.svg': picture({
    title: 'From the first leaked descriptor to EMFILE',
    ...{ lines: [inClock(0, restart - 1)], limit: 8192, xName: clock, ticks: everyHalfHour(0, restart - 1) },
    marks: [
      { x: called, text: `"leaking", ${Math.round(full - called)} min before` },
      { x: full, text: 'EMFILE', row: 1, end: true },
    ],
  }),
  'honeymoon.svg': picture({
    title: 'Ten minutes of the leak and ten minutes after the restart, one above the other',
    lines: [
      { ...sinceStart('pool on, from when the leak began', '#b45309', 30, 10) },
      { ...sinceStart('pool off, after the restart', '#2065c5', restart, 10) },
    ],
    ...{ limit: 2000, xName: (m: number) => `${m} min`, ticks: [0, 2, 4, 6, 8] },
    marks: [
      { x: 1, text: 'lsof | wc -l here: "low, fixed"' },
      { x: Math.max(1.5, again - restart), text: 'the console says leaking again', row: 1 },
    ],
  }),
  'fixed.svg': picture({
    title: 'Not fixed, then fixed',
    ...{ lines: [inClock(restart - 10, minute(replay.at.at(-1) ?? start))], limit: 8192, xName: clock, ticks: everyHalfHour(120, 210) },
    marks: [
      { x: restart, text: 'pool off, restart' },
      { x: again, text: 'not fixed', row: 1 },
      { x: fix, text: 'end of file forwarded, restart' },
    ],
  }),
};
fs.mkdirSync(OUT, { recursive: true });
for (const [name, svg] of Object.entries(files)) fs.writeFileSync(path.join(OUT, name), svg);
console.log(`called after ${called} min, full after ${full} min, restarted at ${restart}, called again at ${again}, fixed at ${fix}`);
