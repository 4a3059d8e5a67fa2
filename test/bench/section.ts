import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PAGE = path.resolve(import.meta.dirname, '../../docs/benchmarks.md');

/** Writes one table of docs/benchmarks.md, between its two marks; what other scripts wrote stays. The first row is the head. */
export function writeSection(mark: string, title: string, command: string, table: readonly (readonly string[])[], note = ''): void {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [head = [], ...rows] = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const machine = `${os.cpus().length} cores (${os.cpus()[0]?.model.trim()}), load ${os.loadavg()[0]?.toFixed(1)} while measured, Node ${process.versions.node}`;
  const lines = [
    `## ${title}`,
    '',
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.`,
    '',
    ...(note ? [note, ''] : []),
  ];
  const block = [start, ...lines, line(head), line(head.map(() => '---')), ...rows.map(line), end].join('\n');
  const text = fs.existsSync(PAGE)
    ? fs.readFileSync(PAGE, 'utf8')
    : '# Benchmarks\n\nEach table is written by its script; run it again to change it.\n';
  const at = text.indexOf(start);
  fs.writeFileSync(
    PAGE,
    at < 0 ? `${text.trimEnd()}\n\n${block}\n` : `${text.slice(0, at)}${block}${text.slice(text.indexOf(end) + end.length)}`,
  );
}
