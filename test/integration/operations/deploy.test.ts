import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { describeSettings, readConfig } from '#server/kernel/config.ts';
import { provisionedDir, startConsole } from '#test/support/console-process.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const deploy = (name: string) => path.join(root, 'deploy', name);
const read = (name: string) => fs.readFileSync(deploy(name), 'utf8');
const SETTINGS = describeSettings({}).map(({ name }) => name);
/** systemd's own measure, from 0 (nothing is exposed) to 10. */
const MOST_EXPOSURE = 1.5;

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'deploy-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

describe('the units of the console', () => {
  const UNITS = ['headroom.service', 'headroom-web@.service', 'headroom-worker@.service'];

  /** As shipped, but for the place of the program: a unit whose program is not there is not in order. */
  const installed = (t: TestContext) => {
    const dir = tempDir(t);
    return UNITS.map((unit) => {
      const file = path.join(dir, unit.replace('@.', '@3000.'));
      fs.writeFileSync(
        file,
        read(unit).replaceAll('/opt/headroom/node_modules/.bin/node', process.execPath).replaceAll('/opt/headroom', root),
      );
      return file;
    });
  };

  test('systemd-analyze verify finds nothing', (t) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...installed(t)], { encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  test('systemd-analyze security: the exposure stays low', (t) => {
    for (const file of installed(t)) {
      const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], { encoding: 'utf8' });
      const [, exposure] = /Overall exposure level for .*: ([0-9.]+)/.exec(stdout) ?? [];
      t.diagnostic(`${path.basename(file)}: exposure ${exposure}`);
      const found = stdout.split('\n').filter((line) => line.startsWith('✗'));
      assert.ok(Number(exposure) <= MOST_EXPOSURE, found.join('\n'));
    }
  });

  test('a wrong setting is not started again for ever, a stop has the time that it takes, and every variable is one of ours', () => {
    for (const unit of UNITS) {
      const text = read(unit);
      assert.match(text, /^RestartPreventExitStatus=78$/m);
      assert.match(text, /^TimeoutStopSec=20$/m);
      assert.doesNotMatch(text, /^MemoryDenyWriteExecute/m);
      for (const [, name] of text.matchAll(/\b(HEADROOM_[A-Z_]+)=/g)) assert.ok(SETTINGS.includes(name ?? ''), `${unit}: ${name}`);
    }
  });

  test('the console runs with a tree that nobody can write, without a capability, seeing no process but its own', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('namespaces and mounts take root');
    const script = `
      mount -t proc -o subset=pid,hidepid=invisible proc /proc
      mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
      exec setpriv --bounding-set=-all --no-new-privs "$2" app/serve.ts`;
    const command = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec', script, 'sh', root];
    const dataDir = provisionedDir(t);
    const console = await startConsole(t, { HEADROOM_DATA_DIR: dataDir, NODE_COMPILE_CACHE: path.join(dataDir, 'compiled') }, { command });
    assert.equal((await fetch(`${console.url}/login`)).status, 200);
    assert.equal((await console.ask('/api/v1/tokens', { json: { name: 'ci', role: 'viewer' } })).status, 201);
  });

  test('sysusers and tmpfiles are read by systemd as they stand', (t) => {
    const dir = tempDir(t);
    fs.mkdirSync(path.join(dir, 'etc'));
    execFileSync('systemd-sysusers', [`--root=${dir}`, deploy('headroom.sysusers')], { stdio: 'pipe' });
    assert.match(fs.readFileSync(path.join(dir, 'etc/passwd'), 'utf8'), /^headroom:/m);
    const made = spawnSync('systemd-tmpfiles', ['--create', `--root=${dir}`, deploy('headroom.tmpfiles')], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    assert.equal(fs.statSync(path.join(dir, 'etc/headroom')).mode & 0o777, 0o750);
  });
});

