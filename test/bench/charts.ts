import type { Figure } from './figures.ts';

const STYLE =
  '<style>text{fill:#171b20}.soft{fill:#5b6470}.grid{stroke:#d5d9de}.line{stroke:#5b6470}.good{fill:#2065c5;stroke:#2065c5}.poor{fill:#b45309;stroke:#b45309}' +
  '@media (prefers-color-scheme:dark){text{fill:#e6e8eb}.soft{fill:#9aa3ad}.grid{stroke:#363c44}.line{stroke:#9aa3ad}.good{fill:#6ea8f7;stroke:#6ea8f7}.poor{fill:#f0a04b;stroke:#f0a04b}}</style>';
const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const round = (value: number): number => Math.round(value * 10) / 10;

function frame(width: number, height: number, title: string, desc: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d" font-family="sans-serif" font-size="12">`,
    `<title id="t">${escaped(title)}</title><desc id="d">${escaped(desc)}</desc>${STYLE}`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

/** One bar a figure that has a peer, on a logarithmic axis about 1: to the left less than the peer, to the right more. Orange is the worse side. */
export function ratioChart(figures: readonly Figure[]): string {
  const shown = figures.flatMap(({ name, ratio, better }) => (ratio !== null && ratio > 0 ? [{ name, ratio, better }] : []));
  const [WIDTH, LABEL, ROW, TOP] = [860, 380, 20, 28];
  const [low, high] = [1 / 16, 16];
  const x = (ratio: number) =>
    round(LABEL + (Math.log(Math.min(high, Math.max(low, ratio)) / low) / Math.log(high / low)) * (WIDTH - LABEL - 60));
  const height = TOP + shown.length * ROW + 12;
  const grid = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8].map(
    (at) =>
      `<line class="${at === 1 ? 'line' : 'grid'}" x1="${x(at)}" x2="${x(at)}" y1="${TOP - 6}" y2="${height - 8}"/>` +
      `<text class="soft" x="${x(at)}" y="14" text-anchor="middle">${at < 1 ? `1/${1 / at}` : at} ×</text>`,
  );
  const bars = shown.map(({ name, ratio, better }, i) => {
    const y = TOP + i * ROW;
    const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
    const good = better === 'less' ? ratio <= 1 : ratio >= 1;
    return (
      `<text x="${LABEL - 10}" y="${y + 12}" text-anchor="end">${escaped(name)}</text>` +
      `<rect class="${good ? 'good' : 'poor'}" x="${from}" y="${y + 3}" width="${Math.max(1.5, round(to - from))}" height="11"/>` +
      `<text class="soft" x="${round(to + 6)}" y="${y + 12}">${ratio}</text>`
    );
  });
  const desc = shown.map(({ name, ratio }) => `${name}: ${ratio} times the peer`).join('; ');
  return frame(WIDTH, height, 'Ours beside the peers', desc, [...grid, ...bars]);
}

export type Curve = { name: string; exponent: number; points: readonly (readonly [times: number, cost: number])[] };

/** Cost over size, both relative to the first and on logarithmic axes; the straight line of slope 1 is what grows as its work does. */
export function scalingChart(curves: readonly Curve[]): string {
  const [SIDE, GAP, TOP] = [150, 22, 40];
  const width = curves.length * (SIDE + GAP) + GAP;
  const plots = curves.map(({ name, exponent, points }, i) => {
    const left = GAP + i * (SIDE + GAP);
    const [, base = 1] = points[0] ?? [];
    const x = (times: number) => round(left + (Math.log2(times) / 3) * SIDE);
    // down to half of the first, for a cost that falls
    const y = (cost: number) => round(TOP + SIDE - ((Math.log2(Math.max(0.5, Math.min(16, cost))) + 1) / 5) * SIDE);
    const line = points.map(([times, cost]) => `${x(times)},${y(cost / base)}`).join(' ');
    const kind = exponent <= 1.1 ? 'good' : 'poor';
    return [
      `<text x="${left}" y="14">${escaped(name)}</text><text class="soft" x="${left}" y="30">exponent ${exponent.toFixed(2)}</text>`,
      `<rect class="grid" x="${left}" y="${TOP}" width="${SIDE}" height="${SIDE}" fill="none"/>`,
      `<line class="grid" stroke-dasharray="4 4" x1="${x(1)}" y1="${y(1)}" x2="${x(8)}" y2="${y(8)}"/>`,
      `<polyline class="${kind}" style="fill:none" stroke-width="2" points="${line}"/>`,
      ...points.map(([times, cost]) => `<circle class="${kind}" r="3" cx="${x(times)}" cy="${y(cost / base)}"/>`),
      ...points.map(
        ([times]) => `<text class="soft" x="${x(times)}" y="${TOP + SIDE + 16}" text-anchor="middle" font-size="10">× ${times}</text>`,
      ),
    ].join('\n');
  });
  const desc = curves.map(({ name, exponent }) => `${name}: cost grows with size to the power of ${exponent.toFixed(2)}`).join('; ');
  return frame(width, TOP + SIDE + 28, 'How cost grows with size', desc, plots);
}
