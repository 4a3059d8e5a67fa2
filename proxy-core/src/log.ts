import type { Writable } from 'node:stream';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Fields = Record<string, string | number | boolean | null | undefined>;

const FLUSH_MS = 50;
/** Flushed earlier when this much waits. */
const FLUSH_CHARS = 64 * 1024;
/** A reader that leaves this much unread loses lines, and is told how many. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** Lines on one stream, written in batches so that a connection costs no system call of its own. */
class Lines {
  readonly #out: Writable;
  #pending = '';
  #timer: NodeJS.Timeout | null = null;
  dropped = 0;
  constructor(out: Writable) {
    this.#out = out;
    out.on('error', () => {}); // a closed log must not end the proxy
  }
  write(line: string): void {
    if (this.#out.writableLength > MAX_PENDING_BYTES) {
      this.dropped += 1;
      return;
    }
    this.#pending += `${line}\n`;
    if (this.#pending.length > FLUSH_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending === '') return;
    this.#out.write(this.#pending);
    this.#pending = '';
  }
}

/** JSON or text lines: errors and warnings on stderr, the rest and the access log on stdout. */
export class Log {
  #level: number;
  #format: 'json' | 'text';
  #stamped = '';
  #stampedAt = 0;
  readonly #out: Lines;
  readonly #err: Lines;

  constructor(options: { level: LogLevel; format: 'json' | 'text'; out?: Writable; err?: Writable }) {
    this.#level = LOG_LEVELS.indexOf(options.level);
    this.#format = options.format;
    this.#out = new Lines(options.out ?? process.stdout);
    this.#err = new Lines(options.err ?? process.stderr);
  }

  configure(level: LogLevel, format: 'json' | 'text'): void {
    this.#level = LOG_LEVELS.indexOf(level);
    this.#format = format;
  }

  get dropped(): number {
    return this.#out.dropped + this.#err.dropped;
  }

  error(message: string, fields?: Fields): void {
    this.#emit(0, message, fields);
  }
  warn(message: string, fields?: Fields): void {
    this.#emit(1, message, fields);
  }
  info(message: string, fields?: Fields): void {
    this.#emit(2, message, fields);
  }
  debug(message: string, fields?: Fields): void {
    this.#emit(3, message, fields);
  }

  flush(): void {
    this.#out.flush();
    this.#err.flush();
  }

  #emit(level: number, message: string, fields: Fields = {}): void {
    if (level > this.#level) return;
    const time = this.#stamp();
    const word = LOG_LEVELS[level] ?? 'info';
    const line =
      this.#format === 'json'
        ? jsonLine(`{"time":"${time}","level":"${word}","msg":${JSON.stringify(message)}`, fields)
        : `${time} ${word} ${message}${Object.entries(fields)
            .map(([key, value]) => (value === undefined ? '' : ` ${key}=${typeof value === 'string' ? JSON.stringify(value) : value}`))
            .join('')}`;
    (level <= 1 ? this.#err : this.#out).write(line);
  }

  /** Written once a millisecond: it costs as much as the rest of a line. */
  #stamp(): string {
    const now = Date.now();
    if (now !== this.#stampedAt) this.#stamped = new Date(now).toISOString();
    this.#stampedAt = now;
    return this.#stamped;
  }
}

function jsonLine(head: string, fields: Fields): string {
  const rest = JSON.stringify(fields);
  return rest === '{}' ? `${head}}` : `${head},${rest.slice(1)}`;
}
