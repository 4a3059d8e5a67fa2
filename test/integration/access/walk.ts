import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type RouteSpec, specOf } from '#app/api/_http/handle.ts';
import { addNode } from '#server/nodes/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Actor, Role } from '#shared/access.ts';
import { testConsole } from '#test/support/console.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };

type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;
export type Route = { name: string; method: string /** `api/v1/nodes/[id]` */; dir: string; call: Handler; spec: RouteSpec | null };

/** Every exported method of every route.ts below app/, as the build finds them. */
export async function everyRoute(): Promise<Route[]> {
  const files = fs.readdirSync(path.join(root, 'app'), { recursive: true, encoding: 'utf8' });
  const routes: Route[] = [];
  for (const file of files.filter((name) => path.basename(name) === 'route.ts').sort()) {
    const module: Record<string, unknown> = await import(path.join(root, 'app', file));
    for (const method of METHODS) {
      const call = module[method];
      const dir = path.dirname(file);
      if (isHandler(call)) routes.push({ name: `${method} /${dir}`, method, dir, call, spec: specOf(call) });
    }
  }
  return routes;
}

const isHandler = (value: unknown): value is Handler => typeof value === 'function';

/** What stands in whatever is the other group's and nowhere else. */
export const CANARY = 'zzcanary';

/** A console with a node of group a and one of group b, a run of each and one of both, and what else has an id of its own. */
export async function twoGroups(t: Parameters<typeof testConsole>[0]) {
  const console_ = await testConsole(t);
  const { runtime } = console_;
  const node = (name: string, group: string) =>
    runtime.command(SYSTEM, addNode, { name, host: `${name}.invalid`, user: 'sre', labels: { group, site: `${name}-site` } });
  const a = await node('edge-a', 'a');
  const b = await node(`${CANARY}-b`, 'b');
  await runtime.nodes.refresh();
  const start = async (selector: string) => {
    const run = await runtime.command(SYSTEM, runtime.runs.verbs.start, { runbook: 'fd-leak', selector, dryRun: true });
    return run.id;
  };
  const titled = { title: `${CANARY} again`, note: CANARY };
  const incident = await runtime.command(SYSTEM, runtime.incidents.verbs.declare, { ...titled, nodeIds: [b.id] });
  const silence = { selector: `name=${CANARY}-b`, reason: CANARY, endsAt: Date.now() + 3_600_000 };
  const { id: silenceOfB } = await runtime.command(SYSTEM, runtime.notify.verbs.addSilence, silence);
  const ids = {
    incidentOfB: incident.id,
    silenceOfB,
    a: a.id,
    b: b.id,
    runOfA: await start('group=a'),
    runOfB: await start('group=b'),
    mixed: await start('*'),
  };
  const token = async (role: Role, selector: string | null): Promise<string> => {
    const { createToken } = await import('#server/access/index.ts');
    const made = await runtime.command(SYSTEM, createToken, { name: `${role} on ${selector ?? 'all'}`, role, selector });
    return made.token;
  };
  return { runtime, ids, token };
}

export type Foreign = { b: string; runOfB: string; incidentOfB: string; silenceOfB: string };

/** Ids for the paths, of things that are the other group's, or nobody's. A noun that is not here fails the walk: say here what its routes are asked about. */
const ids = (of: Foreign): Record<string, string> => ({
  'nodes/[id]': of.b,
  'runs/[id]': of.runOfB,
  'targets/[node]': of.b,
  'history/[run]': of.runOfB,
  'gates/[gate]': 'change',
  'runbooks/[id]': 'fd-leak',
  'tokens/[id]': 't_none',
  'grants/[id]': 'g_none',
  'change-rules/[id]': 'c_none',
  'incidents/[id]': of.incidentOfB,
  'captures/[capture]': 'c_none',
  'silences/[id]': of.silenceOfB,
  'silence/[id]': of.silenceOfB,
  'alert-rules/[rule]': 'leaking',
  'channels/[id]': 'ch_none',
  'deliveries/[id]': 'd_none',
  'drills/[id]': 'd_none',
  'pictures/[name]': 'none.png',
  'users/[id]': 'u_none',
  'sessions/[id]': 's_none',
  'passkeys/[id]': 'p_none',
  'api/[...path]': 'nothing',
});

