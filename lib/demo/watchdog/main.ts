// Outlives a supervisor that was killed: `main.ts FLEET-ID`. When the channel to it breaks, everything of this demo is ended.
import { sweep } from '../supervisor/sweep.ts';

const fleetId = process.argv[2] ?? '';
process.title = 'demo-watchdog';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', () => process.exit(0));
process.on('disconnect', () => void sweep(fleetId, { politeMs: 3_000 }).then(() => process.exit(0)));
process.send?.('listening');
