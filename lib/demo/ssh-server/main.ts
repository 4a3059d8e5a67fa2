// One node's SSH server, as a process of its own: `main.ts SETTINGS-AS-JSON`. Lives as long as the supervisor at the other end of its channel.
import { createSshServer } from './server.ts';
import { sshServerSettingsSchema } from './settings.ts';

const settings = sshServerSettingsSchema.parse(JSON.parse(process.argv[2] ?? ''));
process.title = 'demo-sshd';
const { server, stop } = createSshServer(settings);

const end = () => {
  stop();
  process.exit(0);
};
process.on('disconnect', end);
process.on('SIGTERM', end);
// Ctrl-C reaches the whole terminal; the supervisor decides about it.
process.on('SIGINT', () => {});
server.on('error', (error: Error) => {
  console.error(`the SSH server on port ${settings.port} cannot go on: ${error.message}`);
  process.exit(1);
});
server.listen(settings.port, '127.0.0.1', () => process.send?.('listening'));
