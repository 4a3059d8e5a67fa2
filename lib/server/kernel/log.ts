import { AsyncLocalStorage } from 'node:async_hooks';
import { type Logger, pino } from 'pino';

export type Log = Logger;

/** The request that is being answered: every line that is written for it, also by the engine that it set going, carries its id. */
export const requestScope = new AsyncLocalStorage<{ request: string }>();

const CENSORED = ['privateKey', 'password', 'token', 'authorization', 'cookie', 'secret', 'connectionString', 'apiKey'];

/** JSON lines on stdout, or readable ones on a terminal. Secrets are never passed to it. */
export function createLog(options: { level: string; pretty: boolean }): Log {
  return pino({
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => requestScope.getStore() ?? {},
    redact: { paths: CENSORED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    ...(options.pretty && { transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' } } }),
  });
}
