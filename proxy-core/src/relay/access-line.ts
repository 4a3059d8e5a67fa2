import { REFUSALS, type Reason } from '../contract/words.ts';
import type { Fields } from '../log.ts';
import type { Route } from '../route/table.ts';
import type { OpenConnection } from './open-connections.ts';

/** What a connection is asked for its line. */
type Logged = OpenConnection & {
  readonly route: Route | null;
  readonly behindProxy: boolean;
  readonly peer: string;
  readonly helloProgress: { have: number; need: number } | null;
  /** of pooled HTTP, which are counted */
  readonly requests: number;
};

/** The one line that a connection leaves. */
export function accessFields(connection: Logged, reason: Reason, seconds: number): Fields {
  const { asked, helloProgress } = connection;
  const fields: Fields = {
    client: connection.who,
    protocol: connection.protocol,
    name: asked?.name ?? null,
    route: connection.route?.label ?? null,
    backend: connection.backend,
    bytes_up: connection.up,
    bytes_down: connection.down,
    seconds: Math.round(seconds * 1000) / 1000,
    reason,
  };
  if (reason in REFUSALS) fields.refused = true;
  if (connection.behindProxy) fields.peer = connection.peer;
  if (connection.requests > 1) fields.requests = connection.requests;
  if (asked?.ech) fields.ech = true;
  if (asked?.hostMismatch) fields.host_mismatch = true;
  if (helloProgress !== null) {
    fields.hello_have = helloProgress.have;
    fields.hello_need = helloProgress.need;
  }
  return fields;
}
