import fs from 'node:fs';
import os from 'node:os';
import { joinBenchmarks, PAGE } from './join.ts';

/**
 * Writes one table of docs/benchmarks.md, between its two marks; what other scripts wrote stays. The first row is the head. The joined figures
 * (docs/benchmarks.json, the charts) are made anew of the page. Under `npm run bench` the table is also a line of HEADROOM_BENCH_RECORD, and with
 * HEADROOM_BENCH_KEEP the page stays as it is: a short run is a try, not a result.
 */
export function writeSection(mark: string, title: string, command: string, table: readonly (readonly string[])[], note = ''): void {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [head = [], ...rows] = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const machine = `${os.cpus().length} cores (${os.cpus()[0]?.model.trim()}), load ${os.loadavg()[0]?.toFixed(1)} while measured, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const record = process.env.HEADROOM_BENCH_RECORD;
  if (record) fs.appendFileSync(record, `${JSON.stringify({ mark, command, date, machine, table })}\n`);
  if (process.env.HEADROOM_BENCH_KEEP === '1') return;
  const lines = [`## ${title}`, '', `\`${command}\`, ${date}, ${machine}.`, '', ...(note ? [note, ''] : [])];
  const block = [start, ...lines, line(head), line(head.map(() => '---')), ...rows.map(line), end].join('\n');
  const text = fs.existsSync(PAGE) ? fs.readFileSync(PAGE, 'utf8') : '# Benchmarks\n';
  const at = text.indexOf(start);
  fs.writeFileSync(
    PAGE,
    at < 0 ? `${text.trimEnd()}\n\n${block}\n` : `${text.slice(0, at)}${block}${text.slice(text.indexOf(end) + end.length)}`,
  );
  joinBenchmarks();
}
