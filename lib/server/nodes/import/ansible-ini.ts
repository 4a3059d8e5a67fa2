import { createInventory, type Vars } from './inventory.ts';
import { linesOf, type Parsed, shown, splitWords } from './parsed.ts';

/** An inventory as INI: hosts with ranges and variables, `[group]`, `[group:vars]`, `[group:children]`. */
export function parseAnsibleIni(text: string): Parsed {
  const inventory = createInventory();
  const { problems } = inventory;
  let section: { group: string; kind: 'hosts' | 'vars' | 'children' } | null = { group: 'ungrouped', kind: 'hosts' };
  for (const [index, raw] of linesOf(text).entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (content.startsWith('[')) {
      section = heading(content);
      if (section) inventory.group(section.group, line);
      else
        problems.error(
          line,
          `${shown(content)} is no section: it should be like [edge], [edge:vars] or [edge:children]; what stands under it is not used`,
        );
      continue;
    }
    if (!section) continue;
    if (section.kind === 'vars') {
      const match = /^([^\s=]+)\s*=\s*(.*)$/.exec(content);
      const value = match && unquoted(match[2] ?? '');
      if (match?.[1] && value !== null && value !== undefined) inventory.group(section.group, line).vars.set(match[1], { value, line });
      else problems.error(line, `${shown(content)} is no variable: it should be like ansible_user=sre`);
      continue;
    }
    const words = splitWords(content, true);
    const [name, ...rest] = words ?? [];
    if (name === undefined) problems.error(line, 'has a quote that is not closed: the line is not used');
    else if (section.kind === 'children') child(section.group, name, rest, line);
    else host(section.group, name, rest, line);
  }

  function child(parent: string, name: string, rest: readonly string[], line: number) {
    if (rest.length > 0)
      return problems.error(line, `${shown(name)} is followed by ${shown(rest.join(' '))}: a line of children should be one group`);
    inventory.group(parent, line).children.add(name);
    inventory.group(name, line);
  }

  function host(group: string, name: string, rest: readonly string[], line: number) {
    const vars: Vars = new Map();
    for (const word of rest) {
      const at = word.indexOf('=');
      if (at <= 0) problems.error(line, `${shown(word)} is no variable: it should be like ansible_host=10.0.0.1`);
      else vars.set(word.slice(0, at), { value: word.slice(at + 1), line });
    }
    const address = /^([^[\]:]+(?:\[[^\]]*\][^[\]:]*)*):(\d{1,5})$/.exec(name);
    if (address?.[1] && address[2] && !vars.has('ansible_port')) vars.set('ansible_port', { value: address[2], line });
    inventory.addHosts(group, address?.[1] ?? name, vars, line);
  }
  return inventory.resolve();
}

function heading(text: string): { group: string; kind: 'hosts' | 'vars' | 'children' } | null {
  const match = /^\[\s*([^\s[\]:]+)\s*(?::\s*(vars|children|hosts)\s*)?\]\s*(?:[#;].*)?$/.exec(text);
  if (!match?.[1]) return null;
  return { group: match[1], kind: match[2] === 'vars' ? 'vars' : match[2] === 'children' ? 'children' : 'hosts' };
}

/** A value as it is written; quotes around the whole of it go, a comment after it too. */
function unquoted(text: string): string | null {
  const bare = text.replace(/\s+#.*$/, '').trim();
  const first = bare.charAt(0);
  if (first !== '"' && first !== "'") return bare;
  return bare.length >= 2 && bare.endsWith(first) ? bare.slice(1, -1) : null;
}
