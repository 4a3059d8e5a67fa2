import type dgram from 'node:dgram';
import type { HostPort } from '../contract/addresses.ts';
import { connectUpstream, createUpstream, isCongested } from './socket.ts';

/** Where a client's datagrams come from, and the listener that they came to. */
export type ClientAddress = {
  readonly listener: dgram.Socket;
  readonly host: string;
  readonly port: number;
  /** listener, host and port as a key */
  readonly tuple: string;
};

/** RFC 9000 8.1: before an address is validated it gets at most so many times what came from it. */
const AMPLIFICATION = 3;
/** A client that has answered so often to what was sent to its address receives there. */
const PROVING_TURNS = 2;

/** The flow that a path belongs to. */
export type PathOwner<P> = {
  answered(path: P, datagram: Buffer): void;
  failed(error: Error): void;
  socketOpened(): void;
  socketClosed(): void;
};

/**
 * One address of a client and the socket that speaks for it to the backend. A client that moves gets another one, so that its backend sees
 * the move as it would without this proxy, and does the checks of RFC 9000 9 itself.
 */
export class Path<Flow extends PathOwner<Path<Flow>>> {
  readonly flow: Flow;
  readonly client: ClientAddress;
  /** its client was elsewhere before, and knows the ids that would prove another's address */
  readonly moved: boolean;
  /** bytes, all that count for the amplification limit */
  fromClient = 0;
  toClient = 0;
  /** datagrams of the client, and of the backend on this path's socket */
  heard = 0;
  answers = 0;
  heardAt: number;
  answeredAt = 0;
  /** the client receives at this address */
  proven = false;
  #turns = 0;
  #sentSince = false;
  #upstream: dgram.Socket | null = null;
  #ready = false;

  constructor(flow: Flow, client: ClientAddress, now: number, moved: boolean) {
    this.flow = flow;
    this.client = client;
    this.moved = moved;
    this.heardAt = now;
  }

  open(backend: HostPort): void {
    const { flow } = this;
    const upstream = createUpstream(backend);
    this.#upstream = upstream;
    flow.socketOpened();
    upstream.on('message', (datagram) => flow.answered(this, datagram));
    // Some errors are found while the socket is opened: whoever opens it hears of them afterwards.
    upstream.on('error', (error) => setImmediate(() => upstream === this.#upstream && flow.failed(error)));
    this.#ready = connectUpstream(upstream, backend);
  }

  close(): void {
    if (this.#upstream === null) return;
    this.#upstream.removeAllListeners('message');
    this.#upstream.close();
    this.#upstream = null;
    this.flow.socketClosed();
  }

  hear(datagram: Buffer, now: number): void {
    this.heard += 1;
    this.heardAt = now;
    this.fromClient += datagram.length;
    if (this.proven || !this.#sentSince) return;
    this.#sentSince = false;
    this.#turns += 1;
    if (this.moved && this.#turns >= PROVING_TURNS) this.proven = true;
  }

  /** False = the system does not take it. `failed` hears of an error that the send itself meets. */
  toBackend(datagram: Buffer, failed?: (error: Error | null) => void): boolean {
    if (this.#upstream === null || !this.#ready || isCongested(this.#upstream)) return false;
    this.#upstream.send(datagram, failed);
    return true;
  }

  mayReceive(bytes: number): boolean {
    return this.proven || this.toClient + bytes <= AMPLIFICATION * this.fromClient;
  }

  /**
   * `isOwn`: it came on this path's socket, so its backend has been told this address, and looks after it (RFC 9000 8.2). What follows a
   * client here that its backend takes to be elsewhere proves nothing: who writes another's address on datagrams can wait as well as who
   * is there.
   */
  toClientAddress(datagram: Buffer, isOwn: boolean): boolean {
    const { listener, host, port } = this.client;
    if (isCongested(listener)) return false;
    this.toClient += datagram.length;
    if (isOwn) this.#sentSince = true;
    listener.send(datagram, port, host);
    return true;
  }
}
