// `npm start`: the production console (app/serve.ts) on Node 24, installed and built first where that is needed. Plain Node 20 runs this.
import path from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, node24, root, runForeground } from './node24.mjs';

await ensureInstalled();
const built = await ensureBuilt();
if (built !== 0) process.exit(built);
// compiled sources are kept: a faster start, and 60 MB less of memory than compiling them
const cache = path.join(root, 'node_modules', '.cache', 'headroom-compiled');
const env = { NODE_COMPILE_CACHE: cache, ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
process.exit(await runForeground(node24(), [path.join(root, 'app', 'serve.ts'), ...process.argv.slice(2)], { env }));
