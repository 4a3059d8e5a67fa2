import { getSystemErrorName } from 'node:util';
import type { HostPort } from '../contract/addresses.ts';
import { type AddressOut, findInternals, type Internals, type Request, type TcpHandle, takeHandles } from './node-internals.ts';
import { QUIET_BYTES, ReadBuffers } from './read-buffers.ts';
import { streamListener } from './stream-wire.ts';
import { KEEP_ALIVE_MS, NOBODY, type Wire, type WireOwner, type Wires } from './wire.ts';

const END_OF_FILE = -4095;
const KEEP_ALIVE_S = KEEP_ALIVE_MS / 1000;

/** Wires straight on libuv's TCP handles: no stream, no listener and no closure per connection. Null when this Node lacks what it takes. */
export function handleWires(): Wires | null {
  const internals = findInternals();
  if (internals === null) return null;
  const shared = new Shared(internals);
  return {
    kind: 'handles',
    listener(accept) {
      // A listener whose handle is not as expected goes on giving sockets.
      const server = streamListener(accept);
      server.on('listening', () => takeHandles(server, (handle) => accept(new HandleWire(shared, handle, NOBODY)), KEEP_ALIVE_S));
      return server;
    },
    dial(host, port, owner) {
      const handle = internals.newHandle();
      const wire = new HandleWire(shared, handle, owner);
      wire.connect(host, port);
      return wire;
    },
  };
}

/** What all wires of a process share. */
class Shared {
  readonly internals: Internals;
  readonly buffers = new ReadBuffers();
  /** Most writes are taken at once and leave it unused; one that waits takes it along. */
  #spare: Request | null = null;

  constructor(internals: Internals) {
    this.internals = internals;
  }
  writeRequest(): Request {
    this.#spare ??= this.internals.newWrite();
    return this.#spare;
  }
  takeRequest(): void {
    this.#spare = null;
  }
}

class HandleWire implements Wire {
  owner: WireOwner;
  closed = false;
  readonly #shared: Shared;
  readonly #handle: TcpHandle;
  #remote: HostPort | null = null;
  #local: HostPort | null = null;
  /** writes under way */
  #writes = 0;
  #reading = false;
  #ended = false;
  #finishing = false;
  #carries = false;
  #bulk: Buffer | null = null;
  #buffered = false;
  #dialled = false;

  constructor(shared: Shared, handle: TcpHandle, owner: WireOwner) {
    this.#shared = shared;
    this.#handle = handle;
    this.owner = owner;
    handle.relayOwner = this;
    handle.onread = onRead;
  }

  connect(host: string, port: number): void {
    this.#dialled = true;
    const request = this.#shared.internals.newConnect();
    request.oncomplete = onConnect;
    request.relayOwner = this;
    const status = host.includes(':') ? this.#handle.connect6(request, host, port) : this.#handle.connect(request, host, port);
    if (status < 0) {
      this.#failLater(status);
      return;
    }
    this.#handle.setNoDelay(true);
    // Nothing comes before it is connected. To ask for reads only then would cost epoll two more calls: libuv forgets a socket that nobody asks of.
    this.read();
  }

