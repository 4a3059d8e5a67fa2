import type { NodeMetricsAnswer, SeriesName } from '#shared/metrics.ts';

export const COMPARE_BY = ['clock', 'age'] as const;
export type CompareBy = (typeof COMPARE_BY)[number];

/** One process life of a node. `life` 0 is the newest in the range, 1 the one before it. Values: undefined = no point here, null = a gap, a line breaks. */
export type CompareLine = { key: string; name: string; life: number; values: (number | null | undefined)[] };
export type Compared = { x: number[]; lines: CompareLine[] };

/** A gap, as on the node's own charts. */
const SHORTEST_GAP_SECONDS = 45;
/** Of each node, by age: what runs now and what it replaced. */
const LIVES = 2;
/** A start is known to the second, a sample's time too. */
const TOLERANCE_SECONDS = 2;

/**
 * Nodes on one axis: epoch seconds, or seconds since the process started. Times fall into cells of `step` seconds, because nodes are read at
 * different instants. No line crosses a restart. By age a point whose process start is not known has no place.
 */
export function compareLines(
  nodes: readonly { name: string; processStart: string | null; answer: NodeMetricsAnswer }[],
  metric: SeriesName,
  by: CompareBy,
  step: number,
): Compared {
  const cells = new Set<number>();
  const drawn = nodes.flatMap(({ name, processStart, answer }) => {
    const lives = splitLives(answer, processStart, metric, by === 'age');
    const kept = by === 'age' ? lives.slice(-LIVES) : lives;
    return kept.map((life, i) => {
      const origin = by === 'age' ? (life.start ?? 0) : 0;
      const points = new Map<number, number>();
      for (const [time, value] of life.points) points.set(Math.round((time - origin) / step), value);
      for (const cell of points.keys()) cells.add(cell);
      return { name, life: by === 'age' ? kept.length - 1 - i : 0, points };
    });
  });
  const x = [...cells].sort((a, b) => a - b);
  const gap = Math.max(SHORTEST_GAP_SECONDS / step, 3);
  const lines = drawn.map(({ name, life, points }) => ({ key: `${name}/${life}`, name, life, values: column(x, points, gap) }));
  return { x: x.map((cell) => cell * step), lines: by === 'age' ? lines : joined(lines) };
}

/** Whether there is any place on the axis where two lines can be held against each other. */
export const shareAnAge = ({ x, lines }: Compared): boolean =>
  x.some((_, i) => lines.filter(({ values }) => typeof values[i] === 'number').length > 1);

/** The running process may have started before the range: its start is the node's. */
function splitLives(answer: NodeMetricsAnswer, running: string | null, metric: SeriesName, needStart: boolean) {
  const starts = [...answer.processStarts, ...(running === null ? [] : [running])]
    .map((start) => Date.parse(start) / 1000)
    .sort((a, b) => a - b)
    .filter((start, i, all) => i === 0 || start - (all[i - 1] ?? 0) > TOLERANCE_SECONDS);
  const lives: { start: number | null; points: [time: number, value: number][] }[] = [];
  answer.times.forEach((time, i) => {
    const value = answer.series[metric]?.[i] ?? null;
    const start = starts.findLast((one) => one <= time + TOLERANCE_SECONDS) ?? null;
    if (value === null || (needStart && start === null)) return;
    const last = lives.at(-1);
    if (last && last.start === start) last.points.push([time, value]);
    else lives.push({ start, points: [[time, value]] });
  });
  return lives;
}

function column(x: readonly number[], points: ReadonlyMap<number, number>, gap: number): (number | null | undefined)[] {
  const values: (number | null | undefined)[] = x.map((cell) => points.get(cell));
  let last: number | null = null;
  x.forEach((cell, i) => {
    if (values[i] === undefined) return;
    if (last !== null && cell - (x[last] ?? 0) > gap && i - last > 1) values[last + 1] = null;
    last = i;
  });
  return values;
}

/** By the clock the lives of a node are one line with a break between them: its last cell before a restart is the break where no cell is free. */
function joined(lines: readonly CompareLine[]): CompareLine[] {
  const nodes = new Map<string, CompareLine>();
  for (const line of lines) {
    const before = nodes.get(line.name);
    if (!before) {
      nodes.set(line.name, { ...line, key: line.name, values: [...line.values] });
      continue;
    }
    const first = line.values.findIndex((value) => typeof value === 'number');
    if (first > 0) before.values[first - 1] = null;
    line.values.forEach((value, i) => {
      if (value !== undefined && i >= first) before.values[i] = value;
    });
  }
  return [...nodes.values()];
}
