import { REFUSALS, type Reason } from '../contract/words.ts';
import type { Fields } from '../log.ts';
import type { Connection } from './connection.ts';

/** The one line that a connection leaves. */
export function accessFields(connection: Connection, reason: Reason, seconds: number): Fields {
  const { asked, helloProgress } = connection;
  return {
    client: connection.who,
    protocol: connection.protocol,
    name: asked?.name ?? null,
    route: connection.route?.label ?? null,
    backend: connection.backend,
    bytes_up: connection.up,
    bytes_down: connection.down,
    seconds: Math.round(seconds * 1000) / 1000,
    reason,
    ...(reason in REFUSALS && { refused: true }),
    ...(connection.behindProxy && { peer: connection.peer }),
    ...(asked?.ech && { ech: true }),
    ...(asked?.hostMismatch && { host_mismatch: true }),
    ...(helloProgress !== null && { hello_have: helloProgress.have, hello_need: helloProgress.need }),
  };
}
