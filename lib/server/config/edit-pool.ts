import { isDeepStrictEqual } from 'node:util';
import { isAlias, isCollection, isMap, isNode, isScalar, type Node, type Pair, Scalar, visit, type YAMLMap } from 'yaml';
import type { PoolSettings } from '#shared/runs.ts';
import { type ConfigDocument, columnOf, invalid, isProblem, parseConfig, parseConfigOrThrow } from './document.ts';
import { readStyle, type Style } from './style.ts';

export const SECTION = 'connection_pool';

/** `from` and `to` are byte offsets in the file before. */
export type Edit = { from: number; to: number; text: string };
export type Edited = { bytes: Buffer; edits: Edit[] };

/**
 * Changes the given keys of connection_pool and not one byte else: changed scalars are spliced, a missing key or section is inserted in the
 * file's own style. What cannot be changed without changing something else (anchors in use, aliases, merges, tags) is refused with
 * config.invalid. The result is parsed again: only the meant values may differ.
 */
export function editPool(bytes: Buffer, settings: PoolSettings): Edited {
  const source = parseConfigOrThrow(bytes);
  const wanted = Object.entries(settings).filter((entry): entry is [string, boolean | number] => entry[1] !== undefined);
  const edits = wanted.length === 0 ? [] : plan(source, wanted).sort((a, b) => a.from - b.from);
  const after = splice(source.text, edits);
  const result = Buffer.from(after, 'utf8');
  prove(source, result, wanted);
  const byte = (offset: number) => Buffer.byteLength(source.text.slice(0, offset), 'utf8');
  return { bytes: result, edits: edits.map((edit) => ({ ...edit, from: byte(edit.from), to: byte(edit.to) })) };
}

type Wanted = [key: string, value: boolean | number][];

function plan(source: ConfigDocument, wanted: Wanted): Edit[] {
  refuseLoneReturns(source);
  const root: unknown = source.document.contents;
  const style = readStyle(source);
  if (root === null || (isScalar(root) && root.value === null)) return [appendSection(source, null, wanted, style)];
  if (!isMap(root)) throw invalid('it must be a map of keys, beginning with listen_addrs: ["0.0.0.0:443"]');
  const pair = pairOf(root, SECTION);
  if (!pair) {
    if (pairOf(root, '<<')) throw invalid(`${SECTION} may come from a merge (<<); write the section out, then change it`);
    refuseAliasKeys(root, SECTION);
    return [root.flow ? intoFlow(root, `${SECTION}: { ${listed(wanted)} }`) : appendSection(source, root, wanted, style)];
  }
  const section: unknown = pair.value;
  if (section === null || (isScalar(section) && section.value === null)) return [fillEmpty(source, pair, section, wanted, style)];
  refuseShared(source, section, SECTION);
  if (!isMap(section)) throw invalid(`${SECTION} must be a map of keys, one per line and indented`);
  if (pairOf(section, '<<')) throw invalid(`${SECTION} takes keys from a merge (<<); write them out, then change them`);

  const missing: Wanted = [];
  const edits: Edit[] = [];
  for (const [key, value] of wanted) {
    const found = pairOf(section, key);
    if (found) edits.push(...replace(source, found, key, value));
    else missing.push([key, value]);
  }
  for (const [key] of missing) refuseAliasKeys(section, `${SECTION}.${key}`);
  if (missing.length > 0) edits.push(section.flow ? intoFlow(section, listed(missing)) : intoBlock(source, section, missing, style));
  return edits;
}

