import http from 'node:http';
import path from 'node:path';
import { assumeProduction, type Config, ConfigError, readConfig } from '#server/kernel/config.ts';
import { newId } from '#server/kernel/ids.ts';
import { createLog, type Log, requestScope } from '#server/kernel/log.ts';
import { createRuntime, type Runtime } from '#server/runtime.ts';
import { setRuntime } from '#server/slot.ts';
import { createContentPolicy, inlineScriptHashes } from './api/_http/content-policy.ts';
import { guardAnswer, refuse } from './api/_http/outer-guard.ts';
import { turnAway } from './page-guard.ts';
import { workerPages } from './worker-pages.ts';

/** Requests that are being answered get this long when the console stops; one may take 9 s, and a run goes on without its starter. */
const DRAIN_MS = 5000;
/** Everything is to be over by then, whatever hangs; service managers wait longer. */
const STOP_MS = 9500;
/** EX_CONFIG of sysexits.h: starting anew does not help, so a service manager does not. */
const WRONG_SETTING = 78;
/** Browsers come back spread over this, not all at the moment at which the next console listens. */
const RETRY_MS = [1000, 4000] as const;
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
    process.exit(error instanceof ConfigError ? WRONG_SETTING : 1);
  }
  setRuntime(runtime);
  // Nothing here speaks another protocol: who asks for one is answered in this one. Next would keep such a connection, unguarded, for ever.
  const server = http.createServer({ shouldUpgradeCallback: () => false });
  const streams = new Set<http.ServerResponse>();
  stopOnSignals(server, streams, runtime, log);
  server.on('request', config.role === 'worker' ? workerPages(runtime) : await pages(runtime, streams));
  await listen(server, config);
  process.stdout.write(`Headroom is at ${config.url}\n`);
  if (setupLink && config.role !== 'worker')
    process.stdout.write(`There is no admin yet. This link makes the first one, once: ${setupLink}\n`);
}

/** Next, in this very process, so that its route handlers find the runtime. */
async function pages({ config, log, access, telemetry }: Runtime, streams: Set<http.ServerResponse>): Promise<http.RequestListener> {
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
    const id = newId('q');
    response.setHeader('X-Request-Id', id);
    noteStream(request, response, streams);
    requestScope.run({ request: id }, () => {
      serve(request, response).catch((error) => {
        log.error({ err: error, path: request.url?.split('?')[0] }, 'a request failed');
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
  };
}

/** Answers that go on until somebody hangs up: a stop ends them, it does not wait for them. */
function noteStream(request: http.IncomingMessage, response: http.ServerResponse, streams: Set<http.ServerResponse>): void {
  if (!request.headers.accept?.includes('text/event-stream') && request.url?.split('?')[0] !== '/api/v1/events') return;
  streams.add(response);
  response.once('close', () => streams.delete(response));
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

/**
 * Takes no more requests, answers those that are being asked, ends event streams with a word on when to come back, then stops the engine and the
 * database. A second signal does not wait.
 */
function stopOnSignals(server: http.Server, streams: Set<http.ServerResponse>, runtime: Runtime, log: Log): void {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_MS).unref();
    log.info({ signal }, 'the console stops');
    runtime.announceStop();
    await drain(server, streams);
    setRuntime(undefined);
    await runtime.stop();
    log.info('the console has stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error) => {
        log.error({ err: error }, 'the console did not stop cleanly');
        process.exit(1);
      });
    });
  }
}

/** Over when the last answer is written, at the latest after DRAIN_MS. */
async function drain(server: http.Server, streams: ReadonlySet<http.ServerResponse>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const stream of streams) {
    const [least, most] = RETRY_MS;
    if (stream.headersSent) stream.end(`retry: ${Math.round(least + Math.random() * (most - least))}\n\n`);
    else stream.destroy();
  }
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  // a connection that is kept open for the next request counts as open until it is told
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(late);
  clearInterval(idle);
}
