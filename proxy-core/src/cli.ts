import path from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import manifest from '../package.json' with { type: 'json' };
import { formatHostPort } from './contract/addresses.ts';
import { configSchema } from './contract/config.ts';
import { DRILL_NAMES, DRILLS, type Drill } from './contract/words.ts';
import { orderFileOf } from './drill/order.ts';
import { messageOf, StartError } from './errors.ts';
import { Log } from './log.ts';
import { readFdLimit } from './observe/fds.ts';
import type { ConfigFile } from './parse/config-file.ts';
import { createProxy, type SniProxy, socketsOf } from './proxy.ts';
import { clampConnections, loadConfig, showFinding } from './reload.ts';
import { assignSockets } from './systemd/assign.ts';
import { createNotifier, type Notifier } from './systemd/notifier.ts';
import { takePassedSockets } from './systemd/passed-sockets.ts';
import { createPrimary } from './workers/primary.ts';
import { runWorker, WORKER_ENV, WORKER_TITLE } from './workers/worker.ts';

const DEFAULT_CONFIG = '/etc/sniproxy/config.yaml';
const HELP = `sniproxy-server: routes TLS by server name and HTTP by Host, without ending either.

  sniproxy-server [-c FILE]                 run
  sniproxy-server -t [--strict] [-c FILE]   check the config file and exit

  -c, --config FILE   config file (${DEFAULT_CONFIG})
  -t, --test          check only: exit 0 or 1, what was found on stderr
      --strict        with -t or --print-config: warnings are errors too
      --print-config  print the config in force, with every default, as YAML
      --drill NAME    inject a fault: ${DRILL_NAMES.join(', ')}
      --drills-allowed   faults may be ordered for a time by the file FILE.drill; nothing of it listens
  -V, --version       print the version
  -h, --help          print this

SIGHUP reloads the config file, SIGTERM and SIGINT drain, a second one of them cuts.
It takes over sockets of systemd (LISTEN_FDS) and tells it when it is ready (NOTIFY_SOCKET).
Exit: 0 after a drain, 1 when the config is wrong or the start failed, 2 for wrong use.
`;

type Use = { config: string; test: boolean; strict: boolean; print: boolean; drill: Drill | null; drillsAllowed: boolean };

function readUse(args: string[]): Use | 'help' | 'version' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      test: { type: 'boolean', short: 't' },
      strict: { type: 'boolean' },
      'print-config': { type: 'boolean' },
      drill: { type: 'string' },
      'drills-allowed': { type: 'boolean' },
      version: { type: 'boolean', short: 'V' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  if (positionals.length > 0) throw new Error(`${JSON.stringify(positionals[0])} is not an option; a config file is named with -c FILE`);
  const drill =
    values.drill === undefined || values.drill === '' || values.drill === 'none' ? null : DRILL_NAMES.find((name) => name === values.drill);
  if (drill === undefined) throw new Error(`there is no drill ${JSON.stringify(values.drill)}; there are ${DRILL_NAMES.join(', ')}`);
  return {
    config: values.config ?? DEFAULT_CONFIG,
    test: values.test ?? false,
    strict: values.strict ?? false,
    print: values['print-config'] ?? false,
    drill,
    drillsAllowed: values['drills-allowed'] ?? false,
  };
}

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Findings on stderr, as `file:line:column: error: …`. */
function judge(file: string, found: ConfigFile, strict: boolean): ConfigFile {
  for (const finding of found.findings) say(`sniproxy-server: ${showFinding(file, finding)}`);
  return strict && found.findings.length > 0 ? { ...found, config: null } : found;
}

/** `-t` and `--print-config`: exit code. */
function check({ config: file, strict, print }: Use): number {
  const found = loadConfig(file);
  let connections = 0;
  if (found.config !== null) {
    const clamped = clampConnections(found.config, readFdLimit() ?? Number.MAX_SAFE_INTEGER);
    const { warning } = clamped;
    connections = clamped.connections;
    if (warning !== null) found.findings.push({ severity: 'warning', ...found.positionOf(['max_connections']), message: warning });
  }
  const { config } = judge(file, found, strict);
  if (config === null) return 1;
  if (print)
    process.stdout.write(stringify(configSchema.parse({ ...config, max_connections: Math.max(1, connections) }), { lineWidth: 0 }));
  else process.stdout.write(`${file}: this config is good\n`);
  return 0;
}

/** The service manager is to wait so much longer than shutdown_timeout. */
const STOP_MARGIN_S = 5;

/** What a process does with signals, whether it carries the clients itself or has workers for that. */
type Life = Pick<SniProxy, 'start' | 'reload' | 'reloadRefused' | 'drain' | 'force' | 'addresses' | 'adminAddress'>;

