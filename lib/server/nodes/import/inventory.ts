import { createProblems, type Found, MOST_HOSTS, type Problem, shown, splitWords, toPort } from './parsed.ts';
import { expandRange } from './range.ts';

export type Value = { value: string; line: number /** a list, a mapping or encrypted */; unusable?: boolean };
export type Vars = Map<string, Value>;
type Group = { line: number; hosts: Set<string>; children: Set<string>; vars: Vars };

/** The inventory itself, whatever it was written in: INI and YAML fill it, `resolve` reads it as Ansible does. */
export function createInventory() {
  const problems = createProblems();
  const groups = new Map<string, Group>();
  const hosts = new Map<string, { line: number; vars: Vars }>();
  let tooMany = false;

  const group = (name: string, line: number): Group => {
    const known = groups.get(name) ?? { line, hosts: new Set(), children: new Set(), vars: new Map() };
    groups.set(name, known);
    return known;
  };
  return {
    problems,
    group,
    addHosts(groupName: string, pattern: string, vars: Vars, line: number): void {
      const names = expandRange(pattern, MOST_HOSTS);
      if (typeof names === 'string') {
        problems.error(line, `the host ${shown(pattern)} ${names}`);
        return;
      }
      const into = group(groupName, line);
      for (const name of names) {
        if (!hosts.has(name) && hosts.size >= MOST_HOSTS) {
          if (!tooMany) problems.error(line, `there are more than ${MOST_HOSTS} hosts: split the inventory`);
          tooMany = true;
          return;
        }
        const host = hosts.get(name) ?? { line, vars: new Map() };
        for (const [key, value] of vars) host.vars.set(key, value);
        hosts.set(name, host);
        into.hosts.add(name);
      }
    },
    resolve(): { found: Found[]; problems: Problem[] } {
      const parents = parentsOf(groups);
      const depth = depthsOf(groups, parents, problems.error);
      const found: Found[] = [];
      for (const [name, host] of hosts) {
        const member = [...groups].filter(([, { hosts: own }]) => own.has(name)).map(([own]) => own);
        const all = [...new Set(member.flatMap((own) => [own, ...ancestors(own, parents)]))];
        const order = all.sort((a, b) => (depth.get(a) ?? 0) - (depth.get(b) ?? 0) || (a < b ? -1 : 1));
        const vars: Vars = new Map(groups.get('all')?.vars ?? []);
        for (const own of order) for (const [key, value] of groups.get(own)?.vars ?? []) vars.set(key, value);
        for (const [key, value] of host.vars) vars.set(key, value);
        const node = toFound(name, host.line, vars, order, problems);
        if (node) found.push(node);
      }
      return { found, problems: problems.list };
    },
  };
}

function parentsOf(groups: ReadonlyMap<string, Group>): Map<string, string[]> {
  const parents = new Map<string, string[]>();
  for (const [name, { children }] of groups) for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name]);
  return parents;
}

function ancestors(name: string, parents: ReadonlyMap<string, string[]>): string[] {
  const seen = new Set<string>();
  const open = [...(parents.get(name) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(parents.get(next) ?? []));
  }
  return [...seen];
}

/** A group's variables win over those of the groups around it: the longest way down from the top counts. */
function depthsOf(
  groups: ReadonlyMap<string, Group>,
  parents: ReadonlyMap<string, string[]>,
  error: (line: number, message: string) => void,
): Map<string, number> {
  const depth = new Map<string, number>();
  const walking = new Set<string>();
  const walk = (name: string): number => {
    const known = depth.get(name);
    if (known !== undefined) return known;
    if (walking.has(name)) {
      error(groups.get(name)?.line ?? 1, `the group ${shown(name)} contains itself: take it out of its own children`);
      return 0;
    }
    walking.add(name);
    const found = name === 'all' ? 0 : Math.max(1, ...(parents.get(name) ?? []).map((parent) => walk(parent) + 1));
    walking.delete(name);
    depth.set(name, found);
    return found;
  };
  for (const name of groups.keys()) walk(name);
  return depth;
}

