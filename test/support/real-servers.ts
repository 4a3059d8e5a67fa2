import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from './until.ts';

const POSTGRES_DIRS = '/usr/lib/postgresql';

/** The programs of Debian's packages; null where a package is not there. */
export const programs = {
  postgres: (): string | null => {
    const versions = fs.existsSync(POSTGRES_DIRS) ? fs.readdirSync(POSTGRES_DIRS).sort((a, b) => Number(b) - Number(a)) : [];
    return versions.map((v) => path.join(POSTGRES_DIRS, v, 'bin')).find((bin) => fs.existsSync(path.join(bin, 'initdb'))) ?? null;
  },
  prometheus: (): string | null => present('/usr/bin/prometheus'),
  promtool: (): string | null => present('/usr/bin/promtool'),
  victoriaMetrics: (): string | null => present('/usr/bin/victoria-metrics'),
};
const present = (file: string) => (fs.existsSync(file) ? file : null);

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export type RealServer = { url: string; dir: string; stop(): Promise<void> };

/** PostgreSQL on a directory and a port of its own. It refuses to run as root: then it runs as the package's user. */
export async function startPostgres(bin: string): Promise<RealServer & { kill(): Promise<void>; again(): Promise<void> }> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-pg-'));
  const data = path.join(dir, 'data');
  const port = await freePort();
  const root = process.getuid?.() === 0;
  if (root) execFileSync('chown', ['postgres', dir]);
  const command = (program: string, args: string[]): [string, string[]] =>
    root ? ['runuser', ['-u', 'postgres', '--', path.join(bin, program), ...args]] : [path.join(bin, program), args];
  const options = {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  };
  const [initdb, initArgs] = command('initdb', ['-D', data, '-U', 'headroom', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  execFileSync(initdb, initArgs, options);
  const listen = ['-c', 'listen_addresses=127.0.0.1', '-c', `port=${port}`, '-c', `unix_socket_directories=${dir}`, '-c', 'fsync=off'];
  const url = `postgres://headroom@127.0.0.1:${port}/postgres`;
  let child: ChildProcess;
  const launch = async () => {
    child = start(...command('postgres', ['-D', data, ...listen]), { cwd: dir });
    const [psql, psqlArgs] = ['psql', ['-X', '-c', 'SELECT 1', url]];
    await until('PostgreSQL answers', () => execFileSync(psql, psqlArgs, { stdio: 'pipe' }), { timeoutMs: 30_000, everyMs: 100 });
  };
  // runuser waits for the server and hands signals on; the server's own pid is in its directory
  const halt = async (signal: NodeJS.Signals) => {
    const pid = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(pid, signal);
    await gone;
  };
  await launch();
  return {
    url,
    dir,
    kill: () => halt('SIGQUIT'),
    again: launch,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await halt('SIGQUIT');
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** `config` is the scrape configuration, as YAML. Times of samples may be years ago, in any order. */
export async function startPrometheus(program: string, config: string): Promise<RealServer & { pid: number }> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-prom-'));
  const port = await freePort();
  fs.writeFileSync(path.join(dir, 'prometheus.yml'), `storage: { tsdb: { out_of_order_time_window: 100d } }\n${config}`);
  const child = start(
    program,
    [
      `--config.file=${path.join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(dir, 'data')}`,
      '--storage.tsdb.retention.time=20y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    { cwd: dir },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok, { timeoutMs: 30_000, everyMs: 100 });
  return { url, dir, pid: child.pid ?? 0, stop: () => stopped(child, dir) };
}

export async function startVictoriaMetrics(program: string): Promise<RealServer> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-vm-'));
  const port = await freePort();
  const child = start(
    program,
    [
      `-storageDataPath=${path.join(dir, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=20y',
      '-search.latencyOffset=0s',
      '-memory.allowedBytes=64MB',
    ],
    { cwd: dir },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('VictoriaMetrics answers', async () => (await fetch(`${url}/health`)).ok, { timeoutMs: 30_000, everyMs: 100 });
  return { url, dir, stop: () => stopped(child, dir) };
}

function start(program: string, args: string[], options: SpawnOptions): ChildProcess {
  const child = spawn(program, args, { ...options, stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function stopped(child: ChildProcess, dir: string): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
  fs.rmSync(dir, { recursive: true, force: true });
}
