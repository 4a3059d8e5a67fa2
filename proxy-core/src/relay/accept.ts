import type { Refusal } from '../contract/words.ts';
import { clientKey } from '../guard/concurrency.ts';
import { Connection } from './connection.ts';
import type { Core } from './core.ts';
import type { Wire } from './wire.ts';

/** Takes a client in, or closes it at once when a limit is reached. */
export function acceptInto(core: Core, client: Wire): void {
  core.counters.accepted += 1;
  const { config, expectsProxy, maxConnections } = core.live;
  const perClient = config.limits?.per_client;
  const peer = perClient === undefined && !config.proxy_protocol ? '::' : (client.remote()?.host ?? '::');
  const behindProxy = config.proxy_protocol ? expectsProxy(peer) : false;
  // Behind a proxy the client is known when its header is there, and is counted then.
  const key = perClient === undefined || behindProxy ? null : clientKey(peer);
  const refusal: Refusal | null = !core.budget.hasRoom
    ? 'fd_headroom'
    : core.connections.size >= maxConnections
      ? 'max_connections'
      : key !== null && perClient !== undefined && !core.clients.enter(key, perClient)
        ? 'client_limit'
        : null;
  if (refusal === null) {
    new Connection(core, client, { clientKey: key, behindProxy });
    return;
  }
  core.counters.ended('unknown', refusal);
  if (config.log.access) {
    const at = client.remote();
    core.log.info('connection', { client: at === null ? 'gone:0' : `${at.host}:${at.port}`, reason: refusal, refused: true });
  }
  client.close(false);
}
