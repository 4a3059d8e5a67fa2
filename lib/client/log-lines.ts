/** One line of a journal. `seq` counts from the first line read; `at` is its time in epoch ms, null where a line carries none. */
export type LogLine = { seq: number; at: number | null; time: string; text: string; level: LogLevel };
export const LOG_LEVELS = ['all', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const INSTANT = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?)(Z|[+-]\d{2}:?\d{2})?\s+/;
const ERROR = /\b(error|fatal|panic|emfile|enfile|too many open files|failed)\b/i;
const WARN = /\bwarn(ing)?\b/i;

/** `2026-11-24T18:40:05+0000 host unit[pid]: text`, as journalctl -o short-iso prints it; times are UTC where the line names no zone. */
export function parseLogLine(seq: number, line: string): LogLine {
  const level: LogLevel = ERROR.test(line) ? 'error' : WARN.test(line) ? 'warn' : 'all';
  const match = INSTANT.exec(line);
  if (!match) return { seq, at: null, time: '', text: line, level };
  const zone = (match[2] ?? 'Z').replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const at = Date.parse(`${(match[1] ?? '').replace(' ', 'T').replace(',', '.')}${zone}`);
  return Number.isNaN(at)
    ? { seq, at: null, time: '', text: line, level }
    : { seq, at, time: new Date(at).toISOString().slice(11, 19), text: line.slice(match[0].length), level };
}

const RANK: Record<LogLevel, number> = { all: 0, warn: 1, error: 2 };

/** Words that a line must have, those with a leading minus it must not; case does not matter. */
export function filterLines(lines: readonly LogLine[], words: string, level: LogLevel): readonly LogLine[] {
  const terms = words.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = terms.filter((term) => !/^-./.test(term));
  const unwanted = terms.filter((term) => /^-./.test(term)).map((term) => term.slice(1));
  if (terms.length === 0 && level === 'all') return lines;
  return lines.filter((line) => {
    if (RANK[line.level] < RANK[level]) return false;
    const text = line.text.toLowerCase();
    return wanted.every((term) => text.includes(term)) && !unwanted.some((term) => text.includes(term));
  });
}

/** The first line at or after a time; null when all are older, or none has a time. */
export const lineAt = (lines: readonly LogLine[], epochMs: number): LogLine | null =>
  lines.find(({ at }) => at !== null && at >= epochMs) ?? null;

/** Lines as they come, the oldest dropped above `most`. A batch is one new array, so that a page is drawn once for it. */
export function createLogBuffer(most: number) {
  let lines: readonly LogLine[] = [];
  let seq = 0;
  return {
    add(texts: readonly string[]): readonly LogLine[] {
      const fresh = texts.slice(-most).map((text) => parseLogLine(seq++, text));
      lines = [...lines.slice(Math.max(0, lines.length + fresh.length - most)), ...fresh];
      return lines;
    },
    clear(): readonly LogLine[] {
      lines = [];
      return lines;
    },
  };
}
