import net from 'node:net';
import { BACKEND } from './hosts.ts';

/** Connections a second to each host: 200 in half a minute. */
const PER_SECOND = 7;
const HOLD_MS = 4000;

/**
 * Plain HTTP through each host to an origin on this machine. Three clients of four are the first to close, as browsers are: a proxy that does not
 * pass that on keeps both sockets. Gives what ends it.
 */
export async function startTraffic(addresses: readonly string[]): Promise<() => Promise<void>> {
  const open = new Set<net.Socket>();
  const track = (socket: net.Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket));
    return socket;
  };
  const origin = net.createServer({ allowHalfOpen: true }, (socket) => {
    track(socket);
    socket.on('data', (chunk: Buffer) => {
      const close = chunk.includes('Connection: close');
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close ? 'Connection: close\r\n' : ''}\r\nok`);
      if (close) socket.end();
    });
    socket.once('end', () => socket.end());
  });
  await new Promise<void>((resolve, reject) => origin.once('error', reject).listen(BACKEND, resolve));
  let nthClient = 0;
  const timers = addresses.map((host, nth) =>
    setInterval(
      () => {
        const socket = track(net.connect({ host, port: 80, timeout: HOLD_MS }));
        const close = nthClient++ % 4 === 0;
        socket.write(`GET / HTTP/1.1\r\nHost: www.example.test\r\n${close ? 'Connection: close\r\n' : ''}\r\n`);
        socket.once(close ? 'end' : 'data', () => socket.end());
        socket.once('timeout', () => socket.destroy());
      },
      1000 / PER_SECOND + nth,
    ),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => origin.close(() => resolve()));
  };
}
