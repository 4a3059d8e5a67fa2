// The bootstrap shared by the npm scripts. Plain Node 20 runs it; everything else runs on the Node 24 that it finds.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const marker = path.join(root, 'node_modules', '.headroom-installed');

/** `npm ci` when node_modules is missing or belongs to another lockfile. */
export async function ensureInstalled() {
  const lock = createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (fs.existsSync(marker) && fs.readFileSync(marker, 'utf8') === lock) return;
  // npm writes its own record last, so a half-done install has none
  if (fs.existsSync(path.join(root, 'node_modules', '.package-lock.json')) && installedMatches()) {
    fs.writeFileSync(marker, lock);
    return;
  }
  console.log('installing dependencies (npm ci), about a minute …');
  const done = spawnSync('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) {
    console.error(`npm ci ended with ${done.status ?? done.error?.message}; nothing was started. Run it by hand to see why.`);
    process.exit(1);
  }
  fs.writeFileSync(marker, lock);
}

/** Whether what npm installed is what the lockfile asks for; packages of other platforms are left out by npm. */
function installedMatches() {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages;
  const [wanted, got] = [read('package-lock.json'), read('node_modules/.package-lock.json')];
  return Object.entries(wanted).every(
    ([name, p]) =>
      name === '' || p.link || !name.startsWith('node_modules/') || (got[name] ? got[name].version === p.version : p.optional === true),
  );
}

/** Absolute path of a Node ≥ 24: the one running, the project's own, or an exit with the reason. */
export function node24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const own = path.join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (fs.existsSync(own)) return own;
  console.error(
    `Node ${process.versions.node} runs here and Headroom needs Node 24 or newer. It comes with the project on Linux x64 and arm64` +
      ` (npm ci without --omit=optional); on ${process.platform} ${process.arch} install Node 24 and try again.`,
  );
  process.exit(1);
}

/**
 * Runs a program in this terminal and gives its exit code. Ctrl-C reaches it by itself; other signals are passed on. With `channel` it is told to
 * stop by a message, any number of times, and finds its channel broken when this process is killed.
 */
export function runForeground(command, args, { channel = false, ...options }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: channel ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => {
        if (channel && child.connected) child.send('stop', () => {});
        else if (signal !== 'SIGINT') child.kill('SIGTERM');
      });
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