test('visudo accepts the sudoers of prepared nodes', () => {
  const { status, stdout, stderr } = spawnSync('/usr/sbin/visudo', ['-c', '-f', deploy('sudoers.headroom-node')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('the command line of an installed console takes the settings of its service, and the caller outweighs them', (t) => {
  const file = path.join(tempDir(t), 'headroom.env');
  fs.writeFileSync(file, '# settings\nPORT=4000\nHEADROOM_URL="https://headroom.example"\nnot a setting\n$(touch /nowhere)=x\n');
  const ask = (env: Record<string, string>) =>
    JSON.parse(
      execFileSync('sh', [deploy('headroom'), 'config', '--json'], {
        encoding: 'utf8',
        env: {
          NODE_ENV: 'test',
          PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
          HEADROOM_ROOT: root,
          HEADROOM_ENV_FILE: file,
          ...env,
        },
      }),
    ).settings.map(({ name, value }: { name: string; value: string }) => `${name}=${value}`);
  const told = ask({});
  for (const wanted of ['PORT=4000', 'HEADROOM_URL=https://headroom.example', 'HEADROOM_DATA_DIR=/var/lib/headroom'])
    assert.ok(told.includes(wanted), wanted);
  assert.ok(ask({ PORT: '5000' }).includes('PORT=5000'));
});

type Instruction = { word: string; rest: string };

/** Instructions of a Dockerfile, with lines joined and comments out. */
function instructions(): Instruction[] {
  const text = read('Dockerfile')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ');
  return text.split('\n').flatMap((line) => {
    const [, word = '', rest = ''] = /^\s*([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return word === '' ? [] : [{ word, rest: rest.trim() }];
  });
}

/** What the last stage copies from the repository: [from, to]. */
function copied(all: readonly Instruction[]): [from: string, to: string][] {
  const last = all.slice(all.findLastIndex(({ word }) => word === 'FROM'));
  return last
    .filter(({ word, rest }) => word === 'COPY' && !rest.includes('--from='))
    .flatMap(({ rest }) => {
      const words = rest.split(/\s+/).filter((w) => !w.startsWith('--'));
      const to = words.pop() ?? '';
      return words.map((from): [string, string] => [from, to]);
    });
}

describe('the image', () => {
  const all = instructions();
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');

  test('is built of stages with pinned versions, runs as nobody of the host, and says how it is', () => {
    const stages = all.filter(({ word }) => word === 'FROM').map(({ rest }) => rest);
    assert.equal(stages.length, 3);
    for (const stage of stages) assert.match(stage, /^[a-z]+:\d+\.\d+[\w.-]*( AS \w+)?$/, 'a tag with a minor version');
    const last = all.slice(all.findLastIndex(({ word }) => word === 'FROM'));
    const of = (word: string) => last.filter((i) => i.word === word).map(({ rest }) => rest);
    assert.deepEqual(of('USER'), ['10001:10001']);
    assert.deepEqual(of('VOLUME'), ['/var/lib/headroom']);
    assert.match(of('HEALTHCHECK')[0] ?? '', /\/healthz/);
    assert.ok(
      all.findLastIndex(({ word }) => word === 'USER') > all.findLastIndex(({ word }) => word === 'RUN'),
      'nothing is installed by the user that runs',
    );
    for (const rest of of('CMD')) assert.ok(Array.isArray(JSON.parse(rest)), 'signals reach the console only without a shell between');
    assert.doesNotMatch(read('Dockerfile'), /SECRET|PASSWORD|TOKEN/);
    const engine = Number(/^node:(\d+)/.exec(stages[0] ?? '')?.[1]);
    assert.equal(engine, Number(process.versions.node.split('.')[0]));
  });

  test('copies only what is in the repository, and what the context lets through', () => {
    const ignore = fs.readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
    assert.equal(ignore[0], '**');
    const through = ignore.slice(1).map((line) => line.replace(/^!/, ''));
    const sources = all
      .filter(({ word, rest }) => word === 'COPY' && !rest.includes('--from='))
      .flatMap(({ rest }) =>
        rest
          .split(/\s+/)
          .filter((w) => !w.startsWith('--'))
          .slice(0, -1),
      );
    for (const source of sources) {
      assert.ok(
        tracked.some((file) => file === source || file.startsWith(`${source}/`)),
        `${source} is not in the repository`,
      );
      assert.ok(
        through.some((line) => source === line || source.startsWith(`${line}/`)),
        `.dockerignore keeps ${source} out`,
      );
    }
    assert.ok(!through.some((line) => /^(\.git|test|data|node_modules|\.next)/.test(line)));
  });

  test('has everything that the console and its command line import, without what only developers need', (t) => {
    const dir = tempDir(t);
    for (const [from, to] of copied(all)) {
      if (to.startsWith('/')) continue;
      const at = path.join(dir, to.endsWith('/') ? path.join(to, from) : to);
      fs.mkdirSync(path.dirname(at), { recursive: true });
      fs.cpSync(path.join(root, from), at, { recursive: true });
    }
    const list = spawnSync('npm', ['ls', '--omit=dev', '--omit=optional', '--all', '--parseable'], { cwd: root, encoding: 'utf8' }).stdout;
    const modules = path.join(root, 'node_modules');
    for (const found of list.split('\n').filter((line) => line.startsWith(modules))) {
      const name = path.relative(modules, found);
      if (name.includes('/node_modules/')) continue;
      fs.mkdirSync(path.dirname(path.join(dir, 'node_modules', name)), { recursive: true });
      fs.symlinkSync(found, path.join(dir, 'node_modules', name));
    }
    const env: NodeJS.ProcessEnv = { PATH: process.env.PATH ?? '', NODE_ENV: 'production', HEADROOM_DATA_DIR: path.join(dir, 'data') };
    const run = (args: string[], more: Record<string, string> = {}) =>
      spawnSync(process.execPath, ['--preserve-symlinks', ...args], { cwd: dir, encoding: 'utf8', env: { ...env, ...more } });
    const config = run(['lib/cli/headroom.ts', 'config', '--json']);
    assert.equal(config.status, 0, config.stderr);
    // every module is loaded before the first setting is looked at
    const console = run(['app/serve.ts'], { PORT: 'x' });
    assert.deepEqual([console.status, console.stderr], [78, 'headroom: PORT is "x": it should be a port number, 1 to 65535\n']);
  });
});

const serviceSchema = z.object({
  environment: z.record(z.string(), z.string()),
  profiles: z.array(z.string()).optional(),
  deploy: z.object({ replicas: z.number() }).optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
});

test('compose.yaml: one console, or two web and two workers, on one PostgreSQL; its variables make a configuration that the console takes', () => {
  const file = z
    .object({ services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.unknown()) })
    .parse(parse(read('compose.yaml'), { merge: true }));
  const { services } = file;
  assert.deepEqual(Object.keys(services).sort(), ['console', 'db', 'web', 'worker']);
  assert.deepEqual([services.web?.deploy?.replicas, services.worker?.deploy?.replicas], [2, 2]);
  for (const [name, service] of Object.entries(services)) {
    for (const volume of service.volumes ?? []) assert.ok((volume.split(':')[0] ?? '') in file.volumes, `${name}: ${volume}`);
    // published on this machine alone: TLS is in front
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
    if (name === 'db') continue;
    const filled = Object.fromEntries(
      Object.entries(service.environment).map(([key, value]) => [
        key,
        value.replace(
          /\$\{(\w+):\?[^}]*\}/g,
          (_, asked: string) =>
            ({
              HEADROOM_SECRET: Buffer.from(Array.from({ length: 32 }, (__, i) => i * 5)).toString('base64'),
              HEADROOM_URL: 'https://headroom.example',
            })[asked] ?? 'abc',
        ),
      ]),
    );
    const config = readConfig({ HOST: '0.0.0.0', ...filled });
    assert.equal(config.role, { console: 'all', web: 'web', worker: 'worker' }[name]);
    assert.deepEqual([service.read_only, service.cap_drop, service.stop_grace_period], [true, ['ALL'], '15s']);
    for (const key of Object.keys(service.environment)) assert.ok(SETTINGS.includes(key), `${name}: ${key}`);
    assert.ok(fs.existsSync(path.resolve(root, 'deploy', service.build?.context ?? '', service.build?.dockerfile ?? '')));
  }
});
