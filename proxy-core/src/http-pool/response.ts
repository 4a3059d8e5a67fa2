import { HttpBody, type HttpResponse, readHttpResponse } from '../parse/http-message.ts';
import { responseHead } from './rewrite.ts';

const NOTHING = Buffer.alloc(0);
/** Interim responses before the final one. */
const MAX_INTERIM = 32;

/** One response on its way from the backend to the client: heads are read and written anew, the body passes unchanged. */
export class ResponseRelay {
  readonly #method: string;
  #pending: Buffer = NOTHING;
  #head: HttpResponse | null = null;
  #body: HttpBody | null = null;
  #interim = 0;
  #overrun = false;
  /** bytes of an answer have come */
  began = false;
  /** the client has been given some of it */
  toldClient = false;
  switched = false;
  /** What comes is no response that two parsers would end at the same byte. `rest` begins where it ceases to be one. */
  broken = false;
  /** the backend signs in connections, so this one is its client's alone */
  isPrivate = false;

  constructor(method: string) {
    this.#method = method;
  }

  /** What the client gets of these bytes. `closes`: nothing will follow this response. */
  take(bytes: Buffer, closes: boolean): Buffer {
    this.began = true;
    const out: Buffer[] = [];
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#body === null && !this.switched && !this.broken) {
      const head = readHttpResponse(this.#pending, this.#method);
      this.broken = head === 'malformed';
      if (typeof head === 'string') break;
      const raw = this.#pending.subarray(0, head.length);
      this.#pending = this.#pending.subarray(head.length);
      const isInterim = head.status < 200 && head.status !== 101;
      if (isInterim) this.#interim += 1;
      out.push(responseHead(head, raw, !isInterim && (closes || endsClient(head))));
      if (isInterim) {
        this.broken = this.#interim > MAX_INTERIM;
        continue;
      }
      this.#head = head;
      this.switched = head.status === 101;
      this.isPrivate = head.fields.some(
        ([name, value]) => /^(?:www|proxy)-authenticate$/i.test(name) && /\b(?:ntlm|negotiate)\b/i.test(value),
      );
      if (!this.switched) this.#body = new HttpBody(head.body);
    }
    if (this.#body !== null && this.#pending.length > 0) {
      const taken = this.#body.take(this.#pending);
      if (taken === null) this.broken = true;
      else {
        out.push(this.#pending.subarray(0, taken));
        this.#overrun ||= taken < this.#pending.length;
        this.#pending = NOTHING;
      }
    }
    if (out.length > 0) this.toldClient = true;
    return out.length === 1 ? (out[0] ?? NOTHING) : Buffer.concat(out);
  }

  /** the final one */
  get hasHead(): boolean {
    return this.#head !== null;
  }

  get done(): boolean {
    return this.#body?.done ?? false;
  }

  /** what has come and is not the client's yet */
  get rest(): Buffer {
    return this.#pending;
  }

  /** its end is that of the connection */
  get endsWithConnection(): boolean {
    return this.#head?.body.kind === 'close' && !this.switched;
  }

  /** the client's connection does not go on after it */
  get endsClient(): boolean {
    return this.#head === null || endsClient(this.#head);
  }

  /** Whole, from a backend that goes on, and nothing came behind it. */
  get mayReuse(): boolean {
    return this.done && this.#head?.keepsAlive === true && !this.#overrun;
  }
}

/** The backend says that it ends, as it would say without a proxy; or the version leaves that open. */
const endsClient = ({ keepsAlive }: HttpResponse): boolean => !keepsAlive;
