import net from 'node:net';
import tls from 'node:tls';
import { HOSTS } from '../node/config-file.ts';

export type Target = { name: string; tlsPort: number; httpPort: number; ca: string };
/** how a connection ended */
export type Ended = 'answered' | 'refused' | 'cut' | 'timeout';

const PATIENCE_MS = 15_000;
/** a client waits so long for the server's close before it closes too */
const LINGER_MS = 300;
const BETWEEN_REQUESTS_MS = 250;

export const connectPlain = (target: Target) => net.connect({ host: '127.0.0.1', port: target.httpPort });
export const connectTls = (target: Target, servername: string) =>
  tls.connect({ host: '127.0.0.1', port: target.tlsPort, servername, ca: target.ca, ALPNProtocols: ['http/1.1'] });

/** One GET by TLS; the server closes after its answer, and so does the client. */
export function tlsRequest(target: Target, host: string, size: number): Promise<Ended> {
  return exchange(connectTls(target, host), 'secureConnect', { host, sizes: [size], closes: 'server' });
}

/** One GET in the clear; the server closes first. */
export function closingRequest(target: Target, size: number): Promise<Ended> {
  return exchange(connectPlain(target), 'connect', { host: HOSTS.web, sizes: [size], closes: 'server' });
}

/** Two GETs on a kept connection; the client says first that it is done, and waits, however long, for the proxy to close. */
export function keptRequest(target: Target, sizes: [number, number]): Promise<Ended> {
  return exchange(connectPlain(target), 'connect', { host: HOSTS.web, sizes, closes: 'client' });
}

type Plan = { host: string; sizes: number[]; closes: 'server' | 'client' };

function exchange(socket: net.Socket, ready: 'connect' | 'secureConnect', plan: Plan): Promise<Ended> {
  return new Promise((resolve) => {
    let outcome: Ended | null = null;
    let connected = false;
    let asked = 0;
    const timer = setTimeout(() => {
      outcome ??= 'timeout';
      socket.destroy();
    }, PATIENCE_MS);
    const later = (ms: number, work: () => void) => setTimeout(() => socket.destroyed || work(), ms);
    const ask = () => {
      const close = plan.closes === 'server';
      socket.write(`GET /${plan.sizes[asked++]} HTTP/1.1\r\nHost: ${plan.host}\r\nConnection: ${close ? 'close' : 'keep-alive'}\r\n\r\n`);
    };
    const answered = () => {
      if (asked < plan.sizes.length) return void later(BETWEEN_REQUESTS_MS, ask);
      outcome = 'answered';
      if (plan.closes === 'client') {
        clearTimeout(timer);
        resolve(outcome);
        socket.end();
      } else later(LINGER_MS, () => socket.end(() => socket.destroy()));
    };
    socket.once(ready, () => {
      connected = true;
      ask();
    });
    socket.on('data', countAnswers(answered));
    socket.on('end', () => socket.end(() => socket.destroy()));
    socket.on('error', () => {
      outcome ??= connected ? 'cut' : 'refused';
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(outcome ?? (connected ? 'cut' : 'refused'));
    });
  });
}

/** Calls `done` each time an answer with its whole body has come. */
function countAnswers(done: () => void): (chunk: Buffer) => void {
  let head = '';
  let left = 0;
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (left === 0) {
        head += rest.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        left = Number(/^content-length: *(\d+)/im.exec(head.slice(0, end))?.[1] ?? 0);
        rest = Buffer.from(head.slice(end + 4), 'latin1');
        head = '';
        if (left === 0) done();
        continue;
      }
      const taken = Math.min(left, rest.length);
      left -= taken;
      rest = rest.subarray(taken);
      if (left === 0) done();
    }
  };
}
