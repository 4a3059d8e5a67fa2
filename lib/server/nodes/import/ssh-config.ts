import { createProblems, type Found, linesOf, MOST_HOSTS, type Parsed, shown, splitWords, toPort } from './parsed.ts';

type Key = 'hostname' | 'port' | 'user' | 'proxyjump';
type Block = { patterns: string[]; line: number; values: Map<Key, { value: string; line: number }> };

/** Host lines with patterns, each of which is tried for each host; and lines that name one host. */
const MOST_PATTERNS = 500;

/** Kept: what says how a host is reached. Others of these change that in a way the console does not have; the rest is of no matter. */
const KEPT: readonly Key[] = ['hostname', 'port', 'user', 'proxyjump'];
const MATTERS = [
  'proxycommand',
  'identityfile',
  'certificatefile',
  'hostkeyalias',
  'include',
  'addressfamily',
  'bindaddress',
  'canonicalizehostname',
];

/**
 * An ssh_config: each name that a Host line says plainly is a node; patterns and negations give values as ssh itself takes them, the first value
 * that fits wins.
 */
export function parseSshConfig(text: string): Parsed {
  const problems = createProblems();
  const blocks: Block[] = [];
  // what stands before the first Host line is for every host
  let block: Block | null = { patterns: ['*'], line: 0, values: new Map() };
  blocks.push(block);
  for (const [index, raw] of linesOf(text).entries()) {
    const line = index + 1;
    const words = splitWords(raw.trim().replace(/^([A-Za-z]+)\s*=\s*/, '$1 '), true);
    if (words === null) problems.error(line, 'has a quote that is not closed: the line is not used');
    if (!words || words.length === 0) continue;
    const [keyword = '', ...values] = words;
    const key = keyword.toLowerCase();
    if (key === 'host') {
      block = { patterns: values, line, values: new Map() };
      if (values.length === 0) problems.error(line, 'Host has no name: it should be followed by one, like Host edge-fra-01');
      blocks.push(block);
    } else if (key === 'match') {
      block = null;
      problems.note(line, 'Match is not evaluated: what stands under it is not used');
    } else if (block) setting(block, key, keyword, values, line);
  }

  function setting(into: Block, key: string, keyword: string, values: string[], line: number) {
    const kept = KEPT.find((known) => known === key);
    if (!kept) {
      if (MATTERS.includes(key)) problems.note(line, `${keyword} is not taken over: set it for the console itself where it is needed`);
      return;
    }
    const [value] = values;
    if (value === undefined || values.length > 1) return problems.error(line, `${keyword} has ${values.length} values: it should have one`);
    if (!into.values.has(kept)) into.values.set(kept, { value, line });
  }

  const blocksOf = indexed(blocks);
  const many = blocks.filter((one) => hasPattern(one)).at(MOST_PATTERNS);
  if (many) {
    problems.error(many.line, `there are more than ${MOST_PATTERNS} Host lines with patterns: split the file`);
    return { found: [], problems: problems.list };
  }
  const found: Found[] = [];
  const seen = new Set<string>();
  for (const { patterns, line } of blocks) {
    for (const name of patterns.filter((pattern) => !/[*?!]/.test(pattern))) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (found.length >= MOST_HOSTS) {
        problems.error(line, `there are more than ${MOST_HOSTS} hosts: split the file`);
        return { found, problems: problems.list };
      }
      const mine = blocksOf(name);
      const value = (key: Key) => mine.find((other) => other.values.has(key))?.values.get(key);
      const node: Found = { line, name, host: (value('hostname')?.value ?? name).replaceAll('%h', name).replaceAll('%%', '%'), labels: {} };
      const [port, user, jump] = [value('port'), value('user'), value('proxyjump')];
      if (port) {
        const number = toPort(port.value);
        if (number === undefined) {
          const message = `Port is ${shown(port.value)}: it should be 1 to 65535`;
          problems.error(port.line, message);
          node.wrong = [message];
        } else node.sshPort = number;
      }
      if (user) node.user = user.value;
      if (jump && jump.value.toLowerCase() !== 'none') node.proxyJump = resolveJump(jump.value, blocksOf);
      found.push(node);
    }
  }
  return { found, problems: problems.list };
}

/** A jump host that is named by an alias of the same file becomes what the alias stands for. */
function resolveJump(jump: string, blocksOf: (name: string) => readonly Block[]): string {
  const match = /^(?:([^@]+)@)?([^:@,]+)(?::(\d+))?$/.exec(jump);
  const alias = match?.[2];
  if (!match || alias === undefined) return jump;
  const mine = blocksOf(alias);
  const value = (key: Key) => mine.find((other) => other.values.has(key))?.values.get(key)?.value;
  const [user, host, port] = [match[1] ?? value('user'), value('hostname') ?? alias, match[3] ?? value('port')];
  return `${user ? `${user}@` : ''}${host.includes(':') ? `[${host}]` : host}${port ? `:${port}` : ''}`;
}

const hasPattern = ({ patterns }: Block): boolean => patterns.some((pattern) => /[*?!]/.test(pattern));

/** The blocks that a name takes values from, in their order: those that say it plainly are looked up, only those with patterns are tried. */
function indexed(blocks: readonly Block[]): (name: string) => readonly Block[] {
  const plain = new Map<string, Block[]>();
  for (const block of blocks) {
    if (hasPattern(block)) continue;
    for (const name of new Set(block.patterns.map((pattern) => pattern.toLowerCase())))
      plain.set(name, [...(plain.get(name) ?? []), block].slice(0, MOST_PATTERNS));
  }
  const tried = blocks.filter(hasPattern);
  return (name) =>
    [...(plain.get(name.toLowerCase()) ?? []), ...tried.filter((block) => fits(block.patterns, name))].sort((a, b) => a.line - b.line);
}

/** As ssh does: one pattern fits, and no negated one. */
function fits(patterns: readonly string[], name: string): boolean {
  const matches = (pattern: string) => like(pattern.toLowerCase(), name.toLowerCase());
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

/** `*` and `?`; linear in the two lengths' product, never exponential. */
function like(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t]) && pattern[p] !== '*') {
      p++;
      t++;
    } else if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
