import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import { until } from '#test/support/until.ts';
import { certificate, portOf, startProxy } from './harness.ts';

/** RFC 6455 4.2.2 */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sends every frame back with its mask off: enough of RFC 6455 for a client that asks for no extensions. */
function echoFrames(socket: net.Socket): void {
  let pending = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < 2) return;
      const short = (pending[1] ?? 0) & 0x7f;
      const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
      if (pending.length < 6 + lengthBytes) return;
      const length = short < 126 ? short : short === 126 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2));
      const start = 6 + lengthBytes;
      if (pending.length < start + length) return;
      const mask = pending.subarray(start - 4, start);
      const body = Buffer.from(pending.subarray(start, start + length)).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      const head = Buffer.from(pending.subarray(0, 2 + lengthBytes));
      head[1] = short;
      socket.write(Buffer.concat([head, body]));
      if (((head[0] ?? 0) & 0x0f) === 8) socket.end();
      pending = pending.subarray(start + length);
    }
  });
}

describe('WebSocket through the proxy', () => {
  for (const pool of [false, true])
    test(`messages of all sizes go both ways, and the close with its code, pool ${pool ? 'on' : 'off'}`, async (t) => {
      const server = http.createServer((_request, response) => response.end('plain'));
      server.on('upgrade', (request, socket: net.Socket) => {
        const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`).digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        echoFrames(socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const proxy = await startProxy(t, `connection_pool: { enabled: ${pool} }\ndefault_backend: "127.0.0.1:${portOf(server)}"`);
      const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
      client.binaryType = 'arraybuffer';
      const got: Buffer[] = [];
      client.addEventListener('message', ({ data }) => got.push(Buffer.from(data)));
      const closed = new Promise<CloseEvent>((resolve) => client.addEventListener('close', resolve));
      await new Promise((resolve, reject) => {
        client.addEventListener('open', resolve);
        client.addEventListener('error', () => reject(new Error('the upgrade failed')));
      });
      const messages = [1, 125, 126, 65_535, 65_536, 1_000_000].map((size) => randomBytes(size));
      for (const message of messages) client.send(message);
      await until('all are back', () => got.length === messages.length, { timeoutMs: 15_000 });
      for (const [i, message] of messages.entries()) assert.ok(got[i]?.equals(message), `${message.length} bytes`);
      client.close(4321, 'done');
      assert.equal((await closed).code, 4321);
      await until('it ended', () => proxy.connections().length === 1);
      assert.equal(proxy.connections()[0]?.reason, 'closed');
    });
});

/** A message of gRPC: not compressed, its length, its bytes. */
function message(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
const messagesIn = (all: Buffer): Buffer[] => {
  const found: Buffer[] = [];
  for (let at = 0; at + 5 <= all.length && at + 5 + all.readUInt32BE(at + 1) <= all.length; at += 5 + all.readUInt32BE(at + 1))
    found.push(all.subarray(at + 5, at + 5 + all.readUInt32BE(at + 1)));
  return found;
};

/** Answers each message of a call as it comes, and ends with the status in a trailer. */
function serveGrpc(server: http2.Http2Server | http2.Http2SecureServer): void {
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': `${headers[':path']}` }));
    stream.on('data', (chunk: Buffer) => stream.write(chunk));
    stream.on('end', () => stream.end());
  });
}

/** One call with several messages at a time, each answered before the next. */
async function call(session: http2.ClientHttp2Session, path: string, bodies: Buffer[]) {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  const chunks: Buffer[] = [];
  const state: { trailers?: http2.IncomingHttpHeaders } = {};
  stream.on('trailers', (trailers) => {
    state.trailers = trailers;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const [i, body] of bodies.entries()) {
    stream.write(message(body));
    await until('it is answered', () => messagesIn(Buffer.concat(chunks)).length === i + 1, { timeoutMs: 15_000 });
  }
  const ended = once(stream, 'close');
  stream.end();
  await ended;
  return { answers: messagesIn(Buffer.concat(chunks)), trailers: state.trailers };
}

describe('gRPC through the proxy', () => {
  for (const secure of [true, false])
    test(`calls beside each other stream both ways and end with their status in a trailer, ${secure ? 'over TLS' : 'without TLS'}`, async (t) => {
      const files = certificate(t);
      const [key, cert] = [fs.readFileSync(files.key), fs.readFileSync(files.cert)];
      const server = secure ? http2.createSecureServer({ key, cert }) : http2.createServer();
      serveGrpc(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const proxy = await startProxy(t, `routes: [{ match: secure.test, backends: ["127.0.0.1:${portOf(server)}"] }]`);
      const at = { host: '127.0.0.1', port: proxy.port };
      const session = http2.connect(`${secure ? 'https' : 'http'}://secure.test`, {
        createConnection: () =>
          secure ? tls.connect({ ...at, servername: 'secure.test', ca: cert, ALPNProtocols: ['h2'] }) : net.connect(at),
      });
      t.after(() => session.destroy());
      const bodies = [1, 20_000, 300_000].map((size) => randomBytes(size));
      const calls = await Promise.all(['/a.Echo/Say', '/a.Echo/Chat', '/b.Other/Call'].map((path) => call(session, path, bodies)));
      for (const [i, { answers, trailers }] of calls.entries()) {
        assert.ok(answers.length === bodies.length && answers.every((answer, at) => answer.equals(bodies[at] ?? Buffer.alloc(0))));
        assert.equal(trailers?.['grpc-status'], '0');
        assert.equal(trailers?.['grpc-message'], ['/a.Echo/Say', '/a.Echo/Chat', '/b.Other/Call'][i]);
      }
      session.close();
      await until('it ended', () => proxy.connections().length === 1);
      const [line] = proxy.connections();
      assert.deepEqual([line?.reason, line?.name, line?.protocol], ['closed', 'secure.test', secure ? 'tls' : 'http2']);
    });
});
