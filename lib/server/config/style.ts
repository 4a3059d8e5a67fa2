import { isMap } from 'yaml';
import { type ConfigDocument, columnOf } from './document.ts';

/** How the author of a file writes, as far as it shows. */
export type Style = {
  newline: string;
  /** of a key in a top section */
  indent: string;
  /** sections are set apart by an empty line */
  blankBetween: boolean;
};

export function readStyle(source: ConfigDocument): Style {
  const { text, document } = source;
  // of a file with both, what most lines end with
  const crlf = text.split('\r\n').length - 1;
  const newline = crlf * 2 > text.split('\n').length - 1 ? '\r\n' : '\n';
  const root: unknown = document.contents;
  const style: Style = { newline, indent: '  ', blankBetween: false };
  if (!isMap(root) || root.flow) return style;
  const column = (node: unknown) => {
    const range = typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? node.range : undefined;
    return typeof range?.[0] === 'number' ? columnOf(source, range[0]) : undefined;
  };
  const outer = column(root.items[0]?.key) ?? 0;
  for (const { value } of root.items) {
    if (!isMap(value) || value.flow) continue;
    const inner = column(value.items[0]?.key);
    if (inner === undefined || inner <= outer) continue;
    style.indent = ' '.repeat(inner - outer);
    break;
  }
  const body = text.slice(root.range?.[0] ?? 0).trimEnd();
  style.blankBetween = /\n[ \t]*\r?\n/.test(body);
  return style;
}
