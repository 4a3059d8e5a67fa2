import { ScrapeFailure } from './failure.ts';

/** Of one answer: what is allowed before it is given up. Ours have a head of some 200 bytes. */
const MAX_HEAD = 16 * 1024;
const MAX_FIELDS = 100;
const MAX_INTERIM = 4;
/** Of a line that announces a chunk, with its extensions. */
const MAX_CHUNK_LINE = 256;

export type Head = { status: number; field(name: string): string | null };
export type Reader<T> = { onChunk(chunk: Buffer): void; onEnd(): T };

const CR = 0x0d;
const LF = 0x0a;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const STATUS = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * One HTTP/1.1 answer (RFC 9112) as it arrives, in any cutting: its body goes to the reader piece by piece and is never held. Strict where
 * an answer could be read in two ways: those fail. Throws ScrapeFailure, also those of the reader.
 */
export class Response<T> {
  readonly #begin: (head: Head) => Reader<T>;
  #state: 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailer' | 'rest' | 'done' = 'head';
  #held: Buffer | null = null;
  #reader: Reader<T> | null = null;
  #left = 0;
  #interim = 0;
  #trailer = 0;
  #value: { value: T } | null = null;
  /** the connection may carry another answer after this one */
  keepAlive = false;

  constructor(begin: (head: Head) => Reader<T>) {
    this.#begin = begin;
  }

  /** Set once the answer is complete. */
  get done(): { value: T } | null {
    return this.#value;
  }

  get begun(): boolean {
    return this.#state !== 'head' || this.#held !== null;
  }

  push(arrived: Buffer): void {
    let data: Buffer = this.#held ? Buffer.concat([this.#held, arrived]) : arrived;
    this.#held = null;
    while (data.length > 0) {
      if (this.#state === 'done') {
        // more than was announced: whatever it is, it is no answer to a later question
        this.keepAlive = false;
        return;
      }
      const taken = this.#take(data);
      if (taken === 0) {
        this.#held = data;
        return;
      }
      data = data.subarray(taken);
    }
  }

  /** The other side will send nothing more. False: the answer is not complete. */
  end(): boolean {
    if (this.#state === 'rest') this.#finish();
    return this.#state === 'done';
  }

  /** How many bytes were taken; 0: more are needed. */
  #take(data: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(data);
      case 'chunk-line':
        return this.#takeChunkLine(data);
      case 'chunk-end':
        if (data.length < 2) return 0;
        if (data[0] !== CR || data[1] !== LF) throw malformed('a chunk is longer than it says');
        this.#state = 'chunk-line';
        return 2;
      case 'trailer':
        return this.#takeTrailer(data);
      case 'rest':
        this.#reader?.onChunk(data);
        return data.length;
      default:
        return this.#takeBody(data);
    }
  }

  #takeBody(data: Buffer): number {
    const part = data.length > this.#left ? data.subarray(0, this.#left) : data;
    this.#left -= part.length;
    this.#reader?.onChunk(part);
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end';
      else this.#finish();
    }
    return part.length;
  }

  #takeHead(data: Buffer): number {
    const end = data.indexOf(END_OF_HEAD);
    if (end > MAX_HEAD || (end === -1 && data.length > MAX_HEAD)) throw malformed('its head is longer than 16 KiB');
    if (end === -1) {
      // what is not HTTP is not waited for
      if (!'HTTP/1.'.startsWith(data.toString('latin1', 0, 7))) throw malformed('it does not begin with "HTTP/1."');
      return 0;
    }
    const [first = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
    const [, minor, code] = STATUS.exec(first) ?? [];
    if (code === undefined) throw malformed(`it begins with ${JSON.stringify(first.slice(0, 40))}`);
    const fields = readFields(lines);
    const status = Number(code);
    if (status < 200) {
      if (status === 101 || ++this.#interim > MAX_INTERIM) throw malformed(`it answered with status ${status}`);
      return end + END_OF_HEAD.length;
    }
    const connection = (fields.get('connection') ?? '').toLowerCase();
    this.keepAlive = minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
    this.#frame(fields, status, minor === '1');
    this.#reader = this.#begin({ status, field: (name) => fields.get(name) ?? null });
    if (this.#state === 'length' && this.#left === 0) this.#finish();
    return end + END_OF_HEAD.length;
  }

  /** Where the body ends (RFC 9112, 6.3). */
  #frame(fields: ReadonlyMap<string, string>, status: number, transfer: boolean): void {
    const [coding, length] = [fields.get('transfer-encoding'), fields.get('content-length')];
    this.#left = 0;
    if (coding !== undefined) {
      if (!transfer || length !== undefined || coding.toLowerCase() !== 'chunked')
        throw malformed('where its body ends can be read in two ways');
      this.#state = 'chunk-line';
    } else if (status === 204 || status === 304) this.#state = 'length';
    else if (length === undefined) {
      this.#state = 'rest';
      this.keepAlive = false;
    } else {
      if (!/^\d{1,15}$/.test(length)) throw malformed(`its length is ${JSON.stringify(length.slice(0, 40))}`);
      this.#state = 'length';
      this.#left = Number(length);
    }
  }

  #takeChunkLine(data: Buffer): number {
    const end = data.indexOf(LF);
    if (end > MAX_CHUNK_LINE || (end === -1 && data.length > MAX_CHUNK_LINE)) throw malformed('a chunk announces itself at length');
    if (end === -1) return 0;
    const [, size] = /^([0-9a-f]{1,8})[ \t]*(?:;[\t\x20-\x7e]*)?\r$/i.exec(data.toString('latin1', 0, end)) ?? [];
    if (size === undefined) throw malformed(`a chunk begins with ${JSON.stringify(data.toString('latin1', 0, Math.min(end, 40)))}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    return end + 1;
  }

  /** Fields behind the last chunk say nothing to us; an empty line ends them. */
  #takeTrailer(data: Buffer): number {
    const end = data.indexOf(LF);
    this.#trailer += end === -1 ? 0 : end;
    if (this.#trailer > MAX_HEAD || data.length > MAX_HEAD * 4) throw malformed('its trailer is longer than 16 KiB');
    if (end === -1) return 0;
    if (data[end - 1] !== CR) throw malformed('its trailer has a line without CR');
    if (end === 1) this.#finish();
    return end + 1;
  }

  #finish(): void {
    this.#state = 'done';
    if (this.#reader) this.#value = { value: this.#reader.onEnd() };
  }
}

function readFields(lines: readonly string[]): Map<string, string> {
  if (lines.length > MAX_FIELDS) throw malformed(`its head has more than ${MAX_FIELDS} fields`);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const key = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = withoutBlanks(line.slice(colon + 1));
    if (!NAME.test(key) || !VALUE.test(value)) throw malformed(`its head has the line ${JSON.stringify(line.slice(0, 40))}`);
    const before = fields.get(key);
    if (before !== undefined && before !== value && (key === 'content-length' || key === 'transfer-encoding'))
      throw malformed(`it says ${key} twice`);
    fields.set(key, value);
  }
  return fields;
}

/** Without the blanks and tabs around it. One pattern for a whole field is tried in length³ ways, and a node chooses the length. */
function withoutBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t';
  let [from, to] = [0, text.length];
  while (from < to && isBlank(from)) from++;
  while (to > from && isBlank(to - 1)) to--;
  return text.slice(from, to);
}

const malformed = (what: string) => new ScrapeFailure('malformed', `The metrics port did not answer in HTTP: ${what}.`);
