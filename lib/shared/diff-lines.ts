import type { ChangePreview } from './changes.ts';

export type DiffLine = ChangePreview['nodes'][number]['diff'][number];

/** Edits after which two texts count as wholly different: the search is quadratic in them. */
const MOST_EDITS = 1000;

/** Lines that were removed, added or kept (Myers), with `context` kept lines around each change; all of them when it is Infinity. */
export function diffLines(before: string, after: string, context = Number.POSITIVE_INFINITY): DiffLine[] {
  const [a, b] = [toLines(before), toLines(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = steps(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const kinds: DiffLine['kind'][] = [...Array<'same'>(head).fill('same'), ...middle, ...Array<'same'>(tail).fill('same')];

  let [x, y] = [0, 0];
  const lines = kinds.map((kind): DiffLine => {
    const text = (kind === 'add' ? b[y] : a[x]) ?? '';
    const line = { kind, text, before: kind === 'add' ? null : x + 1, after: kind === 'remove' ? null : y + 1 };
    if (kind !== 'add') x++;
    if (kind !== 'remove') y++;
    return line;
  });
  return around(lines, context);
}

/** A file without a last newline differs from one with it: its last line carries the mark that diff(1) prints. */
function toLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines.push('\\ No newline at end of file');
  return lines;
}

function around(lines: DiffLine[], context: number): DiffLine[] {
  if (context === Number.POSITIVE_INFINITY) return lines;
  const kept = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.kind !== 'same') kept.fill(1, Math.max(0, i - context), i + context + 1);
  });
  return lines.filter((_, i) => kept[i] === 1);
}

/** The shortest edit script, walked back through the furthest reaching points of each number of edits. */
function steps(a: string[], b: string[]): DiffLine['kind'][] {
  const [n, m] = [a.length, b.length];
  const whole = (): DiffLine['kind'][] => [...Array<'remove'>(n).fill('remove'), ...Array<'add'>(m).fill('add')];
  if (n === 0 || m === 0) return whole();
  const most = Math.min(n + m, MOST_EDITS);
  const offset = most + 1;
  const v = new Int32Array(2 * most + 3);
  const trail: Int32Array[] = [];
  const at = (row: Int32Array, k: number) => row[offset + k] ?? 0;
  for (let d = 0; d <= most; d++) {
    trail.push(v.slice());
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && at(v, k - 1) < at(v, k + 1)) ? at(v, k + 1) : at(v, k - 1) + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x++;
      v[offset + k] = x;
      if (x >= n && x - k >= m) return walkBack(trail, d, n, m, at);
    }
  }
  return whole();
}

function walkBack(
  trail: Int32Array[],
  edits: number,
  n: number,
  m: number,
  at: (row: Int32Array, k: number) => number,
): DiffLine['kind'][] {
  const kinds: DiffLine['kind'][] = [];
  let [x, y] = [n, m];
  for (let d = edits; d > 0; d--) {
    const row = trail[d] ?? new Int32Array();
    const k = x - y;
    const down = k === -d || (k !== d && at(row, k - 1) < at(row, k + 1));
    const fromX = at(row, down ? k + 1 : k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    const [startX, startY] = down ? [fromX, fromY + 1] : [fromX + 1, fromY];
    for (; x > startX && y > startY; x--, y--) kinds.push('same');
    kinds.push(down ? 'add' : 'remove');
    [x, y] = [fromX, fromY];
  }
  for (; x > 0; x--) kinds.push('same');
  return kinds.reverse();
}
