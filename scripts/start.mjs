// `npm start`: the production console (app/serve.ts) on Node 24, installed and built first where that is needed. Plain Node 20 runs this.
import path from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, node24, root, runForeground } from './node24.mjs';

await ensureInstalled();
const built = await ensureBuilt();
if (built !== 0) process.exit(built);
// compiled sources are kept: a faster start, and 60 MB less of memory than compiling them
const cache = path.join(root, 'node_modules', '.cache', 'headroom-compiled');
// large buffers go back to the system at once; glibc would keep them
const malloc = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536' };
const env = { NODE_COMPILE_CACHE: cache, ...malloc, ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
// young garbage may take 3 × this, and old garbage 40 % of what lives before it is collected: by default, 50 MB and as much again
const flags = ['--max-semi-space-size=4', '--heap-growing-percent=40'];
process.exit(await runForeground(node24(), [...flags, path.join(root, 'app', 'serve.ts'), ...process.argv.slice(2)], { env }));
