import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import manifest from '../package.json' with { type: 'json' };
import { formatHostPort } from './contract/addresses.ts';
import { configSchema } from './contract/config.ts';
import { DRILL_NAMES, DRILLS, type Drill } from './contract/words.ts';
import { messageOf, StartError } from './errors.ts';
import { Log } from './log.ts';
import { readFdLimit } from './observe/fds.ts';
import type { ConfigFile } from './parse/config-file.ts';
import { createProxy, type SniProxy } from './proxy.ts';
import { clampConnections, loadConfig, showFinding } from './reload.ts';

const DEFAULT_CONFIG = '/etc/sniproxy/config.yaml';
const HELP = `sniproxy-server: routes TLS by server name and HTTP by Host, without ending either.

  sniproxy-server [-c FILE]                 run
  sniproxy-server -t [--strict] [-c FILE]   check the config file and exit

  -c, --config FILE   config file (${DEFAULT_CONFIG})
  -t, --test          check only: exit 0 or 1, what was found on stderr
      --strict        with -t or --print-config: warnings are errors too
      --print-config  print the config in force, with every default, as YAML
      --drill NAME    inject a fault: ${DRILL_NAMES.join(', ')}
  -V, --version       print the version
  -h, --help          print this

SIGHUP reloads the config file, SIGTERM and SIGINT drain, a second one of them cuts.
Exit: 0 after a drain, 1 when the config is wrong or the start failed, 2 for wrong use.
`;

type Use = { config: string; test: boolean; strict: boolean; print: boolean; drill: Drill | null };

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

async function run({ config: file, strict, drill }: Use): Promise<void> {
  const { config, sha256 } = judge(file, loadConfig(file), strict);
  if (config === null) {
    process.exitCode = 1;
    return;
  }
  const log = new Log({ level: config.log.level, format: config.log.format });
  if (drill !== null) say(`sniproxy-server: DRILL ${drill.toUpperCase()} IS ON: ${DRILLS[drill]}. This process misbehaves on purpose.`);
  const proxy = createProxy({ config, sha256, drill, log, version: manifest.version });
  handleSignals(proxy, file, log);
  await proxy.start();
  for (const address of proxy.addresses) log.info('listening', { address: formatHostPort(address) });
  if (proxy.adminAddress) log.info('metrics', { address: formatHostPort(proxy.adminAddress) });
  log.info('started', { pid: process.pid, config: file, sha256, ...(drill !== null && { drill }) });
  log.flush();
}

function handleSignals(proxy: SniProxy, file: string, log: Log): void {
  let stopping = false;
  const stop = (signal: string) => {
    log.info('signal', { signal });
    if (stopping) {
      proxy.force();
      return;
    }
    stopping = true;
    void proxy.drain().then(() => exit(log, 0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {
    if (!stopping) reload(proxy, file, log);
    log.flush();
  });
}

/** A file that is wrong changes nothing; why is in the log. */
function reload(proxy: SniProxy, file: string, log: Log): void {
  try {
    const { config, sha256, findings } = loadConfig(file);
    for (const finding of findings) log[finding.severity === 'error' ? 'error' : 'warn'](showFinding(file, finding));
    if (config !== null) {
      proxy.reload(config, sha256);
      return;
    }
  } catch (error) {
    log.error(messageOf(error));
  }
  proxy.reloadRefused();
  log.error('the reload was refused: the old config stays in force', { config: file });
}

/** Leaves when what was logged is written, or after a second. */
function exit(log: Log, code: number): void {
  log.info('stopped');
  log.flush();
  setTimeout(() => process.exit(code), 1000).unref();
  process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
}

async function main(): Promise<void> {
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
