import type net from 'node:net';

/**
 * The part of Node's own TCP that its streams are made of. Not documented, so nothing outside the relay's handle wires may use it, and
 * `findInternals` and `handlesWork` decide at start whether this Node still offers it. The shapes are those of lib/net.js and
 * lib/internal/stream_base_commons.js of Node 24.
 */
export type TcpHandle = {
  /** whose handle it is: one property of ours */
  relayOwner: unknown;
  /** Bytes read or an error are in `state[kReadBytesOrError]`. A buffer that it returns is read into from then on. */
  onread: (this: TcpHandle) => Buffer | undefined;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Buffer): void;
  readonly writeQueueSize: number;
  writeBuffer(request: Request, bytes: Buffer): number;
  shutdown(request: Request): number;
  connect(request: Request, address: string, port: number): number;
  connect6(request: Request, address: string, port: number): number;
  getpeername(out: AddressOut): number;
  getsockname(out: AddressOut): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, seconds: number): number;
  close(): void;
  reset(): number;
};
export type AddressOut = { address?: string; port?: number };
/** A write, shutdown or connect under way. Errors are negative numbers. */
export type Request = { oncomplete: (this: Request, status: number) => void; relayOwner?: unknown; bytes?: Buffer };
type ListenHandle = { onconnection: (status: number, client: TcpHandle | undefined) => void } & Pick<
  TcpHandle,
  'setNoDelay' | 'setKeepAlive'
>;

export type Internals = {
  newHandle(): TcpHandle;
  newWrite(): Request;
  newShutdown(): Request;
  newConnect(): Request;
  /** what the last call said: indexes below */
  state: Int32Array;
  readAt: number;
  asyncAt: number;
};

const METHODS = ['readStart', 'readStop', 'useUserBuffer', 'writeBuffer', 'shutdown', 'connect', 'connect6', 'getpeername'] as const;
const MORE_METHODS = ['getsockname', 'setNoDelay', 'setKeepAlive', 'close', 'reset'] as const;
type Made = new (kind?: number) => object;

/** Null when a piece is missing or of another shape. */
export function findInternals(): Internals | null {
  try {
    const binding: unknown = Reflect.get(process, 'binding');
    if (typeof binding !== 'function') return null;
    const tcp: unknown = Reflect.apply(binding, process, ['tcp_wrap']);
    const stream: unknown = Reflect.apply(binding, process, ['stream_wrap']);
    const [Tcp, Connect] = [maker(tcp, 'TCP'), maker(tcp, 'TCPConnectWrap')];
    const [Write, Shutdown] = [maker(stream, 'WriteWrap'), maker(stream, 'ShutdownWrap')];
    const [state, readAt, asyncAt] = ['streamBaseState', 'kReadBytesOrError', 'kLastWriteWasAsync'].map((key) => pick(stream, key));
    const socketKind = pick(pick(tcp, 'constants'), 'SOCKET');
    if (!Tcp || !Connect || !Write || !Shutdown || !(state instanceof Int32Array)) return null;
    if (typeof readAt !== 'number' || typeof asyncAt !== 'number' || typeof socketKind !== 'number') return null;
    const newHandle = () => asHandle(new Tcp(socketKind));
    const probe = newHandle();
    const whole =
      typeof probe.writeQueueSize === 'number' && [...METHODS, ...MORE_METHODS].every((name) => typeof probe[name] === 'function');
    probe.close();
    if (!whole) return null;
    return {
      newHandle,
      newWrite: () => asRequest(new Write()),
      newShutdown: () => asRequest(new Shutdown()),
      newConnect: () => asRequest(new Connect()),
      state,
      readAt,
      asyncAt,
    };
  } catch {
    return null;
  }
}

/** Clients of a listening server come as handles from here on, without a socket around them. False when this Node cannot. */
export function takeHandles(server: net.Server, accept: (client: TcpHandle) => void, keepAliveSeconds: number): boolean {
  const handle: unknown = pick(server, '_handle');
  if (typeof pick(handle, 'onconnection') !== 'function' || typeof pick(handle, 'setKeepAlive') !== 'function') return false;
  const listener = asListener(handle);
  // What is set on a listener holds for those it accepts (tcp(7)): no system call for each.
  listener.setNoDelay(true);
  listener.setKeepAlive(true, keepAliveSeconds);
  listener.onconnection = (status, client) => {
    if (status === 0 && client !== undefined) accept(client);
  };
  return true;
}

const pick = (from: unknown, key: string): unknown => (typeof from === 'object' && from !== null ? Reflect.get(from, key) : undefined);
function maker(from: unknown, key: string): Made | null {
  const found = pick(from, key);
  return typeof found === 'function' ? (found as Made) : null;
}
const asHandle = (made: unknown): TcpHandle => made as TcpHandle;
const asRequest = (made: unknown): Request => made as Request;
const asListener = (handle: unknown): ListenHandle => handle as ListenHandle;