async function run({ config: file, strict, drill, drillsAllowed }: Use): Promise<void> {
  const { config, sha256 } = judge(file, loadConfig(file), strict);
  if (config === null) {
    process.exitCode = 1;
    return;
  }
  const log = new Log({ level: config.log.level, format: config.log.format });
  // who lists the processes sees it, and so does who may order one
  if (drillsAllowed && drill === null) process.title = 'sniproxy-server (drills allowed)';
  const drillOrders = drillsAllowed && drill === null ? orderFileOf(path.resolve(file)) : null;
  if (drill !== null) say(`sniproxy-server: DRILL ${drill.toUpperCase()} IS ON: ${DRILLS[drill]}. This process misbehaves on purpose.`);
  const notifier = createNotifier(process.env, (message) => log.warn(message));
  const { warnings, ...sockets } = assignSockets(socketsOf(config), takePassedSockets(process.env));
  for (const warning of warnings) log.warn(warning);
  const options = { config, sha256, drill, drillOrders, log, version: manifest.version, sockets };
  const life: Life =
    (config.workers ?? 1) > 1 ? createPrimary({ ...options, command: ownCommand(), env: process.env }) : createProxy(options);
  const signals = handleSignals(life, file, log, notifier);
  try {
    await life.start();
  } catch (error) {
    if (signals.stopping) return; // it was told to stop before it had begun
    throw error;
  }
  for (const address of life.addresses) log.info('listening', { address: formatHostPort(address) });
  if (life.adminAddress) log.info('metrics', { address: formatHostPort(life.adminAddress) });
  const workers = config.workers ?? 1;
  log.info('started', { pid: process.pid, config: file, sha256, ...(workers > 1 && { workers }), ...(drill !== null && { drill }) });
  log.flush();
  await notifier.ready(statusWords(life, 1));
}

/** How this very program is started again as a worker. */
const ownCommand = (): [string, ...string[]] => [process.execPath, ...process.execArgv, process.argv[1] ?? import.meta.filename];

const statusWords = ({ addresses }: Life, generation: number): string =>
  `routing on ${addresses.map(formatHostPort).join(', ')}; config generation ${generation}`;

function handleSignals(life: Life, file: string, log: Log, notifier: Notifier): { readonly stopping: boolean } {
  const state = { stopping: false };
  let reloads = Promise.resolve();
  const stop = (signal: string) => {
    log.info('signal', { signal });
    if (state.stopping) {
      life.force();
      return;
    }
    state.stopping = true;
    void life.drain((seconds) => void notifier.stopping('draining', seconds + STOP_MARGIN_S)).then(() => exit(log, 0));
    log.flush();
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {
    reloads = reloads.then(async () => {
      if (!state.stopping) await reload(life, file, log, notifier);
      log.flush();
    });
  });
  return state;
}

/** A file that is wrong changes nothing; why is in the log. */
async function reload(life: Life, file: string, log: Log, notifier: Notifier): Promise<void> {
  void notifier.reloading();
  let generation = 0;
  try {
    const { config, sha256, findings } = loadConfig(file);
    for (const finding of findings) log[finding.severity === 'error' ? 'error' : 'warn'](showFinding(file, finding));
    if (config !== null) {
      generation = await life.reload(config, sha256);
      log.info('config reloaded', { sha256, generation });
    }
  } catch (error) {
    log.error(messageOf(error));
  }
  if (generation === 0) {
    life.reloadRefused();
    log.error('the reload was refused: the old config stays in force', { config: file });
  }
  void notifier.ready(generation === 0 ? 'the last reload was refused: the old config stays in force' : statusWords(life, generation));
}

/** Leaves when what was logged is written, or after a second. */
function exit(log: Log, code: number): void {
  log.info('stopped');
  log.flush();
  setTimeout(() => process.exit(code), 1000).unref();
  process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
}

async function main(): Promise<void> {
  if (process.env[WORKER_ENV] !== undefined && process.connected) {
    process.title = WORKER_TITLE;
    runWorker(manifest.version);
    return;
  }
  process.title = 'sniproxy-server';
  let use: Use | 'help' | 'version';
  try {
    use = readUse(process.argv.slice(2));
  } catch (error) {
    say(`sniproxy-server: ${messageOf(error)} (see -h)`);
    process.exitCode = 2;
    return;
  }
  if (use === 'help') process.stdout.write(HELP);
  else if (use === 'version') process.stdout.write(`sniproxy-server ${manifest.version}\n`);
  else if (use.test || use.print) process.exitCode = check(use);
  else await run(use);
}

main().catch((error: unknown) => {
  say(`sniproxy-server: ${error instanceof StartError ? error.message : error instanceof Error ? error.stack : error}`);
  process.exit(1);
});
