import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { headroom } from '#cli/headroom.ts';
import { ERROR_CODES, type ErrorCode } from '#shared/errors.ts';

export type Asked = { route: string; query: Record<string, string>; body: unknown; key: string | null };
type Reply = { status?: number; body: unknown };
/** `GET runs/r_1` → what is answered; a list is answered one after the other, its last one again and again. */
export type Script = Record<string, unknown[] | ((asked: Asked) => unknown)>;

/** An answer that is a refusal. */
export const problem = (code: ErrorCode, detail: string, errors?: { path: string; message: string }[]): Reply & { refusal: true } => {
  const { status, title } = ERROR_CODES[code];
  return { refusal: true, status, body: { type: `/help/troubleshooting#${code}`, title, status, code, detail, ...(errors && { errors }) } };
};
const isReply = (value: unknown): value is Reply => typeof value === 'object' && value !== null && 'refusal' in value;

/** A console that answers by a script over real HTTP, and the command line that asks it. Time stands still unless a command sleeps. */
export async function scriptedConsole(t: TestContext, script: Script) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://console');
    const text = Buffer.concat(await request.toArray()).toString();
    const route = `${request.method} ${url.pathname.replace('/api/v1/', '')}`;
    const key = request.headers['idempotency-key'];
    const one: Asked = {
      route,
      query: Object.fromEntries(url.searchParams),
      body: text === '' ? null : JSON.parse(text),
      key: typeof key === 'string' ? key : null,
    };
    asked.push(one);
    const answer =
      request.headers.authorization === 'Bearer hr_good'
        ? next(script[route], one)
        : problem('auth.required', 'the token is not known: send a valid one');
    if (answer === HANG_UP) return response.destroy();
    const { status = 200, body } = isReply(answer) ? answer : { body: answer };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const next = (answers: Script[string] | undefined, one: Asked): unknown => {
    if (typeof answers === 'function') return answers(one);
    if (answers === undefined) return problem('request.not-found', `the script has no ${one.route}`);
    return answers.length > 1 ? answers.shift() : answers[0];
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const env = { HEADROOM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, HEADROOM_TOKEN: 'hr_good' };
  const leaving = new AbortController();
  const notes: string[] = [];
  const said: string[] = [];
  let now = NOW;
  /** `onSleep` is called before each sleep, with how many there were. */
  const cli = async (words: string[], asks: { terminal?: boolean; token?: string; onSleep?: (nth: number) => void } = {}) => {
    notes.length = 0;
    said.length = 0;
    let slept = 0;
    const answer = await headroom(words, {
      env: { ...env, HEADROOM_TOKEN: asks.token ?? env.HEADROOM_TOKEN },
      terminal: asks.terminal ?? true,
      say: (line) => said.push(line),
      note: (line) => notes.push(line),
      now: () => now,
      sleep: async (ms) => {
        now += ms;
        asks.onSleep?.(++slept);
      },
      interrupted: leaving.signal,
    });
    return { ...answer, text: answer.lines.join('\n') };
  };
  return { cli, asked, notes, said, interrupt: () => leaving.abort(), url: env.HEADROOM_URL.slice(0, -1) };
}

/** The script's answer where the connection breaks. */
export const HANG_UP = Symbol('hang up');
export const NOW = Date.parse('2026-11-17T14:32:00.000Z');
