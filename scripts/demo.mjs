// `npm run demo`: installs what is missing, builds the console when its sources changed, then starts the demo fleet (lib/demo/main.ts) on Node 24.
// Plain Node 20 runs this.
import path from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, node24, root, runForeground } from './node24.mjs';

const args = process.argv.slice(2);
await ensureInstalled();
const main = path.join(root, 'lib', 'demo', 'main.ts');
const onlyNodes = args.some((word) => ['--no-console', '--help', '-h'].includes(word));
const built = onlyNodes ? 0 : await ensureBuilt();
process.exit(built !== 0 ? built : await runForeground(node24(), [main, ...args], { channel: true }));
