import { labelsOf } from './inventory.ts';
import { createProblems, type Found, MOST_HOSTS, type Parsed, shown, toPort } from './parsed.ts';

type Field = 'name' | 'host' | 'sshPort' | 'user' | 'unit' | 'configPath' | 'metricsVia' | 'metricsUrl' | 'proxyJump' | 'labels';
/** A column's head, lower case without blanks, "_" and "-" → what it is. */
const COLUMNS: Record<string, Field> = {
  ...{ name: 'name', node: 'name', host: 'host', hostname: 'host', address: 'host', ip: 'host' },
  ...{ port: 'sshPort', sshport: 'sshPort', user: 'user', sshuser: 'user', unit: 'unit', configpath: 'configPath', config: 'configPath' },
  ...{ metricsvia: 'metricsVia', metricsurl: 'metricsUrl', proxyjump: 'proxyJump', labels: 'labels' },
};
const KNOWN = 'name, host, port, user, unit, configPath, metricsVia, metricsUrl, proxyJump, labels';

/** CSV with a head line; commas, semicolons or tabs; quotes as in RFC 4180. An empty cell leaves the value open. */
export function parseCsv(text: string): Parsed {
  const problems = createProblems();
  const { rows, open } = rowsOf(text.replace(/^\uFEFF/, ''));
  const nothing = () => ({ found: [], problems: problems.list });
  const [head, ...body] = rows;
  if (!head) return nothing();
  if (open !== null) problems.error(open, 'has a quote that is not closed: it and what follows is not used');
  const columns = head.cells.map((cell) => ({ title: cell, field: COLUMNS[cell.toLowerCase().replace(/[\s_-]/g, '')] }));
  for (const { title, field } of columns)
    if (!field) problems.note(head.line, `the column ${shown(title)} is not known and not used: known are ${KNOWN}`);
  const fields = columns.flatMap(({ field }) => (field ? [field] : []));
  for (const field of new Set(fields))
    if (fields.filter((other) => other === field).length > 1)
      problems.error(head.line, `two columns are the ${field}: there should be one`);
  if (!fields.includes('name')) problems.error(head.line, `the first line has no column "name": it should name the columns, of ${KNOWN}`);
  if (problems.list.some(({ severity }) => severity === 'error') && open === null) return nothing();

  const found: Found[] = [];
  for (const { cells, line } of body) {
    if (cells.every((cell) => cell === '')) continue;
    if (cells.length !== head.cells.length) {
      problems.error(line, `has ${cells.length} cells: it should have ${head.cells.length}, as the first line`);
      continue;
    }
    if (found.length >= MOST_HOSTS) {
      problems.error(line, `there are more than ${MOST_HOSTS} hosts: split the file`);
      break;
    }
    const node: Found = { line, name: '', labels: {} };
    for (const [at, cell] of cells.entries()) {
      const field = columns[at]?.field;
      if (!field || cell === '') continue;
      if (field === 'labels') node.labels = labelsOf(cell);
      else if (field === 'sshPort') {
        const port = toPort(cell);
        if (port === undefined) {
          node.wrong = [`port is ${shown(cell)}: it should be 1 to 65535`];
          problems.error(line, node.wrong.join());
        } else node.sshPort = port;
      } else node[field] = cell;
    }
    found.push(node);
  }
  return { found, problems: problems.list };
}

type Row = { cells: string[]; line: number };

function rowsOf(text: string): { rows: Row[] /** line of a quote that is never closed */; open: number | null } {
  const firstLine = text.slice(0, Math.max(0, text.search(/[\r\n]|$/)));
  const separator = [',', ';', '\t'].find((candidate) => firstLine.includes(candidate)) ?? ',';
  const rows: Row[] = [];
  let [line, started, cell, quoted, quotedAt] = [1, 1, '', false, 0];
  let cells: string[] = [];
  const endCell = () => {
    cells.push(cell.trim());
    cell = '';
  };
  const endRow = () => {
    endCell();
    rows.push({ cells, line: started });
    cells = [];
  };
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '\n') line++;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (c === '"' && cell.trim() === '') [quoted, quotedAt, cell] = [true, line, ''];
    else if (c === separator) endCell();
    else if (c === '\n') {
      endRow();
      started = line;
    } else if (c !== '\r') cell += c;
  }
  if (quoted) return { rows, open: quotedAt };
  if (cell !== '' || cells.length > 0) endRow();
  return { rows, open: null };
}
