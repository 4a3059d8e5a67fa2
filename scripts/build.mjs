// Builds the console's pages (`next build`) when a hash of their sources and of the lockfile differs from the last build's. Exits with its code.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ensureInstalled, node24, root } from './node24.mjs';

const SOURCES = [
  'app',
  'components',
  'lib/client',
  'lib/server',
  'lib/shared',
  'proxy-core/src/contract',
  'next.config.js',
  'postcss.config.mjs',
  'tsconfig.json',
  'package-lock.json',
];
const stamp = path.join(root, '.next', 'headroom-sources');

function filesOf(entry) {
  const full = path.join(root, entry);
  if (!fs.existsSync(full)) return [];
  if (fs.statSync(full).isFile()) return [entry];
  return fs
    .readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => path.relative(root, path.join(file.parentPath ?? file.path, file.name)));
}

export function sourcesHash() {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesOf).sort())
    hash
      .update(`${file}\0`)
      .update(fs.readFileSync(path.join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** 0 when the build is there, else the exit code of `next build`. */
export async function ensureBuilt() {
  await ensureInstalled();
  const wanted = sourcesHash();
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return 0;
  console.log('building the console (next build), a minute or two …');
  fs.rmSync(stamp, { force: true });
  const next = path.join(root, 'node_modules', 'next', 'dist', 'bin', 'next');
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  delete env.NODE_OPTIONS;
  const done = spawnSync(node24(), [next, 'build'], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (done.status !== 0) {
    console.error(`${done.stdout ?? ''}${done.stderr ?? ''}\nnext build ended with ${done.status ?? done.error?.message}`);
    return done.status || 1;
  }
  fs.writeFileSync(stamp, wanted);
  return 0;
}

if (process.argv[1] && path.resolve(process.argv[1]) === path.join(root, 'scripts', 'build.mjs')) process.exit(await ensureBuilt());
