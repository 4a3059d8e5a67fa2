import { type Document, LineCounter, parseDocument } from 'yaml';
import { surveyYaml } from '#contract/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { tooDeep } from '#shared/yaml-value.ts';

const MAX_BYTES = 1024 * 1024;
/** Aliases that a document may resolve to; more is an attack on memory. */
const MAX_ALIASES = 100;
/** The parser quotes the text that it stumbled over, however long that is. */
const MAX_WORDS = 200;

export type Problem = { message: string; line: number; column: number };
export type ConfigDocument = { text: string; document: Document.Parsed; lines: LineCounter; value: unknown };
export type Parsed = ConfigDocument | Problem;

export const isProblem = (parsed: Parsed): parsed is Problem => 'message' in parsed;

/** Parses config.yaml as proxy-core does (YAML 1.2, no key twice). Offsets are of the text with its byte order mark. */
export function parseConfig(bytes: Buffer): Parsed {
  const at = (message: string, line = 1, column = 1): Problem => ({ message, line, column });
  if (bytes.length > MAX_BYTES) return at(`the file has ${bytes.length} bytes; it must have 1 MiB at most`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return at('the file is not UTF-8 text; save it as UTF-8');
  }
  // The parser's own way down ends with the stack, after seconds.
  const deep = tooDeep(text);
  if (deep !== null) return at('it is nested deeper than any config', deep);
  const lines = new LineCounter();
  // The parser's own search for a key that is there twice is quadratic: ours is below.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: false,
    keepSourceTokens: true,
  });
  const notYaml = (offset: number, words: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return at(`it is not valid YAML: ${words}`, Math.max(1, line), Math.max(1, col));
  };
  const broken = document.errors[0];
  if (broken) return notYaml(broken.pos[0], broken.message.replace(/\s+/g, ' ').slice(0, MAX_WORDS));
  const { aliases, twice } = surveyYaml(document);
  if (twice !== null) return notYaml(twice, 'a key is there twice; remove one of the two');
  if (aliases > MAX_ALIASES) return at(`its YAML cannot be used: it has ${aliases} aliases; it may have ${MAX_ALIASES} at most`);
  try {
    return { text, document, lines, value: document.toJS({ maxAliasCount: MAX_ALIASES, mapAsMap: true }) };
  } catch (error) {
    return at(`its YAML cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function parseConfigOrThrow(bytes: Buffer): ConfigDocument {
  const parsed = parseConfig(bytes);
  if (isProblem(parsed)) throw invalid(`${parsed.message} (line ${parsed.line}, column ${parsed.column})`);
  return parsed;
}

/** Characters before `offset` on its line; a byte order mark is none. */
export function columnOf({ text, lines }: ConfigDocument, offset: number): number {
  const { line, col } = lines.linePos(offset);
  return col - 1 - (line === 1 && text.startsWith('\ufeff') ? 1 : 0);
}

/** Completes the sentence "config.yaml cannot be …". */
export const invalid = (why: string): HeadroomError => new HeadroomError('config.invalid', `config.yaml: ${why}`);