function replace(source: ConfigDocument, pair: Pair, key: string, value: boolean | number): Edit[] {
  const node: unknown = pair.value;
  const name = `${SECTION}.${key}`;
  if (node === null || (isScalar(node) && !node.srcToken)) {
    const at = endOf(pair.key);
    // `key` without a colon is only possible in a flow map
    const colon = /^\s*:/.exec(source.text.slice(at))?.[0];
    if (colon === undefined) throw invalid(`${name} has no value and no colon; write ${key}: ${value}`);
    return [{ from: at + colon.length, to: at + colon.length, text: ` ${value}` }];
  }
  refuseShared(source, node, name);
  if (!isScalar(node))
    throw invalid(`${name} must be ${typeof value === 'boolean' ? 'true or false' : 'a whole number'}; it is a list or a map`);
  if (node.value === value) return [];
  if (node.type === Scalar.BLOCK_FOLDED || node.type === Scalar.BLOCK_LITERAL)
    throw invalid(`${name} is a text of several lines; write it as ${key}: ${value}`);
  const range = node.range;
  if (!range) throw invalid(`${name} cannot be found in the text`);
  if (range[0] === range[1]) return [{ from: range[0], to: range[1], text: ` ${value}` }];
  return [{ from: range[0], to: range[1], text: String(value) }];
}

/** A line break by YAML 1.2 (§5.4), none by our parser: what is a comment to one program is a section to the other. */
function refuseLoneReturns({ text }: ConfigDocument): void {
  const at = text.search(/\r(?!\n)/);
  if (at < 0) return;
  const line = text.slice(0, at).split('\n').length;
  throw invalid(`line ${line} holds a carriage return without a line feed, which not all programs read alike; save it with LF or CRLF`);
}

/** An anchor that something else uses, an alias or a tag: changing this node would change more than it, or less. */
function refuseShared(source: ConfigDocument, node: unknown, name: string): void {
  if (isAlias(node)) throw invalid(`${name} is the alias *${node.source}; write its value out, then change it`);
  if (!isNode(node)) return;
  if (node.tag && !/^tag:yaml\.org,2002:map$/.test(node.tag))
    throw invalid(`${name} has the tag ${node.tag}; remove the tag, then change it`);
  if ((!isScalar(node) && !isCollection(node)) || !node.anchor) return;
  visit(source.document, {
    Alias: (_, alias) => {
      if (alias.source === node.anchor)
        throw invalid(`${name} is the anchor &${node.anchor}, which is used elsewhere; write the value out there first`);
    },
  });
}

/** A key that is an alias may be this one already: put in beside it, it would be there twice. */
function refuseAliasKeys(map: YAMLMap, name: string): void {
  const alias = map.items.map(({ key }) => key).find((key) => isAlias(key));
  if (alias) throw invalid(`${name} may be the key *${alias.source}, which is an alias; write that key out, then change it`);
}

function intoFlow(map: YAMLMap, text: string): Edit {
  const last = map.items.at(-1);
  if (!last) {
    const at = startOf(map) + 1;
    return { from: at, to: at, text: ` ${text} ` };
  }
  const at = isNode(last.value) ? endOf(last.value) : endOf(last.key);
  return { from: at, to: at, text: `, ${text}` };
}

function intoBlock(source: ConfigDocument, map: YAMLMap, wanted: Wanted, style: Style): Edit {
  const [first, last] = [map.items[0], map.items.at(-1)];
  if (!first || !last) throw invalid(`${SECTION} cannot be read`);
  const column = columnOf(source, startOf(first.key));
  return afterLine(source, isNode(last.value) ? endOf(last.value) : endOf(last.key), indented(wanted, ' '.repeat(column)), style);
}

function fillEmpty(source: ConfigDocument, pair: Pair, node: unknown, wanted: Wanted, style: Style): Edit {
  refuseShared(source, node, SECTION);
  const range = isNode(node) ? node.range : undefined;
  const [from, to] = range ?? [0, 0];
  // null or ~ is written out, or the file is in flow style: the value itself is replaced
  if (range && to > from) return { from, to, text: `{ ${listed(wanted)} }` };
  const at = endOf(pair.key);
  const colon = /^\s*:/.exec(source.text.slice(at))?.[0];
  if (colon === undefined) throw invalid(`${SECTION} has no value and no colon`);
  const column = columnOf(source, startOf(pair.key));
  if (isMap(source.document.contents) && source.document.contents.flow)
    return { from: at + colon.length, to: at + colon.length, text: ` { ${listed(wanted)} }` };
  return afterLine(source, at + colon.length, indented(wanted, ' '.repeat(column) + style.indent), style);
}

