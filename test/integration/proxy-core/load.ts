import net from 'node:net';
import { request } from './harness.ts';

const GIVE_UP_MS = 60_000;

export type Load = { served: number; failures: string[]; stop(): Promise<void> };

/**
 * Clients that connect, ask, read to the end and begin again, `clients` at a time, until they are stopped, or their test ends. A failure is
 * anything but the whole answer: refused, reset, cut short, or nothing within a minute.
 */
export function startLoad(
  owner: { after(fn: () => unknown): void },
  port: number,
  answer: string,
  { clients = 8, name = 'a.test' } = {},
): Load {
  const load: Load = { served: 0, failures: [], stop: async () => {} };
  let stopping = false;
  const one = async () => {
    while (!stopping) {
      const failure = await ask(port, answer, name);
      if (failure === null) load.served += 1;
      else load.failures.push(failure);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  load.stop = async () => {
    stopping = true;
    await all;
  };
  // a test that fails leaves no clients behind
  owner.after(() => {
    stopping = true;
  });
  return load;
}

function ask(port: number, answer: string, name: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(`nothing within ${GIVE_UP_MS} ms`);
    }, GIVE_UP_MS);
    let error = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (e) => {
      error = e.message;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(error || (text === answer ? null : `answered with ${JSON.stringify(text)}`));
    });
    socket.write(request(name, 'Connection: close'));
  });
}
