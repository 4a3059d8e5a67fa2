import { createHttp, type Http, isProblemError, type ProblemError } from '#client/http.ts';
import type { Answer, ExitCode } from './answer.ts';
import type { Io } from './command.ts';

export type Console = { http: Http; url: string };

/** The console cannot be asked at all: where it is, or who asks, was not said. */
class NoConsole extends Error {
  constructor() {
    super('set HEADROOM_URL to the console, like https://headroom.example, and HEADROOM_TOKEN to an API token of it (Settings, Tokens)');
    this.name = 'NoConsole';
  }
}

/** Throws when HEADROOM_URL or HEADROOM_TOKEN are not set. */
export function openConsole({ env }: Pick<Io, 'env'>): Console {
  const { HEADROOM_URL: address, HEADROOM_TOKEN: token } = env;
  if (!address || !token) throw new NoConsole();
  const url = address.replace(/\/$/, '');
  return { url, http: createHttp({ baseUrl: url, headers: { authorization: `Bearer ${token}` } }) };
}

/** What to do, where the console's own sentence speaks to somebody at a page. */
const DO: Record<string, string> = {
  'client.unreachable': 'is HEADROOM_URL right, and does the console run there? curl -i $HEADROOM_URL/api/v1/fleet says what answers',
  'client.bad-answer':
    'this command line and the console are of different versions, or something between them answers: is HEADROOM_URL right?',
  'auth.required': 'HEADROOM_TOKEN is not one of its tokens, or it is revoked or expired: make another one (Settings, Tokens)',
  'auth.forbidden': 'use a token with a role that may (Settings, Tokens)',
  'auth.second-factor-needed': 'do it at the console’s pages, where a second factor can be shown',
  'request.rate-limited': 'wait a little and ask again',
  'runs.stopped': 'headroom runs ls says who stopped them and why; headroom runs allow lets them go on',
  'run.closed': 'wait for the window to open, or say --override REASON with a token that may',
  'selector.no-match': 'headroom nodes ls SELECTOR shows what a selector matches',
  'selector.invalid': 'headroom nodes ls SELECTOR shows what a selector matches',
  'runbook.not-found': 'headroom help runs start lists the built-in ones; the others are at /runbooks',
  'run.not-found': 'headroom runs ls lists them',
  'node.not-found': 'headroom nodes ls lists them',
  'incident.not-found': 'headroom incidents ls --all lists them',
  'ssh.host-key-unknown': 'compare and approve its host key at the node’s page',
};

function exitOf({ code, status }: Pick<ProblemError, 'code' | 'status'>): ExitCode {
  if (code.startsWith('auth.') || code.startsWith('client.')) return 4;
  return status !== null && (status >= 500 || status === 401 || status === 403 || status === 429) ? 4 : 2;
}

/** A failed call as code, words and what to do; null: it is another kind of error. */
export function complaint(error: unknown): Answer | null {
  if (error instanceof NoConsole) return { lines: [`headroom: ${error.message}`], code: 2, error: true };
  if (!isProblemError(error)) return null;
  const { code, title, detail, fields } = error;
  const words =
    code === 'client.unreachable' && error.status === null
      ? 'no answer came; runs go on without it'
      : detail.replace(/ Reload the page.*$/, '');
  return {
    lines: [
      `headroom: ${title} (${code})`,
      `  ${words}`,
      ...fields.map(({ path, message }) => `  ${path || 'the request'}: ${message}`),
      ...(DO[code] === undefined ? [] : [`  → ${DO[code]}`]),
    ],
    code: exitOf(error),
    error: true,
  };
}

/** What is over by itself: a console that is started anew, or was asked too often. */
export const isPassing = ({ code, status }: Pick<ProblemError, 'code' | 'status'>): boolean =>
  code === 'client.unreachable' || status === 429 || (status !== null && status >= 500);

export const segment = (id: string): string => encodeURIComponent(id);
