import type { Duplex } from 'node:stream';
import { ScrapeFailure } from './failure.ts';
import { type Head, type Reader, Response } from './response.ts';

type Asked<T> = { path: string; deadlineMs: number; begin(head: Head): Reader<T> };

/** One question and what becomes of it, whatever its answer holds. */
type Exchange = {
  push(data: Buffer): void;
  /** the other side ended, orderly or with an error */
  end(error: Error | null): void;
  fail(error: unknown): void;
};

/**
 * HTTP/1.1 to one node over one connection: opened when it is needed, kept between questions, one question at a time. A question ends in every
 * case: answer, failure or deadline. A kept connection that the other side closed meanwhile is replaced once.
 */
export class Line {
  readonly #open: () => Promise<Duplex>;
  readonly #host: string;
  #socket: Duplex | null = null;
  #exchange: Exchange | null = null;
  #closed = false;

  /** `host`: of the Host field, with its port. `open` fails in words, by ScrapeFailure or HeadroomError, and within the deadline or nobody waits. */
  constructor(host: string, open: () => Promise<Duplex>) {
    this.#host = host;
    this.#open = open;
  }

  get host(): string {
    return this.#host;
  }

  /** GET. Throws ScrapeFailure, what `open` throws, and the system's errors of a connection. */
  async get<T>(asked: Asked<T>): Promise<T> {
    const endsAt = performance.now() + asked.deadlineMs;
    const answer = await this.#ask(asked, endsAt);
    const again = answer === 'again' ? await this.#ask(asked, endsAt) : answer;
    if (again === 'again') throw new ScrapeFailure('reset', `The connection to ${this.#host} was closed before the answer.`);
    return again.value;
  }

  close(): void {
    this.#closed = true;
    this.#exchange?.fail(new ScrapeFailure('timeout', 'The request was given up because the console stops.'));
    this.#drop();
  }

  #ask<T>({ path, deadlineMs, begin }: Asked<T>, endsAt: number): Promise<{ value: T } | 'again'> {
    return new Promise((resolve, reject) => {
      const response = new Response(begin);
      const reused = this.#socket !== null;
      let over = false;
      const finish = () => {
        over = true;
        clearTimeout(timer);
        if (this.#exchange === exchange) this.#exchange = null;
      };
      const settle = (): boolean => {
        if (!response.done) return false;
        finish();
        if (!response.keepAlive) this.#drop();
        resolve(response.done);
        return true;
      };
      const exchange: Exchange = {
        push: (data) => {
          try {
            response.push(data);
            settle();
          } catch (error) {
            exchange.fail(error);
          }
        },
        end: (error) => {
          try {
            if (error === null && response.end() && settle()) return;
          } catch (failure) {
            return exchange.fail(failure);
          }
          if (response.begun)
            return exchange.fail(new ScrapeFailure('truncated', `${this.#host} closed the connection in the middle of the answer.`));
          if (!reused) return exchange.fail(error ?? new ScrapeFailure('reset', `${this.#host} closed the connection before the answer.`));
          finish();
          this.#drop();
          resolve('again');
        },
        fail: (error) => {
          if (over) return;
          finish();
          this.#drop();
          reject(error);
        },
      };
      const late = () => exchange.fail(new ScrapeFailure('timeout', `${this.#host} did not answer in full within ${deadlineMs / 1000} s.`));
      // when the console itself was stopped or busy, what has arrived meanwhile is read first
      const timer = setTimeout(() => setImmediate(() => setImmediate(late)), Math.max(1, endsAt - performance.now()));
      if (this.#closed) return exchange.fail(new ScrapeFailure('timeout', 'The request was given up because the console stops.'));
      this.#exchange = exchange;
      const request = `GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${FIELDS}`;
      if (this.#socket) this.#socket.write(request, 'latin1');
      else
        this.#open().then(
          (socket) => {
            if (over) return void silenced(socket).destroy();
            this.#keep(socket);
            socket.write(request, 'latin1');
          },
          (error: unknown) => exchange.fail(error),
        );
    });
  }

  #keep(socket: Duplex): void {
    this.#socket = socket;
    const ended = (error: Error | null) => {
      if (this.#socket !== socket) return;
      const exchange = this.#exchange;
      if (!exchange) return this.#drop();
      this.#socket = null;
      silenced(socket).destroy();
      exchange.end(error);
    };
    socket.on('data', (data: Buffer) => {
      if (this.#socket !== socket) return;
      // nobody asked for it
      if (!this.#exchange) return this.#drop();
      this.#exchange.push(data);
    });
    socket.on('end', () => ended(null));
    socket.on('close', () => ended(null));
    socket.on('error', (error: Error) => ended(error));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) silenced(socket).destroy();
  }
}

/** What happens to a connection that was given up is of no interest to anyone. */
function silenced(socket: Duplex): Duplex {
  socket.removeAllListeners('data');
  socket.on('error', () => undefined);
  return socket;
}

const FIELDS = [
  'Accept: application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=1,*/*;q=0.1',
  'Accept-Encoding: identity',
  'User-Agent: headroom',
  'Connection: keep-alive',
  '',
  '',
].join('\r\n');
