import http from 'node:http';
import path from 'node:path';
import { assumeProduction, type Config, ConfigError, readConfig } from '#server/kernel/config.ts';
import { createLog, type Log } from '#server/kernel/log.ts';
import { createRuntime, type Runtime } from '#server/runtime.ts';
import { setRuntime } from '#server/slot.ts';
import { createContentPolicy, inlineScriptHashes } from './api/_http/content-policy.ts';
import { guardAnswer, refuse } from './api/_http/outer-guard.ts';
import { turnAway } from './page-guard.ts';

/** Everything is to be over by then, whatever hangs; the demo and service managers wait longer. */
const STOP_MS = 4500;
const root = path.resolve(import.meta.dirname, '..');

await main();

async function main(): Promise<void> {
  // Whatever the console writes is its owner's alone.
  process.umask(0o077);
  let config: Config;
  let runtime: Runtime;
  let log: Log;
  let setupLink: string | null;
  try {
    config = readConfig();
    log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY });
    runtime = await createRuntime({ config, log });
    setupLink = (await runtime.start()).setupLink;
  } catch (error) {
    // A wrong setting is the reader's to mend: its sentences, no stack.
    process.stderr.write(
      `headroom: ${error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error) : error}\n`,
    );
    process.exit(1);
  }
  setRuntime(runtime);
  const server = http.createServer();
  stopOnSignals(server, runtime, log);
  server.on('request', await pages(runtime));
  await listen(server, config);
  process.stdout.write(`Headroom is at ${config.url}\n`);
  if (setupLink) process.stdout.write(`There is no admin yet. This link makes the first one, once: ${setupLink}\n`);
}

/** Next, in this very process, so that its route handlers find the runtime. */
async function pages({ config, log, access, telemetry }: Runtime): Promise<http.RequestListener> {
  assumeProduction();
  const { default: next } = await import('next');
  const app = next({ dev: false, dir: root, hostname: config.host, port: config.port });
  await app.prepare();
  const answer = app.getRequestHandler();
  const contentPolicy = createContentPolicy(inlineScriptHashes(path.join(root, '.next/server/app')));
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    guardAnswer(request, response, { log, trustProxy: config.trustProxy, onAnswer: telemetry.request, contentPolicy });
    if (refuse(request, response)) return;
    if (await turnAway(request, response, access)) return;
    await answer(request, response);
  };
  return (request, response) => {
    serve(request, response).catch((error) => {
      log.error({ err: error, path: request.url?.split('?')[0] }, 'a request failed');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
}

function listen(server: http.Server, config: Config): Promise<void> {
  return new Promise((resolve) => {
    server.once('error', (error) => {
      process.stderr.write(`headroom: PORT is ${config.port}: ${error.message}\n`);
      process.exit(1);
    });
    server.listen(config.port, config.host, resolve);
  });
}

/** Stops taking requests, ends the open ones, then the engine, then the database. A second signal does not wait. */
function stopOnSignals(server: http.Server, runtime: Runtime, log: Log): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_MS).unref();
    setRuntime(undefined);
    server.close();
    server.closeAllConnections();
    await runtime.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop().catch((error) => {
        log.error({ err: error }, 'the console did not stop cleanly');
        process.exit(1);
      });
    });
  }
}
