import fs from 'node:fs';
import net from 'node:net';
import ssh2, { type Connection, type Server, type Session } from 'ssh2';
import { type Commands, createCommands } from './commands.ts';
import { isAuthorized } from './keys.ts';
import type { SshServerSettings } from './settings.ts';

/** sshd's MaxSessions default: more at once on one connection are refused */
const MAX_SESSIONS = 10;
const DOCUMENTED_METRICS_PORT = 9090;

/** A node's SSH server: public keys only, commands by the real /bin/sh, TCP forwarding to the node's own metrics port and nowhere else. */
export function createSshServer(settings: SshServerSettings): { server: Server; stop(): void } {
  const commands = createCommands({ cwd: settings.cwd, env: settings.env });
  const sockets = new Set<net.Socket>();
  const server = new ssh2.Server({ hostKeys: [fs.readFileSync(settings.hostKeyPath)], ident: 'OpenSSH_9.2p1 headroom-demo' }, (client) =>
    serveConnection(client, { settings, commands, sockets }),
  );
  return {
    server,
    stop: () => {
      commands.stop();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Context = { settings: SshServerSettings; commands: Commands; sockets: Set<net.Socket> };

function serveConnection(client: Connection, context: Context): void {
  const { settings, sockets } = context;
  let sessions = 0;
  client.on('error', () => {});
  client.on('authentication', (attempt) => {
    const ok = attempt.method === 'publickey' && attempt.username === settings.user && isAuthorized(attempt, settings.authorizedKeysPath);
    if (ok) attempt.accept();
    else attempt.reject(['publickey']);
  });
  client.on('session', (accept, reject) => {
    if (sessions >= MAX_SESSIONS) return reject();
    sessions += 1;
    const session = accept();
    let counted = true;
    session.on('close', () => {
      if (counted) sessions -= 1;
      counted = false;
    });
    serveSession(session, context);
  });
  client.on('tcpip', (accept, reject, info) => {
    const here = ['127.0.0.1', 'localhost', '::1'].includes(info.destIP);
    if (!here || ![settings.metricsPort, DOCUMENTED_METRICS_PORT].includes(info.destPort)) return reject();
    const socket = net.connect({ host: '127.0.0.1', port: settings.metricsPort });
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('error', () => reject());
    socket.once('connect', () => {
      const channel = accept();
      channel.on('error', () => socket.destroy());
      socket.removeAllListeners('error').on('error', () => channel.end());
      channel.once('close', () => socket.destroy());
      channel.pipe(socket).pipe(channel);
    });
  });
}

function serveSession(session: Session, { commands }: Context): void {
  let signal: ((name: string) => void) | null = null;
  session.on('env', (accept) => accept?.());
  session.on('pty', (accept) => accept?.());
  session.on('window-change', (accept) => accept?.());
  session.on('exec', (accept, _reject, info) => {
    signal = commands.run(accept(), info.command);
  });
  session.on('shell', (accept) => {
    signal = commands.run(accept(), null);
  });
  session.on('signal', (accept, _reject, info) => {
    accept?.();
    signal?.(info.name);
  });
}
