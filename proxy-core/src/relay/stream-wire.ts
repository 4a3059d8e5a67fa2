import net from 'node:net';
import type { HostPort } from '../contract/addresses.ts';
import { codeOf } from '../errors.ts';
import { KEEP_ALIVE_MS, NOBODY, type Wire, type WireOwner, type Wires } from './wire.ts';

const OPTIONS = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } as const;

/** Wires by Node's documented streams: about twice the work per connection of the other kind. */
export const streamWires: Wires = {
  kind: 'streams',
  listener: (accept) => streamListener(accept),
  dial: (host, port, owner) => new StreamWire(net.connect({ ...OPTIONS, host, port }), owner),
};

export const streamListener = (accept: (wire: Wire) => void): net.Server =>
  net.createServer({ ...OPTIONS, pauseOnConnect: true }, (socket) => accept(new StreamWire(socket, NOBODY)));

class StreamWire implements Wire {
  owner: WireOwner;
  closed = false;
  readonly #socket: net.Socket;
  #remote: HostPort | null = null;
  #local: HostPort | null = null;
  #reads = false;
  #waits = false;

  constructor(socket: net.Socket, owner: WireOwner) {
    this.owner = owner;
    this.#socket = socket;
    this.remote();
    socket.on('connect', this.#onConnect);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  remote(): HostPort | null {
    const { remoteAddress: host, remotePort: port } = this.#socket;
    if (host !== undefined && port !== undefined) this.#remote ??= { host, port };
    return this.#remote;
  }

  local(): HostPort | null {
    const { localAddress: host, localPort: port } = this.#socket;
    if (host !== undefined && port !== undefined) this.#local ??= { host, port };
    return this.#local;
  }

  read(): void {
    if (this.closed) return;
    if (!this.#reads) this.#socket.on('data', this.#onData);
    this.#reads = true;
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  write(bytes: Buffer): boolean {
    this.#socket.write(bytes, this.#onWritten);
    this.#waits = this.#socket.writableLength > 0;
    return !this.#waits;
  }

  get waiting(): number {
    return this.#socket.writableLength;
  }

  finish(): void {
    this.#socket.end();
  }

  close(reset: boolean): void {
    if (this.closed) return;
    this.closed = true;
    const socket = this.#socket;
    // libuv refuses to reset a socket whose end of file is under way, and Node would leak it.
    const isFinishing = socket.writableEnded && !socket.writableFinished;
    if (reset && !socket.connecting && !socket.destroyed && !isFinishing) socket.resetAndDestroy();
    else socket.destroy();
  }

  carry(): void {}
  rest(): void {}

  readonly #onConnect = () => {
    if (!this.closed) this.owner.wireConnected(this);
  };
  readonly #onData = (bytes: Buffer) => {
    if (!this.closed) this.owner.wireData(this, bytes);
  };
  readonly #onEnd = () => {
    if (!this.closed) this.owner.wireEnded(this);
  };
  readonly #onWritten = () => {
    if (this.closed || !this.#waits || this.#socket.destroyed || this.#socket.writableLength > 0) return;
    this.#waits = false;
    this.owner.wireDrained(this);
  };
  readonly #onError = (error: Error) => {
    if (!this.closed) this.owner.wireFailed(this, codeOf(error));
  };
  /** A stream that has ended both ways closes by itself; its owner has heard of both ends. */
  readonly #onClose = () => {
    if (!this.closed && !this.#socket.readableEnded) this.owner.wireFailed(this, 'ECONNRESET');
  };
}
