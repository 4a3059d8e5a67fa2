import type { ImportPlan } from '#shared/node-import.ts';
import { type FleetMember, type NodeInput, nodeInputSchema } from '#shared/nodes.ts';
import { reach } from '../row.ts';
import { type Found, type Parsed, shown } from './parsed.ts';

type Row = ImportPlan['rows'][number];
export type Defaults = {
  user?: string | undefined;
  sshPort?: number | undefined;
  unit?: string | undefined;
  configPath?: string | undefined;
  metricsVia?: string | undefined;
  metricsUrl?: string | undefined;
  labels?: Record<string, string> | undefined;
};
export type Planned = { row: Row /** to be stored, for add and change */; node: NodeInput | null; existing: FleetMember | null };

/** What the import would do with each host that was found, in the order of the text. */
export function planImport(
  { found }: Parsed,
  defaults: Defaults,
  registry: readonly FleetMember[],
  leaveOut: ReadonlySet<string> = new Set(),
): Planned[] {
  const byName = new Map(registry.map((member) => [member.name, member]));
  const names = new Map<string, number>();
  // an address that an import moves away from is free for another of its nodes
  const moving = new Set(
    found.filter(({ name, host }) => byName.has(name) && host !== undefined && !leaveOut.has(name)).map(({ name }) => name),
  );
  const taken = new Map(registry.filter(({ name }) => !moving.has(name)).map((member) => [addressKey(member), `the node ${member.name}`]));
  return found.map((one) => {
    const existing = byName.get(one.name) ?? null;
    const parsed = nodeInputSchema.safeParse(draft(one, defaults, existing));
    const node = parsed.success ? parsed.data : null;
    const why: string[] = [...(one.wrong ?? [])];
    for (const { path, message } of parsed.error?.issues ?? [])
      why.push(`${path.join('.')} is ${given(draft(one, defaults, existing), path)}: ${message}`);
    const unwanted = leaveOut.has(one.name);
    const conflict = node && why.length === 0 && !unwanted ? conflictOf(one, node, names, taken) : null;
    if (node && why.length === 0 && !conflict && !unwanted) {
      names.set(one.name, one.line);
      taken.set(addressKey(node), `${one.name} in line ${one.line}`);
    }
    const changes = node && existing ? differences(existing, node) : [];
    const action =
      why.length > 0
        ? 'invalid'
        : unwanted
          ? 'left-out'
          : conflict
            ? 'conflict'
            : !existing
              ? 'add'
              : changes.length > 0
                ? 'change'
                : 'same';
    const stored = action === 'add' || action === 'change';
    const address = `${node?.user ?? one.user ?? '?'}@${node?.host ?? one.host ?? '?'}:${node?.sshPort ?? one.sshPort ?? 22}${node?.proxyJump ? ` through ${node.proxyJump}` : ''}`;
    const row: Row = {
      line: one.line,
      name: one.name.slice(0, 200),
      action,
      address,
      changes: stored ? changes : [],
      problems: conflict ? [conflict] : why,
    };
    return { row, node: stored ? node : null, existing };
  });
}

const addressKey = ({ host, sshPort, proxyJump }: NodeInput): string => JSON.stringify([host.toLowerCase(), sshPort, proxyJump ?? null]);

function conflictOf(one: Found, node: NodeInput, names: ReadonlyMap<string, number>, taken: ReadonlyMap<string, string>): string | null {
  const line = names.get(one.name);
  if (line !== undefined) return `${shown(one.name)} stands in line ${line} already: each name should stand once`;
  const other = taken.get(addressKey(node));
  if (other !== undefined) return `${node.host}:${node.sshPort} is ${other} already: one machine should be one node`;
  return null;
}

/** What the text says, over what the node is now, or over the defaults when it is new. */
function draft(one: Found, defaults: Defaults, existing: FleetMember | null): Record<string, unknown> {
  const { line: _line, wrong: _wrong, metricsVia, metricsUrl, labels, proxyJump, ...said } = one;
  const base = existing ?? { ...defined(defaults, ['user', 'sshPort', 'unit', 'configPath']), labels: defaults.labels ?? {} };
  const via = metricsVia ?? existing?.metrics.via ?? defaults.metricsVia ?? 'ssh';
  const url = metricsUrl ?? existing?.metrics.url ?? defaults.metricsUrl ?? 'http://127.0.0.1:9090/metrics';
  return {
    ...base,
    host: one.name,
    ...(existing && one.host === undefined && { host: existing.host }),
    ...said,
    labels: { ...base.labels, ...labels },
    metrics: via === 'none' ? { via } : { via, url },
    // only the system's ssh goes through a jump host
    ...(proxyJump !== undefined && { transport: 'openssh', proxyJump }),
  };
}

const defined = (from: Defaults, keys: readonly (keyof Defaults)[]) =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));

const SHOWN = ['host', 'sshPort', 'user', 'unit', 'configPath', 'metrics', 'labels', 'transport', 'proxyJump'] as const;

function differences(before: FleetMember, after: NodeInput): Row['changes'] {
  const [old, now] = [
    { ...before, ...reach(before) },
    { ...after, ...reach(after) },
  ];
  return SHOWN.flatMap((field) => {
    const [a, b] = [inWords(old[field]), inWords(now[field])];
    return a === b ? [] : [{ field, before: a, after: b }];
  });
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value !== 'object') return String(value);
  const pairs = Object.entries(value).filter(([, part]) => part !== null && part !== undefined);
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => (part === '' ? key : `${key}=${part}`))
    .join(' ');
}

function given(value: unknown, path: readonly PropertyKey[]): string {
  let at = value;
  for (const key of path) at = typeof at === 'object' && at !== null ? new Map(Object.entries(at)).get(String(key)) : undefined;
  return at === undefined ? 'missing' : shown(typeof at === 'string' ? at : (JSON.stringify(at) ?? ''));
}