  remote(): HostPort | null {
    if (this.#remote !== null) return this.#remote;
    const out: AddressOut = {};
    if (!this.closed && this.#handle.getpeername(out) === 0) this.#remote = hostPort(out);
    return this.#remote;
  }

  local(): HostPort | null {
    if (this.#local !== null) return this.#local;
    const out: AddressOut = {};
    if (!this.closed && this.#handle.getsockname(out) === 0) this.#local = hostPort(out);
    return this.#local;
  }

  read(): void {
    if (this.closed || this.#reading || this.#ended) return;
    if (!this.#buffered) {
      this.#buffered = true;
      this.#handle.useUserBuffer(this.#shared.buffers.quiet);
    }
    this.#reading = true;
    const status = this.#handle.readStart();
    if (status < 0) this.#failLater(status);
  }

  pause(): void {
    if (this.#reading && !this.closed) this.#handle.readStop();
    this.#reading = false;
  }

  write(bytes: Buffer): boolean {
    if (this.closed || bytes.length === 0) return true;
    const { internals } = this.#shared;
    const request = this.#shared.writeRequest();
    request.oncomplete = onWritten;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status < 0) {
      this.#failLater(status);
      return false;
    }
    if (internals.state[internals.asyncAt] === 0) return true;
    this.#shared.takeRequest();
    request.relayOwner = this;
    request.bytes = bytes; // libuv reads the rest from where it lies
    this.#writes += 1;
    return false;
  }

  get waiting(): number {
    return this.closed ? 0 : this.#handle.writeQueueSize;
  }

  finish(): void {
    if (this.closed) return;
    const request = this.#shared.internals.newShutdown();
    request.oncomplete = onFinished;
    request.relayOwner = this;
    if (this.#handle.shutdown(request) >= 0) this.#finishing = true;
  }

  close(reset: boolean): void {
    if (this.closed) return;
    this.closed = true;
    // libuv frees the descriptor within the call. It refuses to reset a socket whose end of file is under way, and then leaks it.
    if (reset && !this.#finishing) this.#handle.reset();
    else this.#handle.close();
    this.#giveBulk();
  }

  carry(): void {
    this.#carries = true;
  }

  rest(): void {
    if (this.closed) return;
    // Four system calls, which most connections do not live to need.
    if (this.#dialled) this.#handle.setKeepAlive(true, KEEP_ALIVE_S);
    this.#dialled = false;
    if (this.#bulk === null) return;
    // Node keeps each buffer that is set from outside a read until the close: no way for every read.
    this.#handle.useUserBuffer(this.#shared.buffers.quiet);
    this.#giveBulk();
  }

  // From libuv.

  readDone(): Buffer | undefined {
    if (this.closed) return undefined;
    const { state, readAt } = this.#shared.internals;
    const count = state[readAt] ?? 0;
    if (count < 0) {
      this.#ended = true;
      this.#reading = false;
      if (count === END_OF_FILE) this.owner.wireEnded(this);
      else this.owner.wireFailed(this, getSystemErrorName(count));
      return undefined;
    }
    if (count === 0) return undefined;
    const { quiet } = this.#shared.buffers;
    const bulk = this.#bulk;
    if (bulk !== null) {
      this.owner.wireData(this, count === bulk.length ? bulk : bulk.subarray(0, count));
      // Paused means that the bytes may wait elsewhere.
      if (count >= QUIET_BYTES || !this.#reading || this.closed) return undefined;
      this.#giveBulk();
      return quiet;
    }
    const bytes = Buffer.allocUnsafe(count);
    quiet.copy(bytes, 0, 0, count);
    this.owner.wireData(this, bytes);
    if (count < QUIET_BYTES || !this.#carries || this.closed) return undefined;
    this.#bulk = this.#shared.buffers.take();
    return this.#bulk ?? undefined;
  }

  writeDone(status: number): void {
    this.#writes -= 1;
    if (this.closed) return;
    if (status < 0) this.owner.wireFailed(this, getSystemErrorName(status));
    else if (this.#writes === 0) this.owner.wireDrained(this);
  }

  connectDone(status: number): void {
    if (this.closed) return;
    if (status < 0) this.owner.wireFailed(this, getSystemErrorName(status));
    else this.owner.wireConnected(this);
  }

  /** A connection that is gone already tells so by its reads. */
  finishDone(): void {
    this.#finishing = false;
  }

  #failLater(status: number): void {
    process.nextTick(failNow, this, status);
  }

  /** Its bytes may still wait in another wire: that wire's owner closes both, or neither. */
  #giveBulk(): void {
    if (this.#bulk !== null) this.#shared.buffers.give(this.#bulk);
    this.#bulk = null;
  }
}

function failNow(wire: HandleWire, status: number): void {
  if (!wire.closed) wire.owner.wireFailed(wire, getSystemErrorName(status));
}

const wireOf = (from: { relayOwner?: unknown }): HandleWire => from.relayOwner as HandleWire;
function onRead(this: TcpHandle): Buffer | undefined {
  return wireOf(this).readDone();
}
function onWritten(this: Request, status: number): void {
  delete this.bytes;
  wireOf(this).writeDone(status);
}
function onConnect(this: Request, status: number): void {
  wireOf(this).connectDone(status);
}
function onFinished(this: Request): void {
  wireOf(this).finishDone();
}

const hostPort = ({ address = '', port = 0 }: AddressOut): HostPort => ({ host: address, port });
