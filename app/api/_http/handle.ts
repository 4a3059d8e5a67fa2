import { z } from 'zod';
import type { Scope } from '#server/access/index.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import { invalid } from '#server/kernel/invalid.ts';
import { storageFailure } from '#server/kernel/storage-failure.ts';
import type { Runtime } from '#server/runtime.ts';
import { getRuntime } from '#server/slot.ts';
import { type Actor, mayEverywhere, maySomewhere, type Permission } from '#shared/access.ts';
import { describeGrants } from '#shared/grants.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { readBody } from './body.ts';
import { asAlertmanagerError, errorResponse, problemResponse } from './problem.ts';

/** Outside checks give an answer 10 s; what takes longer belongs into a run. */
const DEADLINE_MS = 9000;
const SAFE_METHODS = ['GET', 'HEAD'];

type Spec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  /** `public`: for who is not signed in yet. There is no default. */
  permission: Permission | 'public';
  /**
   * What it is about, which decides whose grants are enough:
   * - left out: the fleet or the console as a whole. Takes the permission everywhere.
   * - `node`: the node of the path (`node`, or else `id`). Others are node.not-found, and the try is in the audit.
   * - `run`: the run of the path (`id`), likewise: reading takes one of its nodes, everything else all of them.
   * - `scoped`: whatever `asked.scope` lets through: the function asks it for each node, and leaves the others out (see `Scope`).
   * - `any`: no node. Takes the permission on some node, or on none at all.
   */
  on?: 'node' | 'run' | 'scoped' | 'any';
  params?: P;
  query?: Q;
  body?: B;
  /** of a good answer; 200 unless said */
  status?: number;
  /** whose clients read the errors; ours take RFC 9457 */
  errors?: 'alertmanager';
};

export type Asked<P, Q, B, A = Actor> = {
  runtime: Runtime;
  actor: A;
  params: P;
  query: Q;
  body: B;
  /** what the actor may do to which node; of a public route, whose actor may be nobody: everything that is nobody's is refused */
  scope: Scope<FleetMember>;
  request: Request;
  idempotencyKey: string | undefined;
};

type RouteHandler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;

/** Every API route: authenticate → parse → one function → JSON, and every error mapped here, once. */
export function handle<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  spec: Spec<P, Q, B> & { permission: Permission },
  run: (asked: Asked<z.output<P>, z.output<Q>, z.output<B>>) => unknown,
): RouteHandler;
export function handle<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  spec: Spec<P, Q, B> & { permission: 'public' },
  run: (asked: Asked<z.output<P>, z.output<Q>, z.output<B>, Actor | null>) => unknown,
): RouteHandler;
export function handle<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  spec: Spec<P, Q, B>,
  run: (asked: Asked<z.output<P>, z.output<Q>, z.output<B>, NonNullable<Actor | null>>) => unknown,
): RouteHandler {
  const handler: RouteHandler = async (request, context) => {
    try {
      const runtime = getRuntime();
      const answer = await withinDeadline(async () => {
        const actor = await admit(runtime, request, spec);
        const scope = runtime.scopeOf(actor ?? NOBODY, actionOf(request));
        const params = parse(spec.params, await context.params, 'the path');
        await admitTo(scope, spec, params);
        const query = parse(spec.query, Object.fromEntries(new URL(request.url).searchParams), 'the query');
        const body = parse(spec.body, spec.body && (await readBody(request)), 'the body');
        return run({ runtime, actor: permitted(actor), params, query, body, scope, request, idempotencyKey: idempotencyKey(request) });
      });
      if (answer instanceof Response) return await asAsked(request, answer);
      return jsonOf(answer ?? null, spec.status ?? 200);
    } catch (error) {
      const problem = isHeadroomError(error) ? errorResponse(error) : (storageProblem(error) ?? unknownError(error, request));
      return spec.errors === 'alertmanager' ? await asAlertmanagerError(problem) : problem;
    }
  };
  return Object.assign(handler, { spec });
}

/** Below this, the server's compression costs more, a compressor of its own for each answer, than the bytes that it saves. */
const WORTH_COMPRESSING = 16_384;

function jsonOf(answer: unknown, status: number): Response {
  const text = JSON.stringify(answer);
  const cache = text.length < WORTH_COMPRESSING ? 'no-store, no-transform' : 'no-store';
  return new Response(text, { status, headers: { 'content-type': 'application/json', 'cache-control': cache } });
}

export type RouteSpec = Spec<z.ZodType, z.ZodType, z.ZodType>;

/** What a route takes and who may ask, for the API's document; null of a function that `handle` did not make. */
export const specOf = (handler: unknown): RouteSpec | null =>
  typeof handler === 'function' && 'spec' in handler ? (handler.spec as RouteSpec) : null;

/** Public handlers are typed to expect null; for the others `admit` has refused it. */
const permitted = (actor: Actor | null): Actor => actor as Actor;