function appendSection(source: ConfigDocument, root: YAMLMap | null, wanted: Wanted, style: Style): Edit {
  const { text } = source;
  const column = root?.items[0] ? columnOf(source, startOf(root.items[0].key)) : 0;
  const outer = ' '.repeat(column);
  const lines = [...(style.blankBetween ? [''] : []), `${outer}${SECTION}:`, ...indented(wanted, outer + style.indent)];
  // after a `...` a new document would begin
  const end = /^\.\.\.(?:[ \t].*)?\r?$/m.exec(text.slice(root ? endOf(root) : 0));
  if (end) {
    const at = (root ? endOf(root) : 0) + end.index;
    return { from: at, to: at, text: lines.map((line) => line + style.newline).join('') };
  }
  return afterLine(source, text.length, lines, style);
}

/** Whole lines after the line that ends at or holds `offset`; a file without a last newline stays without. */
function afterLine(source: ConfigDocument, offset: number, lines: string[], style: Style): Edit {
  const { text } = source;
  const lineStart = offset === 0 || text[offset - 1] === '\n' || (offset === 1 && text[0] === '\ufeff');
  const newline = lineStart ? -1 : text.indexOf('\n', offset);
  if (!lineStart && newline < 0) {
    refuseOpenText(source);
    return { from: text.length, to: text.length, text: lines.map((line) => style.newline + line).join('') };
  }
  const at = lineStart ? offset : newline + 1;
  return { from: at, to: at, text: lines.map((line) => line + style.newline).join('') };
}

/** A text of several lines has no last newline where the file ends with it (YAML 1.2 §8.1.1.2); with lines after it, it would get one. */
function refuseOpenText({ text, document }: ConfigDocument): void {
  visit(document, {
    Scalar(_, node) {
      const open = (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) && (node.range?.[2] ?? 0) >= text.length;
      if (open) throw invalid('it ends in a text of several lines, without a newline; put a newline at its end, then change it');
    },
  });
}

/** The proof: parsed again, the file holds what it held, with the wanted values. */
function prove(source: ConfigDocument, after: Buffer, wanted: Wanted): void {
  const parsed = parseConfig(after);
  const expected = withPool(source.value, wanted);
  if (isProblem(parsed) || !isDeepStrictEqual(parsed.value, expected))
    throw invalid(
      `${SECTION} is written in a way that cannot be changed without changing something else; write it in block style, one key a line`,
    );
}

function withPool(value: unknown, wanted: Wanted): unknown {
  if (wanted.length === 0) return value;
  const root = new Map<unknown, unknown>(value instanceof Map ? value : []);
  const section: unknown = root.get(SECTION);
  root.set(SECTION, new Map<unknown, unknown>([...(section instanceof Map ? section : []), ...wanted]));
  return root;
}

const pairOf = (map: YAMLMap, key: string): Pair | undefined => map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
const listed = (wanted: Wanted): string => wanted.map(([key, value]) => `${key}: ${value}`).join(', ');
const indented = (wanted: Wanted, indent: string): string[] => wanted.map(([key, value]) => `${indent}${key}: ${value}`);
const splice = (text: string, edits: Edit[]): string =>
  edits.reduceRight((rest, edit) => rest.slice(0, edit.from) + edit.text + rest.slice(edit.to), text);

const rangeOf = (node: unknown): Node['range'] => (isNode(node) ? node.range : undefined);
const startOf = (node: unknown): number => rangeOf(node)?.[0] ?? 0;
const endOf = (node: unknown): number => rangeOf(node)?.[1] ?? 0;
