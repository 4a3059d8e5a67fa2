// The demo: a fleet of real proxies on this machine, real traffic through them, and the console in front. `npm run demo` comes here.
import fs from 'node:fs';
import { OPEN_FILES } from './node/plan.ts';
import { isFree } from './node/ports.ts';
import { OptionError, readOptions, USAGE } from './options.ts';
import { DataDirError } from './supervisor/data-dir.ts';
import { type Fleet, startFleet } from './supervisor/supervisor.ts';

const say = (line: string) => console.log(`demo  ${line}`);

async function main(): Promise<number> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.consoleEntry !== null && !(await isFree(options.port)))
    throw new OptionError(`PORT is ${options.port}, which another program uses: set PORT to a free one`);
  checkMachine();
  const stopping = stopSignal();
  const fleet = await startFleet(options, say, stopping).catch((error: unknown) => {
    if (stopping.aborted) return null;
    throw error;
  });
  if (fleet !== null) {
    describe(fleet, options.dataDir);
    await new Promise((resolve) => (stopping.aborted ? resolve(null) : stopping.addEventListener('abort', resolve, { once: true })));
    await fleet.stop();
  }
  say('stopped; nothing is left running');
  return 0;
}

/** What no option can help: said before anything starts. */
function checkMachine(): void {
  if (process.platform !== 'linux') throw new OptionError(`the demo's nodes need Linux (/proc, /bin/sh); this is ${process.platform}`);
  const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (hard !== undefined && Number(hard) < OPEN_FILES)
    throw new OptionError(
      `the hard limit of open files is ${hard} here and each demo proxy runs with ${OPEN_FILES}: raise it (ulimit -Hn) and start again`,
    );
}

/** Ctrl-C, a plain kill, a closed terminal, or the npm script gone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (!controller.signal.aborted) say('stopping everything …');
    controller.abort(new Error('stopped'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (process.send) {
    process.on('message', stop);
    process.on('disconnect', stop);
  }
  return controller.signal;
}

function describe(fleet: Fleet, dataDir: string): void {
  const width = Math.max(...fleet.nodes.map((node) => node.name.length));
  for (const node of fleet.nodes) {
    const scraped = node.metricsVia === 'ssh' ? ', metrics through SSH' : '';
    say(`${node.name.padEnd(width)}  TLS :${node.ports.tls}  HTTP :${node.ports.http}  ssh -p ${node.ports.ssh} sre@127.0.0.1${scraped}`);
  }
  const drills = fleet.nodes.filter((node) => node.drill !== null).length;
  say(
    `${drills} of ${fleet.nodes.length} run with a fault that leaks; the judgement sees fds and connections only, and is not told which (${dataDir}/demo.json names them)`,
  );
  if (fleet.signInUrl !== null) console.log(`\n  Open  ${fleet.signInUrl}\n`);
  say('Ctrl-C stops all of it');
}

try {
  process.exitCode = await main();
} catch (error) {
  const known = error instanceof OptionError || error instanceof DataDirError;
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = known ? 2 : 1;
}
process.exit();
