import net from 'node:net';

/** What a connection does when its sockets speak. One set of functions serves all sockets: no closure is made per connection. */
export type SocketOwner = {
  clientData(chunk: Buffer): void;
  clientEnd(): void;
  clientDrain(): void;
  clientError(): void;
  clientClose(): void;
  upstreamConnect(): void;
  upstreamData(chunk: Buffer): void;
  upstreamEnd(): void;
  upstreamDrain(): void;
  upstreamError(error: Error): void;
  upstreamClose(socket: net.Socket): void;
};

const OWNER = Symbol('connection');
type Owned = net.Socket & { [OWNER]?: SocketOwner };

/** The owner that `wireClient` or `dialUpstream` put there. A socket without one has been given away. */
const ownerOf = (socket: net.Socket): SocketOwner | undefined => (socket as Owned)[OWNER];

export function wireClient(socket: net.Socket, owner: SocketOwner): void {
  (socket as Owned)[OWNER] = owner;
  socket.on('data', onClientData);
  socket.on('end', onClientEnd);
  socket.on('drain', onClientDrain);
  socket.on('error', onClientError);
  socket.on('close', onClientClose);
}

/** Silence after which the kernel begins to ask whether the peer is still there. */
export const KEEP_ALIVE_MS = 60_000;

export function dialUpstream(host: string, port: number, owner: SocketOwner): net.Socket {
  const socket = net.connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  (socket as Owned)[OWNER] = owner;
  socket.on('connect', onUpstreamConnect);
  socket.on('data', onUpstreamData);
  socket.on('end', onUpstreamEnd);
  socket.on('drain', onUpstreamDrain);
  socket.on('error', onUpstreamError);
  socket.on('close', onUpstreamClose);
  return socket;
}

/** Only the close of a socket still reaches its owner, which then counts its descriptor as free. What it sends is thrown away. */
export function giveAway(socket: net.Socket): void {
  socket.off('data', onUpstreamData);
  socket.off('end', onUpstreamEnd);
  socket.off('drain', onUpstreamDrain);
  socket.resume();
}

function onClientData(this: net.Socket, chunk: Buffer): void {
  ownerOf(this)?.clientData(chunk);
}
function onClientEnd(this: net.Socket): void {
  ownerOf(this)?.clientEnd();
}
function onClientDrain(this: net.Socket): void {
  ownerOf(this)?.clientDrain();
}
function onClientError(this: net.Socket): void {
  ownerOf(this)?.clientError();
}
function onClientClose(this: net.Socket): void {
  ownerOf(this)?.clientClose();
}
function onUpstreamConnect(this: net.Socket): void {
  ownerOf(this)?.upstreamConnect();
}
function onUpstreamData(this: net.Socket, chunk: Buffer): void {
  ownerOf(this)?.upstreamData(chunk);
}
function onUpstreamEnd(this: net.Socket): void {
  ownerOf(this)?.upstreamEnd();
}
function onUpstreamDrain(this: net.Socket): void {
  ownerOf(this)?.upstreamDrain();
}
function onUpstreamError(this: net.Socket, error: Error): void {
  ownerOf(this)?.upstreamError(error);
}
function onUpstreamClose(this: net.Socket): void {
  ownerOf(this)?.upstreamClose(this);
}
