// `npm test`: installs what is missing, runs every suite, prints seconds per suite and ends with "N passed, N failed, N skipped".
//   npm test                    everything
//   npm test -- unit e2e        these suites only
//   npm test -- unit/detect     a folder or file below test/
// Runs on plain Node 20; the suites run on the Node 24 that comes with the project.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureInstalled, node24 } from './node24.mjs';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const wanted = process.argv.slice(2);
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

/** Debian packages that the real-parts tests use: [a file that proves it is there, the package]. */
const PACKAGES = [
  ['/usr/bin/chromium', 'chromium'],
  ['/usr/sbin/sshd', 'openssh-server'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/curl', 'curl'],
  ['/usr/bin/openssl', 'openssl'],
  ['/usr/bin/ss', 'iproute2'],
  ['/usr/bin/prlimit', 'util-linux'],
  ['/usr/bin/systemd-analyze', 'systemd'],
  ['/usr/bin/python3', 'python3'],
  ['/usr/bin/pgrep', 'procps'],
  ['/usr/bin/busybox', 'busybox'],
  ['/usr/bin/lsof', 'lsof'],
  ['/usr/bin/systemd-nspawn', 'systemd-container'],
  ['/usr/bin/mmdebstrap', 'mmdebstrap'],
  ['/usr/lib/postgresql', 'postgresql'],
  ['/usr/bin/prometheus', 'prometheus'],
  ['/usr/bin/faketime', 'faketime'],
  ['/usr/sbin/visudo', 'sudo'],
  ['/usr/bin/amtool', 'prometheus-alertmanager'],
  ['/usr/bin/victoria-metrics', 'victoria-metrics'],
  ['/usr/bin/caddy', 'caddy'],
  ['/usr/bin/gtlsclient', 'ngtcp2-client'],
  ['/usr/sbin/gtlsserver', 'ngtcp2-server'],
  ['/usr/bin/zsh', 'zsh'],
  ['/usr/bin/fish', 'fish'],
  ['/usr/bin/jq', 'jq'],
];

const run = (command, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });

async function installPackages() {
  const missing = PACKAGES.filter(([file]) => !fs.existsSync(file)).map(([, name]) => name);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !fs.existsSync('/etc/debian_version')) {
    console.error(`These tests use real parts that are not on this machine. Install them first, on Debian with:\n  sudo ${command}`);
    process.exit(1);
  }
  console.log(`installing ${missing.join(', ')} (${command})`);
  // RUNLEVEL=1: the packages' own services are not started
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  if ((await run('apt-get', ['update', '-qq'], quiet)) !== 0 || (await run('sh', ['-c', command], quiet)) !== 0) {
    console.error(`the packages could not be installed; try by hand: ${command}`);
    process.exit(1);
  }
}

const suiteFiles = (folder) =>
  fs.existsSync(path.join(root, 'test', folder))
    ? fs
        .readdirSync(path.join(root, 'test', folder), { recursive: true })
        .map((file) => path.join('test', folder, String(file)))
        .filter((file) => file.endsWith('.test.ts'))
        .sort()
    : [];

if (wanted.length === 0)
  console.log('everything: about 20 minutes on two cores; `npm test -- unit` runs one suite, `npm test -- unit/detect` one folder');
