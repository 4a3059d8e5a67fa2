import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

/** Begins a program as systemd does: LISTEN_PID is its own process. */
export const ACTIVATE = ['/bin/sh', '-c', 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', 'sh'];

type Handle = { fd: number; getsockname(out: { port?: number }): number; close(): void };

/**
 * A listening socket of this process that accepts nothing, as a socket unit holds it. It is made with Node's internals and set to listen
 * by a child that is gone again: `net.Server` would accept.
 */
export async function holdSocket(t: { after(fn: () => unknown): void }): Promise<{ fd: number; port: number }> {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof create !== 'function') throw new Error('this Node has no net._createServerHandle');
  const handle: Handle = create('127.0.0.1', 0, 4, -1, 0);
  t.after(() => handle.close());
  const at: { port?: number } = {};
  handle.getsockname(at);
  const program = `require('net').createServer().listen({ fd: 3, backlog: 4096 }, () => process.exit())`;
  await once(spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'inherit', 'inherit', handle.fd] }), 'exit');
  return { fd: handle.fd, port: at.port ?? 0 };
}
