import type { HeadroomError } from '#server/kernel/errors.ts';
import { ERROR_CODES, type ErrorCode, type Problem } from '#shared/errors.ts';

type Fields = Problem['errors'];

/** RFC 9457. `detail` is for a person; programs match on `code`. */
export function problemResponse(code: ErrorCode, detail: string, fields?: Fields, headers?: Record<string, string>): Response {
  const { status, title } = ERROR_CODES[code];
  const problem: Problem = { type: `urn:headroom:problem:${code}`, title, status, code, detail, ...(fields && { errors: fields }) };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });
}

export function errorResponse(error: HeadroomError): Response {
  const headers = error.status === 429 || error.status === 503 ? { 'retry-after': '5' } : undefined;
  return problemResponse(error.code, error.message, error.fields, headers);
}

/** As an Alertmanager says it (api/v2/openapi.yaml): a JSON string, 400 for whatever was not taken. amtool shows nothing of any other shape. */
export async function asAlertmanagerError(problem: Response): Promise<Response> {
  if (problem.status === 401 || problem.status === 403) return problem;
  const { detail }: Problem = await problem.json();
  const status = problem.status === 404 ? 404 : problem.status < 500 ? 400 : 500;
  return new Response(JSON.stringify(detail), { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}
