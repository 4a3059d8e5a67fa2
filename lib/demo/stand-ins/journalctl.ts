import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

type Output = 'short' | 'short-iso' | 'short-iso-precise' | 'short-unix' | 'cat';
type Query = { since: number; until: number; lines: number | null; follow: boolean; output: Output; reverse: boolean; grep: RegExp | null };

const OUTPUTS: readonly Output[] = ['short', 'short-iso', 'short-iso-precise', 'short-unix', 'cat'];
const FOLLOW_POLL_MS = 250;
const ENTRY = /^(\S+) (\S+) (.*)$/;

/** Entries of the node's journal file and of the one rotated before it, filtered and printed as journalctl does. */
export async function journalctl(argv: string[], file: string): Promise<number> {
  const query = readQuery(argv);
  if (typeof query === 'string') {
    console.error(query);
    return 1;
  }
  let offset = sizeOf(file);
  const entries = [...linesOf(`${file}.1`), ...linesOf(file, offset)].filter((line) => matches(line, query));
  const last = query.lines ?? (query.follow ? 10 : null);
  const chosen = last === null ? entries : last === 0 ? [] : entries.slice(-last);
  if (query.reverse) chosen.reverse();
  process.stdout.write(chosen.map((line) => `${format(line, query.output)}\n`).join('') || (query.follow ? '' : '-- No entries --\n'));
  while (query.follow) {
    await sleep(FOLLOW_POLL_MS);
    const size = sizeOf(file);
    if (size < offset) offset = 0;
    if (size === offset) continue;
    const { text, used } = wholeLines(file, offset, size);
    offset += used;
    for (const line of text.split('\n')) if (line !== '' && matches(line, query)) process.stdout.write(`${format(line, query.output)}\n`);
  }
  return 0;
}

function readQuery(argv: string[]): Query | string {
  const query: Query = { since: 0, until: Infinity, lines: null, follow: false, output: 'short', reverse: false, grep: null };
  const words = argv.flatMap((word) =>
    /^--[a-z-]+=/.test(word) ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word],
  );
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const value = () => words[++i] ?? '';
    if (word === '-f' || word === '--follow') query.follow = true;
    else if (word === '-r' || word === '--reverse') query.reverse = true;
    else if (word === '-u' || word === '--unit' || word === '-t' || word === '-p' || word === '-b') value();
    else if (word === '-g' || word === '--grep') query.grep = new RegExp(value());
    else if (word === '-n' || word === '--lines') query.lines = lineCount(value());
    else if (/^-n\d+$/.test(word)) query.lines = Number(word.slice(2));
    else if (word === '-S' || word === '--since' || word === '-U' || word === '--until') {
      const text = value();
      const at = instant(text, Date.now());
      if (at === null) return `Failed to parse timestamp: ${text}`;
      query[word === '-S' || word === '--since' ? 'since' : 'until'] = at;
    } else if (word === '-o' || word === '--output') {
      const name = value();
      const output = OUTPUTS.find((known) => known === name);
      if (output === undefined) return `Unknown output '${name}': the demo's journalctl knows ${OUTPUTS.join(', ')}`;
      query.output = output;
    } else if (
      !['--no-pager', '-q', '--quiet', '-a', '--all', '-e', '-x', '-xeu', '--no-hostname', '--utc'].includes(word) &&
      word.startsWith('-')
    )
      return `journalctl: unrecognized option '${word}'`;
  }
  return query;
}

const lineCount = (text: string): number | null => (text === 'all' ? null : Number(text) || 0);

/** `@EPOCH`, `now`, `today`, `-5min`, `5 minutes ago` or anything that Date can read. */
function instant(text: string, now: number): number | null {
  if (/^@\d+(\.\d+)?$/.test(text)) return Number(text.slice(1)) * 1000;
  if (text === 'now') return now;
  if (text === 'today') return new Date(now).setHours(0, 0, 0, 0);
  const ago = /^-?\s*(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)(\s+ago)?$/.exec(text);
  if (ago) return now - Number(ago[1]) * ({ s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[(ago[2] ?? 's').charAt(0)] ?? 1e3);
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

function matches(line: string, query: Query): boolean {
  const at = Date.parse(line.slice(0, line.indexOf(' ')).replace('+0000', 'Z'));
  return at >= query.since && at <= query.until && (query.grep === null || query.grep.test(line));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Stored as short-iso-precise: `2026-11-24T18:40:05.123000+0000 host ident[pid]: text` */
function format(line: string, output: Output): string {
  const [, stamp = '', host = '', rest = ''] = ENTRY.exec(line) ?? [];
  switch (output) {
    case 'short-iso-precise':
      return line;
    case 'short-iso':
      return `${stamp.replace(/\.\d+/, '')} ${host} ${rest}`;
    case 'short-unix':
      return `${(Date.parse(stamp.replace('+0000', 'Z')) / 1000).toFixed(6)} ${host} ${rest}`;
    case 'cat':
      return rest.slice(rest.indexOf(': ') + 2);
    case 'short':
      return `${MONTHS[Number(stamp.slice(5, 7)) - 1]} ${stamp.slice(8, 10)} ${stamp.slice(11, 19)} ${host} ${rest}`;
  }
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function linesOf(file: string, size = sizeOf(file)): string[] {
  return wholeLines(file, 0, size)
    .text.split('\n')
    .filter((line) => line !== '');
}

/** The complete lines between two offsets, and how many bytes they took. */
function wholeLines(file: string, from: number, to: number): { text: string; used: number } {
  if (to <= from) return { text: '', used: 0 };
  const fd = fs.openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(to - from);
    const got = buffer.subarray(0, fs.readSync(fd, buffer, 0, buffer.length, from));
    const used = got.lastIndexOf(10) + 1;
    return { text: got.subarray(0, used).toString('utf8'), used };
  } finally {
    fs.closeSync(fd);
  }
}
