// `node scripts/fresh-machine.mjs [--tests] [--keep]`: what somebody new would see. A clone of the last commit in a temporary folder, an empty npm cache and
// home, a PATH with node, npm, git and the system's own commands alone; then the README's two commands: the demo until its link signs in, stopped by
// Ctrl-C; with --tests, `npm test` as well. Says how long each took, and what was left behind. Runs on plain Node 20.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const flags = new Set(process.argv.slice(2));
const place = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-fresh-'));
const clone = path.join(place, 'headroom');
const bin = path.join(place, 'bin');
const DEMO_WITHIN_MS = 15 * 60_000;
const STOP_WITHIN_MS = 10_000;

const which = (name) => spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
fs.mkdirSync(bin);
for (const name of ['node', 'npm', 'npx']) fs.symlinkSync(fs.realpathSync(which(name)), path.join(bin, name));
const env = {
  PATH: `${bin}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: path.join(place, 'home'),
  LANG: 'C.UTF-8',
  PORT: '3999',
  npm_config_cache: path.join(place, 'cache'),
  // where packages come from is this machine's matter
  ...(process.env.npm_config_registry ? { npm_config_registry: process.env.npm_config_registry } : {}),
};
fs.mkdirSync(env.HOME);
const ownNpmrc = path.join(os.homedir(), '.npmrc');
if (fs.existsSync(ownNpmrc)) fs.copyFileSync(ownNpmrc, path.join(env.HOME, '.npmrc'));

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(0)} s`;
const say = (words) => console.log(`fresh  ${words}`);
let failed = false;
const fail = (words) => {
  failed = true;
  say(`FAILED: ${words}`);
};

async function demo() {
  const started = performance.now();
  const child = spawn('npm', ['run', 'demo'], { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const link = await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), DEMO_WITHIN_MS);
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      text += chunk;
      const found = /http:\/\/\S+\/demo\/sign-in\?key=\S+/.exec(text);
      if (found) {
        clearTimeout(timer);
        resolve(found[0]);
      }
    });
    child.on('exit', () => resolve(null));
  });
  if (link === null) return fail('npm run demo printed no link');
  say(`npm run demo printed its link after ${seconds(started)}`);
  const answer = await fetch(link, { redirect: 'manual' });
  if (!answer.headers.get('set-cookie')) fail(`the link answered ${answer.status} and signed nobody in`);
  const stopping = performance.now();
  process.kill(-child.pid, 'SIGINT');
  const ended = await Promise.race([
    new Promise((resolve) => child.on('exit', () => resolve(true))),
    new Promise((resolve) => setTimeout(() => resolve(false), STOP_WITHIN_MS)),
  ]);
  if (ended) say(`Ctrl-C ended it in ${seconds(stopping)}`);
  else fail(`Ctrl-C did not end it within ${STOP_WITHIN_MS / 1000} s`);
  const left = spawnSync('pgrep', ['-af', place], { encoding: 'utf8' }).stdout.trim();
  if (left !== '') fail(`these were left running:\n${left}`);
}

try {
  const cloned = spawnSync('git', ['clone', '--quiet', root, clone], { stdio: 'inherit' });
  if (cloned.status !== 0) throw new Error('git clone failed');
  say(`in ${clone}, node ${spawnSync('node', ['--version'], { env, encoding: 'utf8' }).stdout.trim()}`);
  await demo();
  if (flags.has('--tests')) {
    const started = performance.now();
    const { status } = spawnSync('npm', ['test'], { cwd: clone, env, stdio: 'inherit' });
    if (status === 0) say(`npm test passed in ${seconds(started)}`);
    else fail(`npm test ended with ${status}`);
  }
} finally {
  if (flags.has('--keep')) say(`kept: ${place}`);
  else fs.rmSync(place, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
