import { Agent, type ClientRequestArgs } from 'node:http';
import { Duplex } from 'node:stream';

/** HTTP over channels that `open` makes (direct-tcpip of an SSH session): kept alive between requests, made anew once closed. */
export class ChannelAgent extends Agent {
  readonly #open: () => Promise<Duplex>;

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });
    this.#open = open;
  }

  override createConnection(_options: ClientRequestArgs, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#open().then(
      (channel) => callback?.(null, new ChannelSocket(channel)),
      (error: Error) => callback?.(error, NO_STREAM),
    );
  }
}

/** With an error http's agent does not look at the stream. */
const NO_STREAM = undefined as unknown as Duplex;

/** How long what came before the end may still be read. */
const DRAIN_MS = 200;

/**
 * A channel as http's agent wants its sockets: destroyed means closed, at once and for certain. (A channel of a lost session never says
 * `close` while nobody reads it, and the agent would hold its place for ever.)
 */
class ChannelSocket extends Duplex {
  readonly #channel: Duplex;

  constructor(channel: Duplex) {
    super();
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.once('end', () => {
      this.push(null);
      setTimeout(() => this.destroy(), DRAIN_MS).unref();
    });
    channel.once('close', () => this.destroy());
    channel.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#channel.resume();
  }
  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, encoding, done);
  }
  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.destroy();
    done(error);
  }

  // http's agent sets these on a TCP socket; a channel has none of its own, its session has them
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}
