import { isMap } from 'yaml';
import type { ConfigDocument } from './document.ts';

/** How the author of a file writes, as far as it shows. */
export type Style = {
  newline: string;
  /** of a key in a top section */
  indent: string;
  /** sections are set apart by an empty line */
  blankBetween: boolean;
};

export function readStyle({ text, document, lines }: ConfigDocument): Style {
  const newline = /\r\n/.test(text) ? '\r\n' : '\n';
  const root: unknown = document.contents;
  const style: Style = { newline, indent: '  ', blankBetween: false };
  if (!isMap(root) || root.flow) return style;
  const columnOf = (node: unknown) => {
    const range = typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? node.range : undefined;
    return typeof range?.[0] === 'number' ? lines.linePos(range[0]).col - 1 : undefined;
  };
  const outer = columnOf(root.items[0]?.key) ?? 0;
  for (const { value } of root.items) {
    if (!isMap(value) || value.flow) continue;
    const column = columnOf(value.items[0]?.key);
    if (column === undefined || column <= outer) continue;
    style.indent = ' '.repeat(column - outer);
    break;
  }
  const body = text.slice(root.range?.[0] ?? 0).trimEnd();
  style.blankBetween = /\n[ \t]*\r?\n/.test(body);
  return style;
}
