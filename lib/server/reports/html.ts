import type { Report } from '#shared/reports.ts';
import { formatInstant } from '#shared/units/time.ts';
import { sectionsOf, titleOf } from './markdown.ts';

const text = (value: string): string => value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#171b20;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #d3d6da;vertical-align:top}.none{color:#5e646b}svg{max-width:100%;height:auto}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}`;

/** One file without anything from elsewhere: no script, no request. */
export function reportHtml(report: Report): string {
  const sections = sectionsOf(report).map(({ title, picture, lines, heads, rows, none }) => {
    const head = `<h2>${text(title)}</h2>${picture ?? ''}`;
    if (lines && lines.length > 0) return `${head}\n<ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`;
    if (!rows || rows.length === 0) return `${head}\n<p class="none">${text(none)}</p>`;
    const headRow = (heads ?? []).map((cell) => `<th scope="col">${text(cell)}</th>`).join('');
    const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('\n');
    return `${head}\n<table><thead><tr>${headRow}</tr></thead><tbody>\n${body}\n</tbody></table>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(titleOf(report))}</title>
<style>${STYLE}</style></head><body>
<h1>${text(titleOf(report))}</h1>
<p>${report.nodes} nodes, made ${text(formatInstant(Date.parse(report.madeAt)))} by Headroom.</p>
${sections.join('\n')}
</body></html>
`;
}
