import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { acceptKey, createPonger } from './frames.ts';
import type { BackendSettings } from './settings.ts';

/**
 * How long an end is held open after the other side has said that it is done. Longer than the proxies' half-close deadline, so that it is theirs
 * which decides; bounded, so that only tunnels whose end never hears of the close stay for good.
 */
const HOLD_AFTER_EOF_MS = 20_000;
const LARGEST_HEAD = 16 << 10;
const FILLER = randomBytes(48 << 10).toString('base64');

/** The origins behind the fleet: HTTP/1.1 by TLS and in the clear, with no timeouts of their own. */
export async function startBackends(settings: BackendSettings): Promise<void> {
  const credentials = { key: fs.readFileSync(settings.keyPath), cert: fs.readFileSync(settings.certPath) };
  const secure = tls.createServer({ ...credentials, allowHalfOpen: true, handshakeTimeout: 120_000 }, serve);
  const plain = net.createServer({ allowHalfOpen: true }, serve);
  secure.on('tlsClientError', () => {});
  await Promise.all([listen(secure, settings.tlsPort), listen(plain, settings.httpPort)]);
}

const listen = (server: net.Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: 511 }, resolve);
  });

function serve(socket: net.Socket): void {
  let text = '';
  socket.on('error', () => socket.destroy());
  socket.once('end', () => {
    const timer = setTimeout(() => socket.destroy(), HOLD_AFTER_EOF_MS);
    socket.once('close', () => clearTimeout(timer));
  });
  const onData = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1];
      if (key !== undefined) {
        socket.off('data', onData);
        return upgrade(socket, key);
      }
      respond(socket, head);
    }
    if (text.length > LARGEST_HEAD) socket.destroy();
  };
  socket.on('data', onData);
}

/** `/NUMBER` gives so many bytes. With `Connection: close` this side closes first, as an origin without keep-alive does. */
function respond(socket: net.Socket, head: string): void {
  const size = Math.min(FILLER.length, Number(/^GET \/(\d+)/.exec(head)?.[1] ?? 512));
  const close = /^connection: *close/im.test(head);
  const lines = ['HTTP/1.1 200 OK', 'Content-Type: text/plain', `Content-Length: ${size}`, `Connection: ${close ? 'close' : 'keep-alive'}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${FILLER.slice(0, size)}`);
  if (close) socket.end();
}

function upgrade(socket: net.Socket, key: string): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.on(
    'data',
    createPonger((frame) => socket.write(frame)),
  );
}