/** The params of a route's path, or the words why there are none. */
export function paramsOf(route: Pick<Route, 'dir' | 'name'>, of: Foreign): Record<string, string | string[]> {
  const known = ids(of);
  const parts = route.dir.split('/');
  return Object.fromEntries(
    parts.flatMap((part, i) => {
      const name = /^\[(?:\.\.\.)?(\w+)\]$/.exec(part)?.[1];
      if (name === undefined) return [];
      const value = known[`${parts[i - 1]}/${part}`];
      if (value === undefined)
        throw new Error(
          `${route.name}: the walk has nothing to put for ${parts[i - 1]}/${part}: say in walk.ts which object its routes are asked about`,
        );
      return [[name, part.startsWith('[...') ? [value] : value]];
    }),
  );
}

/** Queries that a route cannot do without. */
const QUERIES: Record<string, string> = {
  'GET /api/v1/backtest': 'rule=headroom&selector=*',
  'GET /demo/sign-in': 'key=none',
};

export function urlOf(route: Route, params: Record<string, string | string[]>): string {
  const path_ = route.dir.replace(/\[(?:\.\.\.)?(\w+)\]/g, (_, name: string) => encodeURIComponent([params[name]].flat().join('/')));
  const query = QUERIES[route.name];
  return `/${path_}${query === undefined ? '' : `?${query}`}`;
}

/** A body that the route would take, as far as its schema tells: every part that is required, of the right type. */
export function bodyOf(route: Route): string | undefined {
  const known = BODIES[route.name];
  if (known !== undefined) return JSON.stringify(known);
  if (!route.spec?.body) return route.method === 'GET' || route.method === 'DELETE' ? undefined : '{}';
  return JSON.stringify(sample(z.toJSONSchema(route.spec.body, { io: 'input', unrepresentable: 'any' })));
}

/** Bodies that name the other group. */
const BODIES: Record<string, unknown> = {
  'POST /api/v1/nodes': { name: 'new-b', host: 'new.invalid', user: 'sre', labels: { group: 'b' } },
  'POST /api/v1/runs': { runbook: 'fd-leak', selector: 'group=b', dryRun: true },
  'POST /api/v1/changes/preview': { selector: 'group=b', pool: { enabled: false } },
};

const schemaSchema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  minimum: z.number().optional(),
  minLength: z.number().optional(),
});

function sample(schema: unknown): unknown {
  const parsed = schemaSchema.safeParse(schema);
  if (!parsed.success) return 'x';
  const s = parsed.data;
  if (s.const !== undefined) return s.const;
  if (s.enum) return s.enum[0];
  if (s.anyOf ?? s.oneOf) return sample((s.anyOf ?? s.oneOf)?.[0]);
  if (s.type === 'object') return Object.fromEntries((s.required ?? []).map((name) => [name, sample(s.properties?.[name])]));
  if (s.type === 'array') return [];
  if (s.type === 'integer' || s.type === 'number') return Math.max(1, s.minimum ?? 1);
  if (s.type === 'boolean') return true;
  return 'x'.repeat(Math.max(3, s.minLength ?? 0));
}

export type Asking = (route: Route, token: string | null) => Promise<Response>;

/** Straight to the handlers, as the server calls them. */
export const askDirectly =
  (of: Foreign): Asking =>
  (route, token) => {
    const params = paramsOf(route, of);
    const body = bodyOf(route);
    const request = new Request(`http://127.0.0.1:3000${urlOf(route, params)}`, {
      method: route.method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'if-match': '"1"',
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(20_000),
    });
    return route.call(request, { params: Promise.resolve(params) });
  };

/** The newest rows of the audit, newest first. */
export const lastRows = (runtime: Runtime, limit = 3) => runtime.audit.list({ limit });
