import type dgram from 'node:dgram';
import type { HostPort } from '../contract/addresses.ts';
import type { Flow } from './flow.ts';
import { isCongested, openUpstream } from './socket.ts';

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

/**
 * One address of a client and the socket that speaks for it to the backend. A client that moves gets another one, so that its backend sees
 * the move as it would without this proxy, and does the checks of RFC 9000 9 itself.
 */
export class Path {
  readonly flow: Flow;
  readonly client: ClientAddress;
  readonly startedAt: number;
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

  constructor(flow: Flow, client: ClientAddress, now: number) {
    this.flow = flow;
    this.client = client;
    this.startedAt = now;
    this.heardAt = now;
  }

  open(backend: HostPort): void {
    const { flow } = this;
    const upstream = openUpstream(backend);
    this.#upstream = upstream;
    flow.socketOpened();
    upstream.on('message', (datagram) => flow.answered(this, datagram));
    upstream.on('error', (error) => {
      if (upstream === this.#upstream) flow.failed(error);
    });
  }

  close(): void {
    if (this.#upstream === null) return;
    this.#upstream.removeAllListeners('message');
    this.#upstream.close();
    this.#upstream = null;
    this.flow.socketClosed();
  }

  /** Something came from the client. `turnsProve`: its answers show that it is there. */
  hear(datagram: Buffer, now: number, turnsProve: boolean): void {
    this.heard += 1;
    this.heardAt = now;
    this.fromClient += datagram.length;
    if (this.proven || !this.#sentSince) return;
    this.#sentSince = false;
    this.#turns += 1;
    if (turnsProve && this.#turns >= PROVING_TURNS) this.proven = true;
  }

  /** False = the system does not take it. `failed` hears of an error that the send itself meets. */
  toBackend(datagram: Buffer, failed?: (error: Error | null) => void): boolean {
    if (this.#upstream === null || isCongested(this.#upstream)) return false;
    this.#upstream.send(datagram, failed);
    return true;
  }

  mayReceive(bytes: number): boolean {
    return this.proven || this.toClient + bytes <= AMPLIFICATION * this.fromClient;
  }

  toClientAddress(datagram: Buffer): boolean {
    const { listener, host, port } = this.client;
    if (isCongested(listener)) return false;
    this.toClient += datagram.length;
    this.#sentSince = true;
    listener.send(datagram, port, host);
    return true;
  }
}
