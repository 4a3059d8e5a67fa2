/** Rows with their columns under each other, two spaces apart; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) if (i < row.length - 1) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell))
      .join('  ')
      .trimEnd(),
  );
}

/** A table for people. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  columns([head.map((h) => h.toUpperCase()), ...rows]);

/** Words of nodes, runs and strangers do not write to the terminal what they like: no control characters, one line. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