const OURS = {
  headroom_unit: 'unit',
  headroom_config_path: 'configPath',
  headroom_metrics_via: 'metricsVia',
  headroom_metrics_url: 'metricsUrl',
} as const;
const LABEL_KEY = /^[a-z][a-z0-9_.-]{0,39}$/;

function toFound(
  name: string,
  line: number,
  vars: Vars,
  groups: readonly string[],
  problems: ReturnType<typeof createProblems>,
): Found | null {
  const one = (...keys: string[]) => keys.map((key) => vars.get(key)).find((value) => value !== undefined);
  const connection = one('ansible_connection');
  if (connection && !['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(connection.value)) {
    problems.note(
      connection.line,
      `${shown(name)} has ansible_connection=${connection.value}: only hosts that are reached by SSH become nodes`,
    );
    return null;
  }
  const node: Found = { line, name, labels: {} };
  const wrong = (at: number, message: string) => {
    problems.error(at, message);
    node.wrong = [...(node.wrong ?? []), message];
  };
  const plain = (value: Value | undefined, what: string): string | undefined => {
    if (!value) return undefined;
    if (value.unusable) {
      wrong(value.line, `${what} is not a plain value (a list, a mapping or encrypted): it should be written out`);
      return undefined;
    }
    if (!/\{\{|\{%/.test(value.value)) return value.value;
    wrong(value.line, `${what} of ${shown(name)} is a template, ${shown(value.value)}: it should be the value itself`);
    return undefined;
  };
  node.host = plain(one('ansible_host', 'ansible_ssh_host'), 'ansible_host') ?? name;
  const port = one('ansible_port', 'ansible_ssh_port');
  const portText = plain(port, 'ansible_port');
  if (port && portText !== undefined) {
    const number = toPort(portText);
    if (number === undefined) wrong(port.line, `ansible_port of ${shown(name)} is ${shown(portText)}: it should be 1 to 65535`);
    else node.sshPort = number;
  }
  const user = plain(one('ansible_user', 'ansible_ssh_user'), 'ansible_user');
  if (user !== undefined) node.user = user;
  const jump = jumpOf(plain(one('ansible_ssh_common_args', 'ansible_ssh_extra_args', 'ansible_ssh_args'), 'ansible_ssh_common_args'));
  if (jump.jump !== undefined) node.proxyJump = jump.jump;
  if (jump.rest) problems.note(line, `the SSH arguments of ${shown(name)} are not taken over, but for a ProxyJump: ${shown(jump.rest)}`);
  for (const [key, field] of Object.entries(OURS)) {
    const value = plain(vars.get(key), key);
    if (value !== undefined) node[field] = value;
  }
  for (const group of groups) {
    if (group === 'all' || group === 'ungrouped') continue;
    if (LABEL_KEY.test(group)) node.labels[group] = '';
    else problems.note(line, `the group ${shown(group)} does not become a label: labels are lower case letters, digits, "_", "." and "-"`);
  }
  Object.assign(node.labels, labelsOf(plain(vars.get('headroom_labels'), 'headroom_labels') ?? ''));
  return node;
}

/** `zone=eu canary` */
export function labelsOf(text: string): Record<string, string> {
  const terms = text.split(/[\s;]+/).filter((term) => term !== '');
  return Object.fromEntries(
    terms.map((term) => (term.includes('=') ? [term.slice(0, term.indexOf('=')), term.slice(term.indexOf('=') + 1)] : [term, ''])),
  );
}

/** `-o ProxyJump=bastion` or `-J bastion`; the rest is given back to be reported. */
function jumpOf(args: string | undefined): { jump?: string; rest: string } {
  if (!args) return { rest: '' };
  const match = /(?:-J\s*|-o\s*ProxyJump[=\s]\s*)([^\s"']+)/i.exec(splitWords(args, false)?.join(' ') ?? args);
  if (!match?.[1]) return { rest: args };
  return { jump: match[1], rest: (splitWords(args, false)?.join(' ') ?? args).replace(match[0], '').trim() };
}
