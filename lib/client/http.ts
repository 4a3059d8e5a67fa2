import type { z } from 'zod';
import type { ErrorCode } from '#shared/errors.ts';

/** What may go wrong besides the console's own problems: no answer at all, or one that is not of the agreed shape. */
export type ClientErrorCode = ErrorCode | 'client.unreachable' | 'client.bad-answer';
export type FieldError = { path: string; message: string };

/** Every failed call ends as one of these: a stable code, a title, one sentence to show. Match on `code`. */
export class ProblemError extends Error {
  readonly code: ClientErrorCode;
  readonly title: string;
  readonly detail: string;
  readonly status: number | null;
  readonly fields: readonly FieldError[];

  constructor(problem: {
    code: ClientErrorCode;
    title: string;
    detail: string;
    status: number | null;
    fields?: readonly FieldError[];
    cause?: unknown;
  }) {
    super(problem.detail, { cause: problem.cause });
    this.name = 'ProblemError';
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.status = problem.status;
    this.fields = problem.fields ?? [];
  }
}

export const isProblemError = (error: unknown): error is ProblemError => error instanceof Error && error.name === 'ProblemError';

type Call = {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** default 15 s, above the 10 s in which the console answers */
  timeoutMs?: number;
};

/** A schema, or how to get it: what the first page needs is fetched beside its data, not before it. */
export type Shape<S extends z.ZodType> = S | (() => Promise<S>);

export type Http = {
  get<S extends z.ZodType>(path: string, shape: Shape<S>, call?: Omit<Call, 'body'>): Promise<z.infer<S>>;
  post<S extends z.ZodType>(path: string, shape: Shape<S>, call?: Call): Promise<z.infer<S>>;
  put<S extends z.ZodType>(path: string, shape: Shape<S>, call?: Call): Promise<z.infer<S>>;
  patch<S extends z.ZodType>(path: string, shape: Shape<S>, call?: Call): Promise<z.infer<S>>;
  delete<S extends z.ZodType>(path: string, shape: Shape<S>, call?: Call): Promise<z.infer<S>>;
};

/** `path` is below /api/v1 and has no leading slash: `nodes/3f2a/config`. Put ids through encodeURIComponent. */
export function createHttp(
  options: {
    baseUrl?: string;
    headers?: Record<string, string>;
    onServerTime?: (epochMs: number) => void;
    /** asks the person for the second factor again; true: it was shown, and the request is repeated */
    showFactor?: (problem: ProblemError) => Promise<boolean>;
  } = {},
): Http {
  const send =
    (method: string) =>
    async <S extends z.ZodType>(path: string, shape: Shape<S>, call: Call = {}): Promise<z.infer<S>> => {
      try {
        return await once(method)(path, shape, call);
      } catch (error) {
        const asks = isProblemError(error) && error.code === 'auth.second-factor-needed';
        if (!asks || !options.showFactor || !(await options.showFactor(error))) throw error;
        return once(method)(path, shape, call);
      }
    };
  const once =
    (method: string) =>
    async <S extends z.ZodType>(path: string, shape: Shape<S>, call: Call = {}): Promise<z.infer<S>> => {
      const url = `${options.baseUrl ?? ''}/api/v1/${path}${queryString(call.query)}`;
      const timeout = AbortSignal.timeout(call.timeoutMs ?? 15_000);
      const headers: Record<string, string> = { accept: 'application/json', ...options.headers, ...call.headers };
      if (call.body !== undefined) headers['content-type'] = 'application/json';
      const schema = typeof shape === 'function' ? part(shape()) : shape;
      // awaited when the answer is here; a failure before that is said then
      if (schema instanceof Promise) schema.catch(() => undefined);
      let response: Response;
      let text: string;
      try {
        response = await fetch(url, {
          method,
          headers,
          credentials: 'same-origin',
          signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
          ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        });
        text = await response.text();
      } catch (cause) {
        if (call.signal?.aborted) throw cause;
        throw unreachable(cause, timeout.aborted);
      }
      const serverTime = Date.parse(response.headers.get('date') ?? '');
      if (options.onServerTime && !Number.isNaN(serverTime)) options.onServerTime(serverTime);
      return readAnswer(`${method} ${path}`, response, text, schema);
    };
  return { get: send('GET'), post: send('POST'), put: send('PUT'), patch: send('PATCH'), delete: send('DELETE') };
}

const timeListeners = new Set<(epochMs: number) => void>();
/** The console's clock as of its newest answer, to the second: ages on the page are counted by it, not by the browser's. */
export function onServerTime(listener: (epochMs: number) => void): () => void {
  timeListeners.add(listener);
  return () => timeListeners.delete(listener);
}

export function noteServerTime(epochMs: number): void {
  for (const listener of timeListeners) listener(epochMs);
}

type FactorAsker = (problem: ProblemError) => Promise<boolean>;
let factorAsker: FactorAsker | null = null;
/** Who asks for a second factor when the console wants it fresh; one at a time: the page's shell. */
export function onFactorNeeded(asker: FactorAsker): () => void {
  factorAsker = asker;
  return () => {
    if (factorAsker === asker) factorAsker = null;
  };
}

/** The console this page came from. */
export const api: Http = createHttp({
  showFactor: async (problem) => (factorAsker ? factorAsker(problem) : false),
  onServerTime: noteServerTime,
});

async function readAnswer<S extends z.ZodType>(
  what: string,
  response: Response,
  text: string,
  awaited: S | Promise<S>,
): Promise<z.infer<S>> {
  const json = parseJson(text);
  if (!response.ok) {
    const { problemSchema } = await part(import('#shared/errors.ts'));
    const problem = problemSchema.safeParse(json);
    if (problem.success) {
      const { code, title, detail, status, errors } = problem.data;
      throw new ProblemError({ code, title, detail, status, fields: errors ?? [] });
    }
    throw new ProblemError({
      code: response.status >= 500 ? 'client.unreachable' : 'client.bad-answer',
      title: 'The console gave an answer that cannot be read',
      detail: `${what} was answered with HTTP ${response.status} and no problem details. A proxy in between may have answered instead of the console.`,
      status: response.status,
    });
  }
  const schema = await awaited;
  const parsed = schema.safeParse(json ?? null);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw new ProblemError({
    code: 'client.bad-answer',
    title: 'The console gave an answer of another shape',
    detail: `${what}: ${first ? `${first.path.join('.') || 'the answer'}: ${first.message}` : 'not as agreed'}. Reload the page; it may be older than the console.`,
    status: response.status,
    cause: parsed.error,
  });
}

/** A part of this page that is fetched late may be gone: the console was replaced meanwhile. */
async function part<T>(loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    throw new ProblemError({
      code: 'client.bad-answer',
      title: 'This page is older than the console',
      detail: 'A part of this page cannot be fetched any more. Reload the page.',
      status: null,
      cause,
    });
  }
}

const unreachable = (cause: unknown, timedOut: boolean) =>
  new ProblemError({
    code: 'client.unreachable',
    title: 'The console does not answer',
    detail: timedOut
      ? 'The console did not answer in time. Runs go on without this page; nodes with an armed timer restore themselves.'
      : 'The console cannot be reached. Runs go on without this page; nodes with an armed timer restore themselves.',
    status: null,
    cause,
  });

function queryString(query: Call['query']): string {
  const entries = Object.entries(query ?? {}).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined);
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries.map(([key, value]) => [key, String(value)]))}`;
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // readAnswer says what is wrong: it sees undefined where the schema wants more
    return undefined;
  }
}
