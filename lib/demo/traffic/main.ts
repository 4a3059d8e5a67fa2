// Half of the demo's traffic as a process of its own: `main.ts backends|clients SETTINGS-AS-JSON`. Lives as long as the supervisor.
import fs from 'node:fs';
import { startBackends } from './backends.ts';
import { startClients } from './clients.ts';
import { backendSettingsSchema, clientSettingsSchema } from './settings.ts';

const [role = '', settings = ''] = process.argv.slice(2);
process.title = `demo-${role}`;
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
// Ctrl-C reaches the whole terminal; the supervisor decides about it.
process.on('SIGINT', () => {});

const REPORT_EVERY_MS = 30_000;

if (role === 'backends') {
  await startBackends(backendSettingsSchema.parse(JSON.parse(settings)));
} else if (role === 'clients') {
  const clientSettings = clientSettingsSchema.parse(JSON.parse(settings));
  const { counts } = startClients(clientSettings);
  setInterval(() => {
    const line = JSON.stringify({ at: new Date().toISOString(), ...Object.fromEntries(counts) });
    fs.writeFileSync(clientSettings.logPath, `${line}\n`);
  }, REPORT_EVERY_MS);
} else throw new Error(`traffic/main.ts: ${JSON.stringify(role)} is neither backends nor clients`);
process.send?.('listening');
