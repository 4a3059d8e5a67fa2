// `npm run build -w proxy-core`: dist/sniproxy-server.mjs, one file for a host that has only Node.
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/** The oldest Node that runs it. An older one is to be told, so the file's syntax is one that Node 18 reads. */
const NODE = 24;
const OLDEST_READER = 'node18';

const here = path.dirname(new URL(import.meta.url).pathname);
const program = path.join(here, 'dist/sniproxy-server.mjs');
/** Put in place whole, so that nobody ever starts half of it. */
const outfile = `${program}.${process.pid}`;
const guard = `if (Number(process.versions.node.split('.')[0]) < ${NODE}) {
  process.stderr.write('sniproxy-server: it needs Node ${NODE} or newer, and ' + process.execPath + ' is Node ' + process.versions.node +
    ': install Node ${NODE} from nodejs.org, and start this file with it or put it first on the PATH\\n');
  process.exit(1);
}`;
await build({
  entryPoints: [path.join(here, 'src/cli.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: OLDEST_READER,
  logLevel: 'warning',
  banner: {
    // prom-client is CommonJS and asks for its builtins with require
    js: `#!/usr/bin/env node\nimport { createRequire } from 'node:module';\n${guard}\nconst require = createRequire(import.meta.url);`,
  },
});
fs.chmodSync(outfile, 0o755);
fs.renameSync(outfile, program);
