import { messageOf, StartError } from '../errors.ts';
import { Log } from '../log.ts';
import { createProxy, type SniProxy } from '../proxy.ts';
import type { FromWorker, Start, ToWorker } from './messages.ts';

/** Its number; the primary sets it, and only a process with a primary is a worker. */
export const WORKER_ENV = 'SNIPROXY_WORKER';
/** 15 characters, as many as the kernel keeps. `pgrep sniproxy-server` finds the primary alone. */
export const WORKER_TITLE = 'sniproxy-worker';

/** Anything that a worker has left to say is said within this. */
const EXIT_MS = 1000;

/**
 * One of several processes that carry clients. It does what the primary says; SIGTERM drains it alone, and when the primary is gone it
 * drains too, so that nothing keeps the listeners of a proxy that nobody manages.
 */
export function runWorker(version: string): void {
  let proxy: SniProxy | null = null;
  let log: Log | null = null;
  let leaving = false;

  const leave = async () => {
    if (leaving) return;
    leaving = true;
    await proxy?.drain();
    if (proxy !== null && process.connected) say({ kind: 'last', answer: await answerOf(proxy) });
    exit(log, 0);
  };
  process.on('SIGINT', () => {}); // a terminal sends it to the primary as well, which then tells the workers
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => void leave());
  process.on('disconnect', () => void leave());
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'start') {
      if (proxy !== null || leaving) return;
      log = new Log({ level: message.start.config.log.level, format: message.start.config.log.format });
      proxy = begin(message.start, version, log);
    } else if (message.kind === 'reload') {
      const { config, sha256, generation } = message;
      void proxy?.reload(config, sha256, generation).then(() => say({ kind: 'reloaded', generation }));
    } else if (message.kind === 'ask') {
      const { id } = message;
      if (proxy) void answerOf(proxy).then((answer) => say({ kind: 'answer', id, answer }));
    } else if (message.kind === 'drain') void leave();
    else proxy?.force();
  });
  say({ kind: 'up' });
}

function begin(
  { worker, config, sha256, generation, drill, drillOrders, clients, datagrams, alsoOwn }: Start,
  version: string,
  log: Log,
): SniProxy {
  const sockets = { clients, metrics: null, datagrams };
  const proxy = createProxy({ config, sha256, generation, drill, drillOrders, log, version, worker, alsoOwn, sockets });
  proxy.start().then(
    () => say({ kind: 'started', ...proxy.fdFigures }),
    (error: unknown) => {
      say({ kind: 'failed', message: error instanceof StartError ? error.message : `${messageOf(error)}` });
      exit(log, 1);
    },
  );
  return proxy;
}

const answerOf = async (proxy: SniProxy) => ({ families: await proxy.families(), status: proxy.status() });

/** A primary that is gone is heard of by 'disconnect'. */
function say(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Leaves when what was said and logged is written, or after a second. */
function exit(log: Log | null, code: number): void {
  log?.flush();
  setTimeout(() => process.exit(code), EXIT_MS);
  const end = () => process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
  if (process.connected) process.send?.({ kind: 'bye' } satisfies FromWorker, undefined, undefined, end);
  else end();
}
