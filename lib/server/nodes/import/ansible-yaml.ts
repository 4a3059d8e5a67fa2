import { isAlias, isMap, isNode, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import { surveyYaml } from '#contract/index.ts';
import { tooDeep } from '#shared/yaml-value.ts';
import { createInventory, type Vars } from './inventory.ts';
import { type Parsed, shown } from './parsed.ts';

/** Groups inside groups; deeper is a mistake or an attack. */
const DEEPEST = 20;

/** An inventory as YAML: groups with `hosts`, `vars` and `children`. The text's own tree is read, so that each thing has its line. */
export function parseAnsibleYaml(text: string): Parsed {
  const inventory = createInventory();
  const { problems } = inventory;
  const deep = tooDeep(text);
  if (deep !== null) {
    problems.error(deep, 'is nested deeper than any inventory: it is not read');
    return { found: [], problems: problems.list };
  }
  const lines = new LineCounter();
  // The parser's own search for a key that is there twice is quadratic.
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error', prettyErrors: false, merge: false, uniqueKeys: false });
  const twice = document.errors.length > 0 ? null : surveyYaml(document).twice;
  if (twice !== null) problems.error(lines.linePos(twice).line || 1, 'has a key that is there twice: remove one of the two');
  for (const error of document.errors) problems.error(lines.linePos(error.pos[0]).line || 1, `cannot be read as YAML: ${error.message}`);
  if (document.errors.length > 0 || twice !== null) return { found: [], problems: problems.list };

  const lineOf = (value: unknown): number => {
    const start = isNode(value) ? value.range?.[0] : undefined;
    return start === undefined ? 1 : lines.linePos(start).line;
  };
  const entries = (value: unknown, what: string, line: number): { key: string; value: unknown; line: number }[] => {
    if (value === null || value === undefined || (isScalar(value) && value.value === null)) return [];
    if (!isMap(value)) {
      problems.error(lineOf(value) || line, `${what} is no mapping: it should be names followed by ":"`);
      return [];
    }
    return value.items.map((pair: Pair) => ({ key: keyOf(pair.key), value: pair.value, line: lineOf(pair.key) }));
  };

  const varsOf = (value: unknown, what: string, line: number): Vars => {
    const vars: Vars = new Map();
    for (const { key, value: given, line: at } of entries(value, what, line)) {
      const plain = scalar(given);
      if (plain !== null) vars.set(key, { value: plain, line: at });
      else if (key === '<<') problems.error(at, '<< is not followed: write the variables out');
      else vars.set(key, { value: '', line: at, unusable: true });
    }
    return vars;
  };
  const scalar = (value: unknown): string | null => {
    const node: unknown = isAlias(value) ? value.resolve(document) : value;
    if (!isScalar(node) || (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))) return null;
    return node.value === null ? '' : String(node.value);
  };

  function group(name: string, value: unknown, line: number, depth: number): void {
    const own = inventory.group(name, line);
    if (depth > DEEPEST) {
      problems.error(line, `the group ${shown(name)} lies more than ${DEEPEST} groups deep`);
      return;
    }
    for (const { key, value: part, line: at } of entries(value, `the group ${shown(name)}`, line)) {
      if (key === 'hosts')
        for (const host of entries(part, `hosts of ${shown(name)}`, at))
          inventory.addHosts(name, host.key, varsOf(host.value, `the variables of ${shown(host.key)}`, host.line), host.line);
      else if (key === 'vars') for (const [variable, given] of varsOf(part, `vars of ${shown(name)}`, at)) own.vars.set(variable, given);
      else if (key === 'children')
        for (const child of entries(part, `children of ${shown(name)}`, at)) {
          own.children.add(child.key);
          group(child.key, child.value, child.line, depth + 1);
        }
      else problems.error(at, `${shown(key)} in the group ${shown(name)} is not known: a group has hosts, vars and children`);
    }
  }
  for (const { key, value, line } of entries(document.contents, 'the inventory', 1)) group(key, value, line, 1);
  return inventory.resolve();
}

const keyOf = (key: unknown): string => (isScalar(key) ? String(key.value) : '');
