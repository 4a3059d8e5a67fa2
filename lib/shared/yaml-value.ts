import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { surveyYaml } from '#contract/index.ts';

/** Aliases that a text may hold: what they stand for is written out at each of them. */
const MOST_ALIASES = 100;
/** What people write is a handful deep; the parser's own way down ends with the stack. */
const MOST_DEEP = 100;

/** Where a text is no YAML that is read, from 1, and why. */
type YamlProblem = { line: number; message: string };

/**
 * The value of a YAML text, read in time that grows as the text does, whatever it holds: the library's own search for a key that is there twice is
 * quadratic, brackets in brackets take its stack, and aliases of aliases grow without end.
 */
export function yamlValue(text: string): { ok: true; value: unknown } | { ok: false; problem: YamlProblem } {
  const bad = (line: number, message: string) => ({ ok: false as const, problem: { line, message } });
  const deep = tooDeep(text);
  if (deep !== null) return bad(deep, `it is nested more than ${MOST_DEEP} deep`);
  const lines = new LineCounter();
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    return bad(1, words(error));
  }
  const broken = document.errors[0];
  if (broken) return bad(lineAt(broken.pos[0]), words(broken));
  const { aliases, twice } = surveyYaml(document);
  if (twice !== null) return bad(lineAt(twice), 'a key is there twice; remove one of the two');
  if (aliases > MOST_ALIASES) return bad(1, `it has ${aliases} aliases; it may have ${MOST_ALIASES} at most`);
  const round = holdsItself(document);
  if (round !== null) return bad(lineAt(round), 'an alias stands inside what it stands for');
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MOST_ALIASES }) };
  } catch (error) {
    return bad(1, words(error));
  }
}

/** Where an alias stands inside what it stands for: what is made of it has no end, and cannot be written down again. */
function holdsItself(document: Document.Parsed): number | null {
  let at: number | null = null;
  visit(document, {
    Alias: (_, alias, path) => {
      const target = alias.resolve(document);
      if (target !== undefined && path.includes(target)) at ??= alias.range?.[0] ?? 0;
    },
  });
  return at;
}

/** The parser quotes what it stumbled over, however long that is. */
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 200);

/**
 * The first line with more brackets open, or more dashes before it, than is read; null when there is none. Quotes may hide brackets: what looks deeper than
 * it is was not written by a person.
 */
export function tooDeep(text: string): number | null {
  let open = 0;
  for (const [i, line] of text.split('\n').entries()) {
    for (const sign of line) {
      if (sign === '[' || sign === '{') open++;
      else if ((sign === ']' || sign === '}') && open > 0) open--;
      if (open > MOST_DEEP) return i + 1;
    }
    const head = /^(?:[ \t]|[-?:](?=[ \t]))*/.exec(line)?.[0] ?? '';
    if (head.replace(/[ \t]/g, '').length > MOST_DEEP) return i + 1;
  }
  return null;
}
