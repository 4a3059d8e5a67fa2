import type net from 'node:net';
import { HttpBody as Body, type HttpBody, type HttpRequest, HttpRequestReader } from '../../../proxy-core/src/parse/http-message.ts';
import { backend } from './harness.ts';

/** A request as a backend got it: the number of its socket, its head and its body as bytes. */
export type Got = { socket: number; head: string; body: string };
type Reply = (got: Got, socket: net.Socket) => void;

/** An HTTP/1.1 server of the strictest kind, which remembers what came over which socket. */
export async function httpBackend(owner: Parameters<typeof backend>[0], reply: Reply = ok) {
  const got: Got[] = [];
  let count = 0;
  const server = await backend(owner, (socket) => {
    count += 1;
    const number = count;
    let pending = Buffer.alloc(0);
    let reader = new HttpRequestReader();
    let current: { request: HttpRequest; head: string; body: HttpBody; text: string } | null = null;
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        if (current === null) {
          const request = reader.read(pending);
          if (typeof request === 'string') {
            if (request !== 'more') socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${request.length}\r\n\r\n${request}`);
            return;
          }
          current = { request, head: pending.toString('latin1', 0, request.length), body: new Body(request.body), text: '' };
          pending = pending.subarray(request.length);
        }
        const taken = current.body.take(pending) ?? 0;
        current.text += pending.toString('latin1', 0, taken);
        pending = pending.subarray(taken);
        if (!current.body.done) return;
        const one = { socket: number, head: current.head, body: current.text };
        [current, reader] = [null, new HttpRequestReader()];
        got.push(one);
        reply(one, socket);
      }
    });
    socket.on('end', () => socket.end());
  });
  return { ...server, got, opened: () => count };
}

/** 200, with the number of the socket as its body. */
export function ok({ socket: number }: Got, socket: net.Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${`${number}`.length}\r\n\r\n${number}`);
}
