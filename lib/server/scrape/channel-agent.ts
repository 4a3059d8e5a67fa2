import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';

/** HTTP over channels that `open` makes (direct-tcpip of an SSH session): kept alive between requests, made anew once closed. */
export class ChannelAgent extends Agent {
  readonly #open: () => Promise<Duplex>;

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });
    this.#open = open;
  }

  override createConnection(_options: ClientRequestArgs, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#open().then(
      (channel) => callback?.(null, asSocket(channel)),
      (error: Error) => callback?.(error, NO_STREAM),
    );
  }
}

/** http's agent calls these on what it keeps; a channel has no such settings of its own, its session has them. */
function asSocket(channel: Duplex): Duplex {
  const same = () => channel;
  return Object.assign(channel, { setKeepAlive: same, setNoDelay: same, setTimeout: same, ref: same, unref: same });
}

/** With an error http's agent does not look at the stream. */
const NO_STREAM = undefined as unknown as Duplex;