/** Who is not signed in holds nothing. */
const NOBODY: Actor = { kind: 'user', id: '', name: 'nobody signed in', role: 'viewer', grants: [] };

const actionOf = (request: Request): string => `${request.method} ${new URL(request.url).pathname}`;

async function admit(runtime: Runtime, request: Request, spec: Pick<RouteSpec, 'permission' | 'on'>): Promise<Actor | null> {
  const { permission } = spec;
  const actor = await runtime.access.authenticate(request.headers);
  const safe = SAFE_METHODS.includes(request.method);
  if (!safe && (permission === 'public' || actor?.kind === 'user')) assertSameOrigin(request, runtime.config.url);
  if (permission === 'public') return actor;
  if (!actor)
    throw new HeadroomError(
      'auth.required',
      'the request has no valid session and no valid API token: sign in, or send Authorization: Bearer hr_…',
    );
  const enough = spec.on === undefined ? mayEverywhere(actor, permission) : maySomewhere(actor, permission);
  if (enough) return actor;
  if (!safe || maySomewhere(actor, permission))
    await runtime.audit.record({ actor, action: actionOf(request), object: '-', result: 'refused', at: runtime.clock.now() });
  const where = spec.on === undefined && maySomewhere(actor, permission) ? ' on every node' : '';
  throw new HeadroomError('auth.forbidden', `this needs the permission ${permission}${where}; ${actor.name} is ${describeGrants(actor)}`);
}

/** The object that the path names, before anything of it is read. */
async function admitTo(scope: Scope, { permission, on }: RouteSpec, params: unknown): Promise<void> {
  if (permission === 'public' || (on !== 'node' && on !== 'run')) return;
  const { id, node } = z.object({ id: z.string().optional(), node: z.string().optional() }).parse(params);
  const named = on === 'node' ? (node ?? id) : id;
  if (named === undefined) throw new HeadroomError('server.internal', `this route is about a ${on} and its path names none`);
  if (on === 'node') await scope.node(permission, named);
  else await scope.run(permission, named);
}

/** A browser says where a request comes from; a cookie is good only for requests of our own pages. */
function assertSameOrigin(request: Request, url: string): void {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  const own = [new URL(url).origin, ownOrigin(request)];
  if (origin === null ? site === null || site === 'same-origin' || site === 'none' : own.includes(origin)) return;
  throw new HeadroomError('auth.bad-origin', `the request came from ${origin ?? site}: only ${own[0]} may change things with a session`);
}

/** The address that the browser typed, where it cannot be somebody else's name that leads here (DNS rebinding): localhost or an IP address. */
function ownOrigin(request: Request): string | null {
  const host = request.headers.get('host') ?? '';
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || /^(\d{1,3}\.){3}\d{1,3}$|^\[[0-9a-f:]+\]$/i.test(name)
    ? `${new URL(request.url).protocol}//${host}`
    : null;
}

function parse<S extends z.ZodType>(schema: S | undefined, value: unknown, what: string): z.output<S> {
  if (!schema) return undefined as z.output<S>;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error, what);
}

function idempotencyKey(request: Request): string | undefined {
  const key = request.headers.get('idempotency-key');
  if (key === null || SAFE_METHODS.includes(request.method)) return undefined;
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new HeadroomError('request.invalid', 'the header Idempotency-Key should be 1 to 200 printable characters without spaces');
}

/** What an answer does not say itself: that nobody keeps it. Of a stream whose head alone was asked for nobody ever reads, so it ends here. */
async function asAsked(request: Request, answer: Response): Promise<Response> {
  if (!answer.headers.has('cache-control')) answer.headers.set('cache-control', 'no-store');
  if (request.method !== 'HEAD') return answer;
  await answer.body?.cancel();
  return new Response(null, answer);
}

async function withinDeadline<T>(work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const answered = work();
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // a stream that begins after all has no reader
      answered.then((answer) => (answer instanceof Response ? answer.body?.cancel() : undefined)).catch(() => undefined);
      const words = `no answer within ${DEADLINE_MS / 1000} s; what was asked may still be done, so look again before asking again`;
      reject(new HeadroomError('server.timeout', words));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The disk is full, or somebody else holds the database: said to who asked, and once more in the log. */
function storageProblem(error: unknown): Response | null {
  const failure = storageFailure(error);
  if (failure === null) return null;
  getRuntime().log.error({ err: error }, failure.message);
  return errorResponse(failure);
}

/** The message stays here: it may hold what a client must not see. The id ties the answer to the log. */
function unknownError(error: unknown, request: Request): Response {
  const id = newId('err');
  try {
    getRuntime().log.error({ err: error, id, method: request.method, path: new URL(request.url).pathname }, 'a request failed');
  } catch {
    // no runtime, no log: the answer alone has to do
  }
  return problemResponse('server.internal', `the console failed to answer; its log has the reason under ${id}`);
}
