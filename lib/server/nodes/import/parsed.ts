// What every parser of the import gives: nodes as the text describes them, and what could not be used, each with its line.

/** Bounds of one import; over them nothing is taken. */
export const MOST_LINES = 20_000;
export const MOST_HOSTS = 2000;
export const MOST_PROBLEMS = 200;

/** What the text says of one host; what it leaves open comes from the defaults. */
export type Found = {
  line: number;
  name: string;
  host?: string;
  sshPort?: number;
  user?: string;
  unit?: string;
  configPath?: string;
  metricsVia?: string;
  metricsUrl?: string;
  proxyJump?: string;
  labels: Record<string, string>;
  /** what it says of itself and cannot be used: it is no node then, never one with something guessed */
  wrong?: string[];
};

/** `error`: the host or line is not used; `note`: it is, without this detail. */
export type Problem = { line: number; severity: 'error' | 'note'; message: string };
export type Parsed = { found: Found[]; problems: Problem[] };

export function createProblems(): {
  list: Problem[];
  error(line: number, message: string): void;
  note(line: number, message: string): void;
} {
  const list: Problem[] = [];
  const add = (severity: Problem['severity']) => (line: number, message: string) => {
    if (list.length < MOST_PROBLEMS) list.push({ line, severity, message });
  };
  return { list, error: add('error'), note: add('note') };
}

/** A text from outside in a message: short, printable, in quotes. */
export const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);

/** `22` → 22; undefined when it is not a port. */
export function toPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

export const linesOf = (text: string): string[] => text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);

/** Words of one line; single and double quotes hold blanks. Null when a quote is not closed. `comments`: # starts one at a word's start. */
export function splitWords(line: string, comments: boolean): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (const c of line) {
    if (quote) {
      if (c === quote) quote = '';
      else word = (word ?? '') + c;
      continue;
    }
    if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (comments && c === '#' && word === null) return words;
    else word = (word ?? '') + c;
  }
  if (quote) return null;
  if (word !== null) words.push(word);
  return words;
}
