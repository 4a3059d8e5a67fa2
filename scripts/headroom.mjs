#!/usr/bin/env node
// `npx headroom`: the command line (lib/cli/headroom.ts) on Node 24. Plain Node 20 runs this.
import fs from 'node:fs';
import path from 'node:path';
import { ensureInstalled, node24, root, runForeground } from './node24.mjs';

if (!fs.existsSync(path.join(root, 'node_modules', 'zod'))) await ensureInstalled();
process.exit(await runForeground(node24(), [path.join(root, 'lib', 'cli', 'headroom.ts'), ...process.argv.slice(2)], {}));
