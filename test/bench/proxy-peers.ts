import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { until } from '#test/support/until.ts';

/** Ports of the backends that all proxies share. */
export const BACKENDS = { small: 19_443, bulk: 19_444, sink: 19_445 } as const;
export const NAMES = { small: 'bench.test', bulk: 'bulk.test', sink: 'sink.test' } as const;
export const BYTES = { small: 1024, bulk: 67_108_864, sink: 67_108_864 } as const;
const LOAD = path.join(import.meta.dirname, 'proxy-load.ts');
const CLI = path.resolve(import.meta.dirname, '../../proxy-core/src/cli.ts');
const HAPROXY = '/usr/sbin/haproxy';
const [PROXY_CPU, LOAD_CPU] = ['0', '1'];

export type Peer = { name: string; port: number; pid: number };
export type Said = { done: number; wrong: number; seconds: number; gigabytes: number; p50Ms: number; p99Ms: number };
type Started = { pid: number; stop(): void };

const running = new Set<Started>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.on('exit', () => {
  for (const one of running) one.stop();
});

function start(
  cpu: string,
  argv: string[],
  {
    stdin = 'ignore',
    stdout = 'pipe',
    env = {},
  }: { stdin?: 'ignore' | 'pipe'; stdout?: 'pipe' | number; env?: Record<string, string> } = {},
): Started & { child: ReturnType<typeof spawn> } {
  const child = spawn('/usr/bin/taskset', ['-c', cpu, ...argv], { stdio: [stdin, stdout, 'inherit'], env: { ...process.env, ...env } });
  const started = { child, pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
  running.add(started);
  child.on('exit', () => running.delete(started));
  return started;
}

const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
const listening = (port: number) => until(`port ${port} is open`, () => isOpen(port), { timeoutMs: 30_000 });

export async function startBackends(): Promise<void> {
  for (const name of ['small', 'bulk', 'sink'] as const) {
    const { child } = start(LOAD_CPU, [
      process.execPath,
      LOAD,
      name === 'sink' ? 'sink' : 'backend',
      `${BACKENDS[name]}`,
      `${BYTES[name]}`,
    ]);
    child.stdout?.resume();
    await listening(BACKENDS[name]);
  }
}

/** Debian's HAProxy on one thread, with splice. Null when it is not installed. */
export async function startHaproxy(dir: string, port: number): Promise<Peer | null> {
  if (!fs.existsSync(HAPROXY)) return null;
  const file = path.join(dir, 'haproxy.cfg');
  const names = ['small', 'bulk', 'sink'] as const;
  fs.writeFileSync(
    file,
    [
      'global',
      '  nbthread 1',
      '  maxconn 8500',
      '  maxpipes 500',
      'defaults',
      '  mode tcp',
      '  timeout connect 10s',
      '  timeout client 300s',
      '  timeout server 300s',
      '  option splice-auto',
      'frontend f',
      `  bind 0.0.0.0:${port}`,
      '  tcp-request inspect-delay 5s',
      '  tcp-request content accept if { req_ssl_hello_type 1 }',
      ...names.map((name) => `  use_backend ${name} if { req_ssl_sni -i ${NAMES[name]} }`),
      ...names.flatMap((name) => [`backend ${name}`, `  server s 127.0.0.1:${BACKENDS[name]}`]),
      '',
    ].join('\n'),
  );
  const { pid } = start(PROXY_CPU, [HAPROXY, '-db', '-f', file]);
  await listening(port);
  return { name: 'HAProxy', port, pid };
}

/** nginx' stream module reading names of hellos, and sniproxy, both of Debian; null where one is not installed. One process that does the work. */
export async function startNginx(dir: string, port: number): Promise<Peer | null> {
  const [program, module] = ['/usr/sbin/nginx', '/usr/lib/nginx/modules/ngx_stream_module.so'];
  if (!fs.existsSync(program) || !fs.existsSync(module)) return null;
  const file = path.join(dir, 'nginx.conf');
  const names = (['small', 'bulk', 'sink'] as const).map((name) => `${NAMES[name]} 127.0.0.1:${BACKENDS[name]};`).join(' ');
  fs.writeFileSync(
    file,
    `load_module ${module};\nuser root;\ndaemon off;\nworker_processes 1;\nworker_rlimit_nofile 18000;\npid ${dir}/nginx.pid;\nerror_log ${dir}/nginx.log;\n` +
      `events { worker_connections 17000; }\nstream { map $ssl_preread_server_name $backend { ${names} }\n` +
      `server { listen 0.0.0.0:${port} backlog=4096; ssl_preread on; proxy_pass $backend; } }\n`,
  );
  return startPeer('nginx stream', port, [program, '-c', file]);
}

export async function startSniproxy(dir: string, port: number): Promise<Peer | null> {
  const program = '/usr/sbin/sniproxy';
  if (!fs.existsSync(program)) return null;
  const file = path.join(dir, 'sniproxy.conf');
  const names = (['small', 'bulk', 'sink'] as const).map((name) => `  ${NAMES[name]} 127.0.0.1:${BACKENDS[name]}`).join('\n');
  fs.writeFileSync(
    file,
    `user root\nerror_log { filename ${dir}/sniproxy.log }\nlistener 0.0.0.0:${port} { proto tls\n table t }\ntable t {\n${names}\n}\n`,
  );
  return startPeer('sniproxy', port, [program, '-f', '-n', '17000', '-c', file]);
}

async function startPeer(name: string, port: number, argv: string[]): Promise<Peer> {
  const { pid } = start(PROXY_CPU, argv, { stdout: 'pipe' });
  await listening(port);
  return { name, port, pid };
}

export async function startOurs(
  dir: string,
  port: number,
  options: { name?: string; workers?: number; access?: boolean; node?: string[]; cpu?: string; env?: Record<string, string> } = {},
): Promise<Peer> {
  const { name = 'sniproxy-server', workers = 1, access = false, node = [], cpu = PROXY_CPU, env = {} } = options;
  const file = path.join(dir, `${port}.yaml`);
  const routes = (['small', 'bulk', 'sink'] as const).map(
    (kind) => `  - { match: ${NAMES[kind]}, backends: ["127.0.0.1:${BACKENDS[kind]}"] }`,
  );
  fs.writeFileSync(
    file,
    `listen_addrs: ["0.0.0.0:${port}"]
timeouts: { connect: 10, client_hello: 5, idle: 300 }
metrics: { enabled: true, address: "127.0.0.1:${port + 1000}" }
max_connections: 9000
${workers > 1 ? `workers: ${workers}\n` : ''}routes:
${routes.join('\n')}
log: { level: ${access ? 'info' : 'warn'}, access: ${access} }
`,
  );
  // A file, as a log has: this process does not read while a load runs.
  const stdout = fs.openSync(path.join(dir, `${port}.log`), 'a');
  const { pid } = start(cpu, [process.execPath, ...node, CLI, '-c', file], { stdout, env });
  fs.closeSync(stdout);
  await listening(port);
  return { name, port, pid };
}

/** One run of the load to its end. */
export function run(...args: (string | number)[]): Said {
  const text = execFileSync('/usr/bin/taskset', ['-c', LOAD_CPU, process.execPath, LOAD, ...args.map(String)], { encoding: 'utf8' });
  return JSON.parse(text) as Said;
}

/** Holds connections open until `release`. */
export async function hold(port: number, connections: number): Promise<{ release(): Promise<void> }> {
  const { child } = start(LOAD_CPU, [process.execPath, LOAD, 'hold', `${port}`, NAMES.small, `${connections}`], {
    stdin: 'pipe',
  });
  if (!child.stdout || !child.stdin) throw new Error('the load has no pipes');
  const [text] = await once(child.stdout, 'data');
  const { done, wrong } = JSON.parse(String(text)) as Said;
  if (done !== connections || wrong > 0) throw new Error(`${done} of ${connections} connections are held, ${wrong} went wrong`);
  return {
    async release() {
      const exit = once(child, 'exit');
      child.stdin?.end();
      await exit;
    },
  };
}

const numbersIn = (file: string) => fs.readFileSync(file, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);

/** A process and those that it started. */
function family(pid: number): number[] {
  const children = fs.readdirSync(`/proc/${pid}/task`).flatMap((task) => numbersIn(`/proc/${pid}/task/${task}/children`));
  return [pid, ...children.flatMap(family)];
}

/** CPU seconds used so far, in user and kernel mode, to the nanosecond: what the scheduler has of each thread. */
export const cpuSeconds = (proxy: Peer): number =>
  family(proxy.pid)
    .flatMap((pid) => fs.readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + (numbersIn(file)[0] ?? 0) / 1e9, 0);

export const rssKib = (proxy: Peer): number =>
  family(proxy.pid).reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0), 0);

export const openFds = (proxy: Peer): number => fs.readdirSync(`/proc/${proxy.pid}/fd`).length;
