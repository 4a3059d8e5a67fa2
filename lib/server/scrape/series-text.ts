import { ScrapeFailure } from './failure.ts';

const MAX_LABELS = 64;
/** characters kept of a label's value */
const MAX_LABEL_VALUE = 256;

export type Series = { value: number; label(name: string): string | null };
/** `endsWithValue`: one blank, the value and nothing after it */
type ReadSeries = Series & { endsWithValue: boolean };

const malformed = (line: number, what: string) =>
  new ScrapeFailure('malformed', `Line ${line} of the metrics page cannot be read: ${what}.`);

const VALUE = /^[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|0[xX][0-9a-fA-F]+)$/;
/** Characters of a number; the pattern tries more of them in length² ways. */
const MOST_DIGITS = 64;
export const readValue = (word: string): number | undefined =>
  word.length > MOST_DIGITS ? undefined : VALUE.test(word) ? Number(word) : SPECIAL[word.toLowerCase()];
const SPECIAL: Record<string, number> = { nan: Number.NaN, inf: Infinity, '+inf': Infinity, '-inf': -Infinity };

/** `text` is a line without its name: `{labels} value [timestamp] [# exemplar]`. */
export function readSeries(text: string, line: number): ReadSeries {
  const labelsFrom = skipBlanks(text, 0) + 1;
  const labelled = text[labelsFrom - 1] === '{';
  const at = skipBlanks(text, labelled ? readLabels(text, labelsFrom, line, null) : labelsFrom - 1);
  let end = at;
  while (end < text.length && text[end] !== ' ' && text[end] !== '\t') end++;
  const word = text.slice(at, end);
  const value = readValue(word);
  if (value === undefined) throw malformed(line, word === '' ? 'it has no value' : `${JSON.stringify(word.slice(0, 40))} is not a number`);
  const tail = end === text.length ? '' : text.slice(end).trim();
  if (tail !== '' && !/^(?:[-+]?[\d.]+(?:[eE][-+]?\d+)?)?\s*(?:#.*)?$/.test(tail))
    throw malformed(line, `${JSON.stringify(tail.slice(0, 40))} is not a timestamp`);
  return {
    value,
    endsWithValue: end === text.length && text[at - 1] === ' ' && text[at - 2] !== ' ' && text[at - 2] !== '\t',
    label(name) {
      const labels = new Map<string, string>();
      if (labelled) readLabels(text, labelsFrom, line, labels);
      return labels.get(name) ?? null;
    },
  };
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

const LABEL = /\s*([A-Za-z_]\w{0,127})\s*=\s*"/y;

/** Reads from behind `{` to behind `}`; keeps the labels only where somebody wants them. */
function readLabels(text: string, from: number, line: number, into: Map<string, string> | null): number {
  let at = from;
  for (let count = 0; ; count++) {
    at = skipBlanks(text, at);
    if (text[at] === '}') return at + 1;
    if (count === MAX_LABELS) throw malformed(line, `it has more than ${MAX_LABELS} labels`);
    LABEL.lastIndex = at;
    const label = LABEL.exec(text);
    if (!label) throw malformed(line, `no label begins at ${JSON.stringify(text.slice(at, at + 40))}`);
    const start = LABEL.lastIndex;
    at = text.indexOf('"', start);
    while (at !== -1 && isEscaped(text, at, start)) at = text.indexOf('"', at + 1);
    if (at === -1) throw malformed(line, 'a label value is not closed');
    if (into) into.set(label[1] ?? '', unescaped(text.slice(start, Math.min(at, start + MAX_LABEL_VALUE))));
    at = skipBlanks(text, at + 1);
    if (text[at] === ',') at++;
    else if (text[at] !== '}') throw malformed(line, 'its labels are not closed by "}"');
  }
}

/** An odd number of backslashes stands before the quote. */
function isEscaped(text: string, quote: number, from: number): boolean {
  let before = quote;
  while (before > from && text[before - 1] === '\\') before--;
  return (quote - before) % 2 === 1;
}

const unescaped = (raw: string): string => raw.replace(/\\(["\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c));
