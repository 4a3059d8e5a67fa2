import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { serveRoutes } from '#test/support/api-server.ts';
import { testConsole } from '#test/support/console.ts';
import { commandsIn, SHOWN } from './documented-commands.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const guides = [
  'README.md',
  ...fs
    .readdirSync(path.join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const shown = guides.flatMap((file) => commandsIn(fs.readFileSync(path.join(root, file), 'utf8')).map((command) => ({ file, command })));
const rowOf = (command: string) => SHOWN.find(({ begins }) => command.startsWith(begins));
/** Then Ctrl-C; what watches a run that waits for a person goes on for as long as it is let. */
const PATIENCE_MS = 2000;
type Type = (command: string) => Promise<{ code: number | null; text: string }>;
const AT_MOST_MS = 20_000;

/** Every route of the API on a port, an operator's folder, and a shell in which `headroom` is the command line. */
async function place(t: TestContext) {
  const { token } = await testConsole(t);
  const api = path.join(root, 'app/api/v1');
  const files = fs.readdirSync(api, { recursive: true, encoding: 'utf8' }).filter((file) => path.basename(file) === 'route.ts');
  // a fixed name before a name that can be anything
  files.sort((a, b) => Number(a.includes('[')) - Number(b.includes('[')));
  const routes: Record<string, Record<string, unknown>> = {};
  for (const file of files) routes[`/api/v1/${path.dirname(file)}`] = await import(path.join(api, file));
  const url = await serveRoutes(t, routes);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'guide-'));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  fs.mkdirSync(path.join(home, '.ssh'));
  fs.writeFileSync(path.join(home, '.ssh/config'), 'Host edge-ams-01\n  HostName 127.0.0.1\n  Port 1\n');
  fs.writeFileSync(path.join(home, 'hosts.ini'), '[edge]\nedge-ams-02 ansible_host=127.0.0.1 ansible_port=1 ansible_user=sre\n');
  const guide = fs.readFileSync(path.join(root, 'docs/runbook-authoring.md'), 'utf8');
  const example = /^````markdown\n([\s\S]*?)^````$/m.exec(guide)?.[1] ?? '';
  fs.mkdirSync(path.join(home, 'runbooks'));
  for (const file of ['my-runbook.md', 'runbooks/mine.md']) fs.writeFileSync(path.join(home, file), example);
  const env = {
    NODE_ENV: 'test' as const,
    PATH: process.env.PATH ?? '',
    HOME: home,
    HEADROOM_URL: url,
    HEADROOM_TOKEN: await token('admin'),
  };
  const type = (command: string) => typed(command, home, env);
  return { type };
}

/** In bash, without blocking this process, which is the console. */
function typed(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; text: string }> {
  const cli = `headroom() { '${process.execPath}' '${path.join(root, 'lib/cli/headroom.ts')}' "$@"; }; set -o pipefail; shopt -s nullglob`;
  const child = spawn('bash', ['-c', `${cli}\n${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const all = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  const timers = [
    setTimeout(all, command.includes('watch') ? PATIENCE_MS : AT_MOST_MS, 'SIGINT'),
    setTimeout(all, 2 * AT_MOST_MS, 'SIGKILL'),
  ];
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (code) => {
      for (const timer of timers) clearTimeout(timer);
      resolve({ code, text });
    }),
  );
}

/** A run that is going on, as the command line lists it. */
async function activeRun(type: Type): Promise<string | null> {
  const { text } = await type('headroom runs ls --json');
  return /"id": ?"(r_\w+)"/.exec(text)?.[1] ?? null;
}

test('every command that a guide shows is in the table, and every row of the table is shown', () => {
  assert.ok(shown.length > 60, `${shown.length} commands are shown`);
  assert.deepEqual(
    shown.filter(({ command }) => rowOf(command) === undefined),
    [],
  );
  const used = new Set(shown.map(({ command }) => rowOf(command)));
  assert.deepEqual(
    SHOWN.filter((row) => !used.has(row)),
    [],
  );
  for (const row of SHOWN)
    if ('by' in row) assert.ok(fs.existsSync(path.join(root, row.by)), `${row.begins}: ${row.by} is not there`);
    else if ('reason' in row) assert.ok(row.reason.length > 10, row.begins);
});

test('those that can be typed here do what the guide says, against a real console', async (t) => {
  const { type } = await place(t);
  await type('headroom nodes add edge-03 --host 127.0.0.1 --port 1 --user sre --label group=edge');
  const done = new Set<string>();
  for (const row of SHOWN.filter((one) => 'run' in one))
    for (const { file, command } of shown) {
      if (rowOf(command) !== row || done.has(command)) continue;
      done.add(command);
      const run = command.includes('R-4F2K9') ? await activeRun(type) : null;
      const real = command
        .replaceAll('R-4F2K9', run ?? 'R-4F2K9')
        .replaceAll('10.0.3.7', '127.0.0.1 --port 1')
        .replace('group=edge leak=leaking', 'group=edge');
      const { code, text } = await type(real);
      const busy = code === 2 && 'orBusy' in row && /node\.busy/.test(text);
      assert.ok(busy || ('run' in row && row.run.includes(code ?? -1)), `${file}: ${real}: ended with ${code}\n${text}`);
      if ('says' in row && row.says) assert.match(text, row.says, `${file}: ${real}`);
    }
});