await ensureInstalled();
const node = node24();
const env = {
  ...process.env,
  PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`,
  NEXT_TELEMETRY_DISABLED: '1',
};
delete env.NODE_OPTIONS;
const reports = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-tests-'));

/**
 * A suite is one command; `tests` ones run on node's test runner and count each test, the others count as one. A `beside` one runs
 * while the suites behind it run, and is shown at the end: hosts mostly wait, and the fuzzer has the lowest priority. The fuzzer's seed is the day: what it finds today can be repeated today.
 */
const FUZZ_SECONDS = 60;
const fuzzer = [node, '--expose-gc', 'test/fuzz/run.ts', '--seconds', FUZZ_SECONDS, '--seed', Math.floor(Date.now() / 86_400_000)].map(
  String,
);
const SUITES = [
  { name: 'fleet', tests: 'fleet', concurrency: 1, beside: true },
  { name: 'types', command: [bin('tsc'), '--noEmit'] },
  { name: 'lint', command: [bin('biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'unused', command: [node, path.join(root, 'node_modules/knip/bin/knip.js'), '--no-progress'] },
  { name: 'repo', tests: 'repo', concurrency: 2, pure: true },
  { name: 'unit', tests: 'unit', concurrency: 2, pure: true },
  { name: 'contract', tests: 'contract', concurrency: 2, first: ['ssh/transport', 'ssh/node-ops'] },
  { name: 'build', command: [node, 'scripts/build.mjs'] },
  { name: 'fuzz', command: ['nice', '-n', '19', ...fuzzer], beside: true },
  // these two wait for other processes more than they compute, so a third file fills two cores
  { name: 'integration', tests: 'integration', concurrency: 3, first: ['runs/fd-leak', 'runs/crash', 'proxy-core/lifetime'] },
  { name: 'chaos', tests: 'chaos', concurrency: 2 },
  { name: 'e2e', tests: 'e2e', concurrency: 3, first: ['main-job', 'drill'] },
];
const paths = wanted.filter((word) => word.includes('/') || word.endsWith('.ts')).map((word) => word.replace(/^test\//, ''));
const named = wanted.filter((word) => !paths.includes(word));
for (const name of named)
  if (!SUITES.some((suite) => suite.name === name)) {
    console.error(`there is no suite ${name}; there are ${SUITES.map((suite) => suite.name).join(', ')}`);
    process.exit(2);
  }

const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];
const seconds = [];

/** The longest files of a suite start before all others, so that none is waited for alone at the end. */
function longestFirst({ tests, first = [] }, files) {
  const long = first.map((file) => path.join('test', tests, `${file}.test.ts`));
  for (const file of long) if (!fs.existsSync(path.join(root, file))) throw new Error(`${file} is to start first, and is not there`);
  return [...long.filter((file) => files.includes(file)), ...files.filter((file) => !long.includes(file))];
}

async function runTests(suite, files, options) {
  const report = path.join(reports, `${suite.name}.jsonl`);
  const code = await run(
    node,
    [
      'test/support/run-files.mjs',
      '--concurrency',
      `${suite.concurrency}`,
      // what a file still had to tell may be lost when it is ended by force, so where nothing is real it is not used
      ...(suite.pure ? [] : ['--force-exit']),
      ...longestFirst(suite, files),
    ],
    { env: { ...env, HEADROOM_TEST_REPORT: report }, ...options },
  );
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of fs.existsSync(report) ? fs.readFileSync(report, 'utf8').split('\n').filter(Boolean) : []) {
    const result = JSON.parse(line);
    counts[result.outcome] += 1;
    if (result.outcome === 'skipped') skips.push(result);
    if (result.outcome === 'failed') failures.push(`${result.file}: ${result.name}`);
  }
  if (code !== 0 && counts.failed === 0) {
    counts.failed += 1;
    failures.push(`${suite.name}: the runner ended with ${code}`);
  }
  return counts;
}

async function runCommand(suite, options) {
  const code = await run(suite.command[0], suite.command.slice(1), { env, ...options });
  if (code !== 0) failures.push(suite.name);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

if (wanted.length === 0 || named.some((name) => ['fleet', 'contract', 'integration', 'chaos', 'e2e'].includes(name)) || paths.length > 0)
  await installPackages();
const besides = [];
for (const suite of SUITES) {
  const all = suite.tests ? suiteFiles(suite.tests) : [];
  const files = paths.length > 0 ? all.filter((file) => paths.some((p) => file.startsWith(path.join('test', p)))) : all;
  const chosen = wanted.length === 0 || named.includes(suite.name) || (suite.tests && paths.length > 0 && files.length > 0);
  if (!chosen || (suite.tests && files.length === 0)) continue;
  console.log(`\n— ${suite.name}${suite.beside ? ' (beside the next)' : ''}`);
  const started = performance.now();
  const count = (counts) => {
    for (const key of Object.keys(total)) total[key] += counts[key];
    seconds.push([suite.name, (performance.now() - started) / 1000, counts]);
  };
  if (suite.beside) {
    const output = path.join(reports, `${suite.name}.txt`);
    const file = fs.openSync(output, 'w');
    const options = { stdio: ['ignore', file, file] };
    const ended = (suite.tests ? runTests(suite, files, options) : runCommand(suite, options)).then((counts) => {
      fs.closeSync(file);
      count(counts);
    });
    besides.push({ name: suite.name, output, ended });
  } else count(suite.tests ? await runTests(suite, files) : await runCommand(suite));
}
for (const { name, output, ended } of besides) {
  await ended;
  console.log(`\n— ${name}\n${fs.readFileSync(output, 'utf8')}`);
}
fs.rmSync(reports, { recursive: true, force: true });

// With CI=true a skip is a failure unless test/skips.json gives its reason: { "<test file>": { "<test name>": "<why>" } }.
const allowed = JSON.parse(fs.readFileSync(path.join(root, 'test/skips.json'), 'utf8'));
if (process.env.CI === 'true')
  for (const skip of skips)
    if (!allowed[skip.file]?.[skip.name]) {
      total.failed += 1;
      failures.push(`${skip.file}: ${skip.name} was skipped, and test/skips.json does not say why`);
    }

console.log('\nsuite          seconds  passed  failed  skipped');
for (const [name, took, c] of seconds)
  console.log(
    `${name.padEnd(14)} ${took.toFixed(1).padStart(7)}  ${`${c.passed}`.padStart(6)}  ${`${c.failed}`.padStart(6)}  ${`${c.skipped}`.padStart(7)}`,
  );
if (failures.length > 0) console.log(`\nfailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
