import fs from 'node:fs';
import path from 'node:path';
import { BENCHES } from './catalogue.ts';
import { ratioChart } from './charts.ts';
import { type Figure, figuresOf, type Section, sectionsOf } from './figures.ts';

const DOCS = path.resolve(import.meta.dirname, '../../docs');
export const PAGE = path.join(DOCS, 'benchmarks.md');
const JSON_FILE = path.join(DOCS, 'benchmarks.json');
const [OPEN, CLOSE] = ['<!-- all: written by test/bench/join.ts -->', '<!-- /all -->'];

export type Joined = Record<string, Omit<Section, 'mark' | 'table'> & { figures: Figure[] }>;

/** What the tables of the page say, by bench. */
export function joined(page: string): Joined {
  const sections = sectionsOf(page);
  const all: Joined = {};
  for (const { name, mark, figures } of BENCHES) {
    const section = sections.find((one) => one.mark === mark);
    if (section === undefined || figures.length === 0) continue;
    const { command, date, machine, table } = section;
    all[name] = { command, date, machine, figures: figuresOf(figures, table) };
  }
  return all;
}

export const figuresIn = (all: Joined): Figure[] => Object.values(all).flatMap(({ figures }) => figures);
export const jsonOf = (all: Joined): string => `${JSON.stringify(all, null, 2)}\n`;

/** The first table of the page: every figure, its peer, the target, and whether it holds. */
export function summaryOf(all: Joined): string {
  const figures = figuresIn(all);
  const judged = figures.filter(({ holds }) => holds !== null);
  const short = judged.filter(({ holds }) => holds === false);
  const row = ({ name, unit, ours, peers, ratio, target, holds }: Figure) => {
    const others = Object.entries(peers).map(([peer, value]) => `${peer} ${value}`);
    const held = holds === null ? '' : holds ? 'yes' : '**no**';
    return `| ${[name, `${ours} ${unit}`.trim(), others.join(', '), ratio ?? '', target ?? '', held].join(' | ')} |`;
  };
  return [
    OPEN,
    `Of ${judged.length} figures with a target ${judged.length - short.length} hold it.${short.length > 0 ? ` Short of it: ${short.map(({ name }) => name).join('; ')}.` : ''}`,
    'Each comes from a table below, which says on what machine, when and under what load it was measured.',
    '',
    '![Ours beside the peers, one bar a figure: left of the line is less than the peer needs](pictures/bench-ratios.svg)',
    '',
    '| what | ours | peer | ours : peer | target | holds |',
    '| --- | --- | --- | --- | --- | --- |',
    ...figures.map(row),
    CLOSE,
  ].join('\n');
}

/** Makes the summary, docs/benchmarks.json and the chart anew of the tables. */
export function joinBenchmarks(): void {
  const page = fs.readFileSync(PAGE, 'utf8');
  const all = joined(page);
  const [from, to] = [page.indexOf(OPEN), page.indexOf(CLOSE)];
  const first = page.indexOf('\n<!-- ');
  const before = page.slice(0, from < 0 ? first + 1 : from);
  const after = from < 0 ? `\n\n${page.slice(first + 1)}` : page.slice(to + CLOSE.length);
  fs.writeFileSync(PAGE, `${before}${summaryOf(all)}${after}`);
  fs.writeFileSync(JSON_FILE, jsonOf(all));
  fs.writeFileSync(path.join(DOCS, 'pictures/bench-ratios.svg'), ratioChart(figuresIn(all)));
}
