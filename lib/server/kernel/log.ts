import { type Logger, pino } from 'pino';

export type Log = Logger;

/** JSON lines on stdout, or readable ones on a terminal. Secrets are never passed to it. */
export function createLog(options: { level: string; pretty: boolean }): Log {
  return pino({
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['*.privateKey', '*.password', '*.token', '*.authorization', '*.cookie'], censor: '[redacted]' },
    ...(options.pretty && { transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' } } }),
  });
}
