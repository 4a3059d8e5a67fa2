import { createHash } from 'node:crypto';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { checkConfig, type Path } from '../contract/check.ts';
import type { Config } from '../contract/config.ts';
import { surveyYaml } from '../contract/yaml.ts';

/** A config is a few KiB; a file larger than this is a mistake. */
const MAX_BYTES = 1 << 20;
/** More is no list to work through, and looking up where each stands takes time. */
const MOST_FINDINGS = 200;
/** Aliases that a document may resolve to; more is an attack on memory. */
const MAX_ALIASES = 100;
/** The parser quotes the text that it stumbled over, however long that is. */
const MAX_WORDS = 200;

export type Finding = { severity: 'error' | 'warning'; line: number; column: number; message: string };
export type ConfigFile = {
  config: Config | null;
  findings: Finding[];
  sha256: string;
  /** where a key stands in the file, or its nearest parent */
  positionOf: (path: Path) => { line: number; column: number };
};

/** Reads the bytes of config.yaml. Errors come first; lines and columns count from 1. */
export function readConfig(bytes: Buffer): ConfigFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const refuse = (message: string, line = 1, column = 1): ConfigFile => ({
    config: null,
    findings: [{ severity: 'error', line, column, message }],
    sha256,
    positionOf: () => ({ line, column }),
  });
  if (bytes.length > MAX_BYTES) return refuse(`the file has ${bytes.length} bytes; it must be at most ${MAX_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('the file is not UTF-8 text; save it as UTF-8');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: false, logLevel: 'error' });
  const notYaml = (offset: number, words: string): ConfigFile => {
    const { line, col } = lines.linePos(offset);
    return refuse(`this is not valid YAML: ${words}`, line, col);
  };
  const broken = document.errors[0];
  if (broken) return notYaml(broken.pos[0], broken.message.replace(/\s+/g, ' ').slice(0, MAX_WORDS));
  const { aliases, twice } = surveyYaml(document);
  if (twice !== null) return notYaml(twice, 'a key is there twice; remove one of the two');
  if (aliases > MAX_ALIASES) return refuse(`this YAML cannot be used: it has ${aliases} aliases; it may have ${MAX_ALIASES} at most`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return refuse(`this YAML cannot be used: ${error instanceof Error ? error.message : error}`);
  }
  const { config, problems } = checkConfig(value);
  problems.sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  const findings = problems
    .slice(0, MOST_FINDINGS)
    .map(({ severity, path, message }): Finding => ({ severity, ...position(document, lines, path), message }));
  const left = problems.length - findings.length;
  if (left > 0) findings.push({ severity: 'warning', line: 1, column: 1, message: `and ${left} more like these` });
  return { config, findings, sha256, positionOf: (path) => position(document, lines, path) };
}

/** Where the value at `path` stands; for one that is missing, its nearest parent. An unknown key is shown at the key itself. */
function position(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset === null) continue;
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
  return { line: 1, column: 1 };
}

function offsetOf(document: Document, path: Path): number | null {
  const last = path.at(-1);
  const parent: unknown = path.length === 0 ? null : document.getIn(path.slice(0, -1), true);
  if (isMap(parent) && typeof last === 'string') {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    if (!pair) return null;
    if (isScalar(pair.value) && pair.value.range && pair.value.value !== null) return pair.value.range[0];
    return isNode(pair.key) ? (pair.key.range?.[0] ?? null) : null;
  }
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
