import { REFUSALS } from '../contract/words.ts';
import type { Log } from '../log.ts';
import type { Connection } from './connection.ts';

/** The one line that a connection leaves: who, name, route, backend, bytes each way, duration, reason. */
export function logConnection(log: Log, connection: Connection, seconds: number): void {
  const { asked, reason } = connection;
  log.info('connection', {
    client: connection.who,
    protocol: connection.protocol,
    name: asked?.name ?? null,
    route: connection.route?.label ?? null,
    backend: connection.backend,
    bytes_up: connection.up,
    bytes_down: connection.down,
    seconds: Math.round(seconds * 1000) / 1000,
    reason,
    ...(reason !== null && reason in REFUSALS && { refused: true }),
    ...(asked?.ech && { ech: true }),
  });
}
