/** One table of docs/benchmarks.md as its script wrote it. */
export type Section = {
  mark: string;
  command: string;
  /** YYYY-MM-DD */
  date: string;
  machine: string;
  table: readonly (readonly string[])[];
};

/** The first cell of a row (or how it begins), and the head of a column. */
export type Cell = readonly [row: string, column: string];

/** Where a figure stands in its table, and what it should be. */
export type FigureOf = {
  name: string;
  unit: string;
  ours: Cell;
  /** the first one is what the ratio is to */
  peers?: Readonly<Record<string, Cell>>;
  /** ours : the first peer's, where the script itself has measured it of neighbours; otherwise it is divided here */
  ratio?: Cell;
  /** at most `most` or at least `least`, of our figure or of the ratio */
  target?: { of: 'ours' | 'ratio'; most?: number; least?: number };
  /** of the figure, so what a worse ratio is */
  better: 'less' | 'more';
};

export type Figure = {
  name: string;
  unit: string;
  ours: number;
  peers: Record<string, number>;
  ratio: number | null;
  target: string | null;
  holds: boolean | null;
  better: 'less' | 'more';
};

/** The sections of the page; a text that is no section is left out. */
export function sectionsOf(page: string): Section[] {
  return [...page.matchAll(/<!-- ([a-z0-9-]+) -->\n([\s\S]*?)<!-- \/\1 -->/g)].flatMap(([, mark = '', body = '']) => {
    const [, command, date, machine] = /^`([^`]+)`, (\d{4}-\d\d-\d\d), (.+)\.$/m.exec(body) ?? [];
    const lines = body.split('\n').filter((line) => line.startsWith('|') && !/^\|( -+ \|)+$/.test(line));
    if (!command || !date || !machine || lines.length === 0) return [];
    const table = lines.map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
    return [{ mark, command, date, machine, table }];
  });
}

/** The first number in a cell: `1.65 (half of them 1.5 to 1.8)` is 1.65, `10,400` is 10400, `0 in 0 of 75` is 0; null where there is none. */
export function numberIn(cell: string | undefined): number | null {
  const found = /[-−+]?\d[\d,]*(\.\d+)?/.exec(cell ?? '')?.[0];
  return found === undefined ? null : Number(found.replaceAll(',', '').replace('−', '-'));
}

function valueAt(table: Section['table'], [row, column]: Cell): number | null {
  const at = (table[0] ?? []).indexOf(column);
  const rows = table.slice(1);
  const found = rows.find(([first]) => first === row) ?? rows.find(([first = '']) => first.startsWith(row));
  return at < 0 ? null : numberIn(found?.[at]);
}

/** The figures of one table; one whose cell is not there (a peer that was not installed, a part that was not asked for) is left out. */
export function figuresOf(wanted: readonly FigureOf[], table: Section['table']): Figure[] {
  return wanted.flatMap(({ name, unit, ours: place, peers: places = {}, ratio: ratioAt, target, better }) => {
    const ours = valueAt(table, place);
    if (ours === null) return [];
    const peers: Record<string, number> = {};
    for (const [peer, cell] of Object.entries(places)) {
      const value = valueAt(table, cell);
      if (value !== null) peers[peer] = value;
    }
    const first = peers[Object.keys(places)[0] ?? ''];
    const ratio = (ratioAt && valueAt(table, ratioAt)) ?? (first ? Math.round((ours / first) * 1000) / 1000 : null);
    const judged = target?.of === 'ratio' ? ratio : ours;
    const holds = target && judged !== null ? judged <= (target.most ?? Infinity) && judged >= (target.least ?? -Infinity) : null;
    return [{ name, unit, ours, peers, ratio, target: target ? wordsOf(target, unit) : null, holds, better }];
  });
}

function wordsOf({ of, most, least }: NonNullable<FigureOf['target']>, unit: string): string {
  const limit = most === undefined ? `≥ ${least}` : `≤ ${most}`;
  return of === 'ratio' ? `${limit} ×` : `${limit} ${unit}`.trim();
}

export type Worse = { name: string; baseline: number; now: number };

/** Ratios alone, since a ratio of two that ran side by side is of the programs and not of the machine. Those that one of the two lacks are passed over. */
export function worseThan(baseline: Readonly<Record<string, number>>, figures: readonly Figure[], tolerance: number): Worse[] {
  return figures.flatMap(({ name, ratio: now, better }) => {
    const before = baseline[name];
    if (now === null || before === undefined) return [];
    const worse = better === 'less' ? now > before * (1 + tolerance) : now < before / (1 + tolerance);
    return worse ? [{ name, baseline: before, now }] : [];
  });
}

/** Least squares of log y over log x: 1 is as much more as there is more, 0 the same at every size. Points of 0 or less are left out. */
export function exponentOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  const spread = logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return spread === 0 ? Number.NaN : logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / spread;
}
