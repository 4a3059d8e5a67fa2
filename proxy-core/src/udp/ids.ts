import { LONG_FORM, readLongHeader, shortId } from '../quic/invariants.ts';
import { type FlowTable, MIN_ID_BYTES } from './flow-table.ts';

/** Of each side's connection ids; the oldest is forgotten. A client says how many it takes at a time, two or more (RFC 9000 18.2). */
const MAX_IDS = 8;

/**
 * The last four bytes of a short header's id, as a number: cheap to compare, and the part that differs where ids begin with the name of a
 * server. Less than 0 where there is no such id.
 */
const endOf = (datagram: Buffer, length: number): number =>
  length >= MIN_ID_BYTES && datagram.length > length ? datagram.readUInt32BE(1 + length - MIN_ID_BYTES) : -2;

/**
 * The connection ids that lead to a flow. The server gives some in the handshake, where all can read them, and others later, in secret: those
 * are learnt when the client uses them from an address that is known to be its own.
 */
export class FlowIds<Flow> {
  readonly #table: FlowTable<Flow, { readonly flow: Flow }>;
  readonly #flow: Flow;
  readonly #fromServer: string[] = [];
  readonly #fromClient: string[] = [];
  /** of both, those that the table has from this flow; another one is another flow's */
  readonly #listed = new Set<string>();
  /** bytes of the ids that the server chooses; null until it has chosen one */
  #length: number | null = null;
  /** of the id that the client used last */
  #lastEnd = -1;

  constructor(table: FlowTable<Flow, { readonly flow: Flow }>, flow: Flow) {
    this.#table = table;
    this.#flow = flow;
  }

  /** Whether a short header has the id that the last one had. */
  isLast(datagram: Buffer): boolean {
    return this.#lastEnd >= 0 && (datagram[0] ?? 0) < LONG_FORM && endOf(datagram, this.#length ?? 0) === this.#lastEnd;
  }

  /** Whether it is one of this flow's: two servers may choose the same, and then the client's address tells which is meant. */
  has(id: string): boolean {
    return this.#fromServer.includes(id) || this.#fromClient.includes(id);
  }

  hasShort(datagram: Buffer): boolean {
    const id = this.#length === null || this.#length === 0 ? null : shortId(datagram, this.#length);
    return id !== null && this.has(id);
  }

  /** A server's Initial, Handshake and Retry packets say which id it wants to be spoken to by (RFC 9000 7.2). */
  learnFromServer(datagram: Buffer): void {
    const header = readLongHeader(datagram);
    // A Version Negotiation packet repeats what the client sent.
    if (header === null || header.version === 0) return;
    this.#length = header.scid.length;
    if (this.#fromServer.includes(header.scid) || this.#fromServer.length >= MAX_IDS) return;
    this.#fromServer.push(header.scid);
    this.#list(header.scid);
  }

  /**
   * True when the client uses an id that only the server can have given it, so that it receives at its address (RFC 9000 8.1 asks for ids of
   * 64 bits for that; here no more hangs on it than a place in a table). New ones are learnt when `known`: it has shown that before.
   */
  provedBy(datagram: Buffer, known: boolean): boolean {
    if (this.#length === null || this.isLast(datagram)) return false;
    const isLong = (datagram[0] ?? 0) >= LONG_FORM;
    if (this.#length === 0) return !isLong;
    if (isLong) return !known && this.#fromServer.includes(readLongHeader(datagram)?.dcid ?? '');
    const id = shortId(datagram, this.#length);
    if (id === null) return false;
    const isOurs = this.has(id);
    if (!isOurs && known && this.#list(id)) {
      this.#fromClient.push(id);
      if (this.#fromClient.length > MAX_IDS) this.#unlist(this.#fromClient.shift() ?? '');
    }
    if (isOurs || known) this.#lastEnd = endOf(datagram, this.#length);
    return isOurs;
  }

  clear(): void {
    for (const id of this.#listed) this.#table.removeId(id);
    this.#listed.clear();
  }

  #list(id: string): boolean {
    if (!this.#table.addId(id, this.#flow)) return false;
    this.#listed.add(id);
    return true;
  }

  #unlist(id: string): void {
    if (this.#listed.delete(id)) this.#table.removeId(id);
  }
}
