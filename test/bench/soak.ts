// What hours would do, in minutes: `npm run soak -- [proxy] [console] [http] [--short]`. A million connections through the proxy (about 4 min), a week of 1,000
// nodes through the console's store (about 10 min), its own process over HTTP with nodes and people that come and go (about 5 min); --short is a smoke test of all
// in two minutes, and writes nothing. Ends with 1 when anything did not come back.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SOAKS = {
  proxy: { file: 'proxy-soak.ts', short: ['--half', '5000', '--dry'] },
  console: { file: 'console-soak.ts', short: ['--nodes', '50', '--days', '4', '--step', '300', '--dry'] },
  http: { file: 'http-soak.ts', short: ['--nodes', '20', '--rounds', '4', '--seconds', '5', '--dry'] },
};
const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean', default: false } } });
const unknown = positionals.filter((name) => !(name in SOAKS));
if (unknown.length > 0) {
  process.stderr.write(`there is no soak ${unknown.join(', ')}; there are ${Object.keys(SOAKS).join(', ')}\n`);
  process.exit(2);
}
const failed: string[] = [];
for (const [name, { file, short }] of Object.entries(SOAKS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stdout.write(`— ${name}\n`);
  // the process that is asked is the console as it is built
  if (name === 'http' && spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, stdio: 'inherit' }).status !== 0) process.exit(1);
  const args = ['--expose-gc', path.join(import.meta.dirname, file), ...(values.short ? short : [])];
  if (spawnSync(process.execPath, args, { stdio: 'inherit', timeout: 30 * 60_000 }).status !== 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? 'everything came back to where it was\n' : `did not come back: ${failed.join(', ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);
