import { numberIn, type Section, sectionsOf } from './figures.ts';

const [OPEN, CLOSE] = ['<!-- all: written by scripts/report.ts -->', '<!-- /all -->'];

type Row = { what: string; tried: number; survived: number; lost: string; command: string; date: string };

const block = (page: string, mark: string): string[] =>
  [...page.matchAll(new RegExp(`<!-- (${mark})(?: \\d+)?: written by [^>]*-->([\\s\\S]*?)<!-- /\\1(?: \\d+)? -->`, 'g'))].map(
    ([, , text = '']) => text,
  );
const cellsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
const dateIn = (text: string): string => /\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? '';

function fuzzRows(page: string): Row[] {
  return block(page, 'fuzz').map((text) => {
    const of = new Map(cellsOf(text).map(([key = '', value = '']) => [key, value]));
    const tried = numberIn(of.get('inputs')) ?? 0;
    const bad = numberIn(of.get('crashes, hangs, readings that depend on the cut')) ?? 0;
    const command = (of.get('command') ?? '').replaceAll('`', '');
    return {
      what: `fuzz, seed ${of.get('seed')}: hostile inputs to the parsers`,
      tried,
      survived: tried - bad,
      lost: String(bad),
      command,
      date: of.get('date') ?? '',
    };
  });
}

const FLEET = {
  fleet: 'faults in the middle of a run, on real hosts',
  'fleet-moments': 'faults between and within the steps of a run, on real hosts',
};

function fleetRows(page: string): Row[] {
  return Object.entries(FLEET).flatMap(([mark, what]) =>
    block(page, mark).map((text) => {
      const results = cellsOf(text)
        .slice(2)
        .flatMap((cells) => cells.slice(2))
        .filter((cell) => cell !== '' && cell !== '–' && cell !== '-');
      const survived = results.filter((cell) => cell.startsWith('held')).length;
      const command = /^`([^`]+)`/m.exec(text)?.[1] ?? '';
      const lost = String(results.length - survived);
      return { what: `fleet: ${what}`, tried: results.length, survived, lost, command, date: dateIn(text) };
    }),
  );
}

function chaosRows(page: string): Row[] {
  const [text = ''] = block(page, 'chaos');
  const command = /^`([^`]+)`/m.exec(text)?.[1] ?? '';
  return cellsOf(text)
    .slice(2)
    .map(([told = '', , lost = '', date = '']) => {
      const kills = numberIn(/SIGKILL × (\d+)/.exec(told)?.[1]);
      const tried = told.startsWith('SIGKILL') ? (kills ?? 1) : 1;
      const what = told.replace(/ at instants by seed.*$/, ' at instants by seed').replace(/ × \d+/, '');
      // how many of many a loss befell is in the text alone
      return { what: `chaos: ${what}`, tried, survived: lost === 'nothing' ? tried : 0, lost, command, date };
    });
}

const sum = (cells: readonly (string | undefined)[]): number => cells.reduce((total, cell) => total + (numberIn(cell) ?? 0), 0);

function lifeRows(sections: readonly Section[]): Row[] {
  const life = sections.find(({ mark }) => mark === 'proxy-life');
  return (life?.table ?? []).slice(1).map(([name = '', times, served, failed]) => ({
    what: `proxy under load, ${times} × ${name}`,
    tried: sum([served, failed]),
    survived: sum([served]),
    lost: failed === '0' ? 'nothing' : `${failed} connections`,
    command: life?.command ?? '',
    date: life?.date ?? '',
  }));
}

/** A soak is one trial: it survives when every figure that has a target holds it. */
function soakRows(sections: readonly Section[]): Row[] {
  return sections
    .filter(({ mark }) => mark.endsWith('-soak'))
    .map(({ table, command, date }) => {
      const broken = table.slice(1).filter(([, measured, target = '']) => {
        if (target === 'the same') return new Set((measured ?? '').split(', ')).size > 1;
        if (target === '0') return measured !== '0';
        return target.startsWith('≤') && (numberIn(measured) ?? 0) > (numberIn(target) ?? 0);
      });
      const [first = []] = table.slice(1);
      const same = table.slice(1).find(([, , target]) => target === 'the same') ?? [];
      const lost = broken.length === 0 ? 'nothing' : broken.map(([name]) => name).join(', ');
      return {
        what: `soak: ${[first, same].map(([name, measured]) => `${name}: ${measured}`).join('; ')}`,
        tried: 1,
        survived: broken.length === 0 ? 1 : 0,
        lost,
        command,
        date,
      };
    });
}

/** One table of everything that was tried, survived and lost, by what the scripts wrote into both pages. */
export function reliabilitySummary(reliability: string, benchmarks: string): string {
  const sections = sectionsOf(benchmarks);
  const rows = [
    ...fleetRows(reliability),
    ...chaosRows(reliability),
    ...fuzzRows(reliability),
    ...lifeRows(sections),
    ...soakRows(sections),
  ];
  const count = (n: number) => n.toLocaleString('en');
  return [
    OPEN,
    '| what | tried | survived | lost | command | date |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ({ what, tried, survived, lost, command, date }) =>
        `| ${what} | ${count(tried)} | ${count(survived)} | ${lost === '0' ? 'nothing' : lost} | \`${command}\` | ${date} |`,
    ),
    CLOSE,
  ].join('\n');
}

export function withSummary(page: string, summary: string): string {
  const [from, to] = [page.indexOf(OPEN), page.indexOf(CLOSE)];
  if (from >= 0) return `${page.slice(0, from)}${summary}${page.slice(to + CLOSE.length)}`;
  const first = page.indexOf('\n<!-- ') + 1;
  return `${page.slice(0, first)}${summary}\n\n${page.slice(first)}`;
}
