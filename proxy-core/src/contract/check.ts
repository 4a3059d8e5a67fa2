import { z } from 'zod';
import { type Config, configSchema, NO_EFFECT } from './config.ts';
import { POOL_WARNINGS } from './words.ts';

/** A key's place in the file as keys and list indexes; the reader of the file turns it into line and column. */
export type Path = readonly (string | number)[];
export type Problem = { severity: 'error' | 'warning'; path: Path; message: string };

/** Judges parsed YAML. `config` is there when no problem is an error. Messages are whole sentences that name the key. */
export function checkConfig(value: unknown): { config: Config | null; problems: Problem[] } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const message = `the file must be a map of keys, beginning with listen_addrs: ["0.0.0.0:443"]; it is ${show(value)}`;
    return { config: null, problems: [{ severity: 'error', path: [], message }] };
  }
  const problems: Problem[] = [...unknownKeys(configSchema, value, [])];
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) return { config: null, problems: [...fromIssues(parsed.error.issues, value), ...problems] };
  problems.push(...duplicates(parsed.data), ...advice(parsed.data, value));
  const failed = problems.some((problem) => problem.severity === 'error');
  return { config: failed ? null : parsed.data, problems };
}

/** "routes[0].match", as an operator reads it. */
export const showPath = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');

function fromIssues(issues: readonly z.core.$ZodIssue[], root: unknown): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const issue of issues) {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const name = showPath(path);
    if (seen.has(name)) continue;
    seen.add(name);
    const found = at(root, path);
    const message = found === undefined ? `${name} is missing: it ${issue.message}` : `${name} ${issue.message}; it is ${show(found)}`;
    problems.push({ severity: 'error', path, message });
  }
  return problems;
}

function* unknownKeys(schema: z.core.$ZodType, value: unknown, path: Path): Generator<Problem> {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* unknownKeys(inner.element, item, [...path, i]);
    return;
  }
  if (!(inner instanceof z.ZodObject) || value === null || typeof value !== 'object' || Array.isArray(value)) return;
  const shape: Record<string, z.core.$ZodType> = inner.shape;
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (known !== undefined) {
      yield* unknownKeys(known, item, [...path, key]);
      continue;
    }
    const near = nearest(key, Object.keys(shape));
    const message = `${showPath([...path, key])} is not a key of this file and has no effect${near === null ? '' : `; did you mean ${near}?`}`;
    yield { severity: 'warning', path: [...path, key], message };
  }
}

/** What an optional, nullable or defaulted schema is about. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  )
    return unwrap(schema.def.innerType);
  return schema;
}

function* duplicates(config: Config): Generator<Problem> {
  const lists: [string, readonly string[]][] = [
    ['listen_addrs', config.listen_addrs],
    ['udp_listen_addrs', config.udp_listen_addrs ?? []],
    ['routes', (config.routes ?? []).map(({ match, alpn }) => (alpn ? `${matchKey(match)} with alpn ${alpn.join()}` : matchKey(match)))],
    ['ssh_routes', (config.ssh_routes ?? []).map((route) => `listen_port ${route.listen_port}`)],
  ];
  for (const [key, values] of lists) {
    const seen = new Map<string, number>();
    for (const [i, value] of values.entries()) {
      const before = seen.get(value);
      if (before === undefined) seen.set(value, i);
      if (before === undefined || value.endsWith(':0')) continue;
      const message = `${key}[${i}] repeats ${value}, which ${key}[${before}] has already: remove one of them`;
      yield { severity: 'error', path: [key, i], message };
    }
  }
  if (config.metrics.enabled && config.listen_addrs.includes(config.metrics.address) && !config.metrics.address.endsWith(':0'))
    yield {
      severity: 'error',
      path: ['metrics', 'address'],
      message: `metrics.address is ${config.metrics.address}, which listen_addrs has too: write another port`,
    };
}

/** Expressions are told apart by case (\\D is not \\d), names are not. */
const matchKey = (match: string): string => (match.startsWith('/') ? match : match.toLowerCase());

function* advice(config: Config, value: object): Generator<Problem> {
  for (const [key, why] of Object.entries(NO_EFFECT))
    for (const path of present(value, key.split('.'), []))
      yield { severity: 'warning', path, message: `${showPath(path)} is accepted and has no effect: ${why}` };
  if (config.connection_pool?.enabled)
    for (const sentence of POOL_WARNINGS) {
      const path = at(value, ['connection_pool', 'enabled']) === undefined ? ['connection_pool'] : ['connection_pool', 'enabled'];
      yield { severity: 'warning', path, message: sentence };
    }
  if (config.allowlist?.length === 0)
    yield { severity: 'warning', path: ['allowlist'], message: 'allowlist is empty: every name is refused; remove the key to allow all' };
  for (const [i, pattern] of (config.allowlist ?? []).entries()) {
    const name = pattern.replace(/^[*]?[.]?/, '');
    const says = /^[*][^.]/.test(pattern)
      ? `is read as "*.${name}": names like "evil${name}" do not pass`
      : pattern.startsWith('.')
        ? 'begins with a dot, which no name does: nothing passes by it'
        : null;
    if (says !== null)
      yield { severity: 'warning', path: ['allowlist', i], message: `allowlist[${i}] is "${pattern}", which ${says}; write "*.${name}"` };
  }
  const ports = config.listen_addrs.map((address) => address.slice(address.lastIndexOf(':') + 1));
  for (const [i, port] of (config.tls_only?.ports ?? []).entries())
    if (!ports.includes(String(port)) && !ports.includes('0'))
      yield {
        severity: 'warning',
        path: ['tls_only', 'ports', i],
        message: `tls_only.ports[${i}] is ${port}, which no address of listen_addrs has: it has no effect`,
      };
  if (!config.deny_destinations.includes('default') && !config.routes && !config.default_backend)
    yield {
      severity: 'warning',
      path: ['deny_destinations'],
      message:
        'deny_destinations is without "default", and asked names are dialled: clients reach private and local addresses through this proxy',
    };
}

/** Paths that exist for a key of NO_EFFECT, "*" standing for each list index. */
function* present(value: unknown, steps: readonly string[], path: Path): Generator<Path> {
  const [step, ...rest] = steps;
  if (step === undefined) {
    if (value !== null && value !== undefined) yield path;
    return;
  }
  if (step === '*') {
    if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* present(item, rest, [...path, i]);
    return;
  }
  if (value !== null && typeof value === 'object' && Object.hasOwn(value, step)) yield* present(at(value, [step]), rest, [...path, step]);
}

export function at(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object') return undefined;
    here = Reflect.get(here, step);
  }
  return here;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'empty';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' ? 'a map' : String(value);
}

/** The known key closest to a misspelt one, within two edits (one for short words). */
function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = word.length <= 4 ? 2 : 3;
  for (const candidate of known) {
    const distance = edits(word.toLowerCase(), candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance with adjacent swaps. */
function edits(a: string, b: string): number {
  if (a.length > 64 || Math.abs(a.length - b.length) > 2) return 99;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 99;
}
