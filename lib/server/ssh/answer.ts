import { MARK } from './scripts/prelude.ts';

/** What a script said after its mark, as key=value lines; login noise before it is dropped. */
export type Answer = { first(key: string): string | undefined; all(key: string): string[]; rest: Buffer };

/** `bytesAfter`: the key of the last line; what follows it is data and kept as bytes. */
export function parseAnswer(stdout: Buffer, bytesAfter?: string): Answer | null {
  const mark = Buffer.from(`${MARK}\n`);
  let start = stdout.indexOf(mark);
  while (start > 0 && stdout[start - 1] !== 10) start = stdout.indexOf(mark, start + 1);
  if (start < 0) return null;
  const values = new Map<string, string[]>();
  let at = start + mark.length;
  while (at < stdout.length) {
    const newline = stdout.indexOf(10, at);
    const end = newline < 0 ? stdout.length : newline;
    const line = stdout.toString('utf8', at, end);
    at = end + 1;
    const equals = line.indexOf('=');
    if (equals <= 0) continue;
    const key = line.slice(0, equals);
    const said = values.get(key);
    // appended, never copied: a node says one key as often as it likes
    if (said) said.push(line.slice(equals + 1));
    else values.set(key, [line.slice(equals + 1)]);
    if (key === bytesAfter) break;
  }
  return { first: (key) => values.get(key)?.[0], all: (key) => values.get(key) ?? [], rest: stdout.subarray(Math.min(at, stdout.length)) };
}

/** Characters; ours have 200, and what looks for two labels in one of length n takes n² steps. */
const MOST_OF_SERIES = 2000;

/** The first series of that name on a metrics page, from its first brace on; empty when there is none, or none that is short enough to be one. */
export function seriesLine(page: Buffer, name: string): string {
  const begins = `${name}{`;
  let at = page.indexOf(begins);
  while (at > 0 && page[at - 1] !== 10) at = page.indexOf(begins, at + 1);
  if (at < 0) return '';
  const end = page.indexOf(10, at);
  const line = page.subarray(at + name.length, end < 0 ? page.length : end);
  return line.length > MOST_OF_SERIES ? '' : line.toString('utf8');
}

/** ECMA-262 section 21.4.1.1: beyond it no instant can be written. */
const LAST_MS = 8.64e15;

/** A time that a node tells, as one that can be written: its clock, or whoever took it over, may say anything. */
export const toMoment = (epochMs: number): number => Math.round(Math.min(Math.max(epochMs, 0), LAST_MS));

export function toCount(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,16}$/.test(text.trim()) ? Number(text) : null;
}
