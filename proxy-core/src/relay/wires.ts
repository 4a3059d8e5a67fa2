import { createHash, randomBytes } from 'node:crypto';
import { handleWires } from './handle-wire.ts';
import { QUIET_BYTES } from './read-buffers.ts';
import { streamWires } from './stream-wire.ts';
import { NOBODY, type Wire, type WireOwner, type Wires } from './wire.ts';

/** On loopback it takes a few ms. */
const TRIAL_MS = 2000;

/** Handles where this Node offers what they need and a trial on loopback goes well, streams otherwise. */
export async function openWires(): Promise<Wires> {
  const handles = handleWires();
  return handles !== null && (await trial(handles)) ? handles : streamWires;
}

/** Sends bytes of every buffer's size through a listener and back, and ends both ways. False when one is lost or anything throws. */
async function trial(wires: Wires): Promise<boolean> {
  const server = wires.listener((wire) => {
    wire.owner = new Echo();
    wire.carry();
    wire.read();
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port: 0, host: '127.0.0.1' }, resolve));
    const at = server.address();
    if (at === null || typeof at === 'string') return false;
    return await new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), TRIAL_MS);
      wires.dial('127.0.0.1', at.port, new Sender(randomBytes(3 * QUIET_BYTES + 1), resolve));
    });
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    server.close();
  }
}

/** Sends back what comes, and its end. */
class Echo implements WireOwner {
  wireConnected(): void {}
  wireData(wire: Wire, bytes: Buffer): void {
    if (!wire.write(bytes)) wire.pause();
  }
  wireDrained(wire: Wire): void {
    wire.read();
  }
  wireEnded(wire: Wire): void {
    wire.finish();
    wire.owner = NOBODY;
    setImmediate(() => wire.close(false));
  }
  wireFailed(wire: Wire): void {
    wire.close(false);
  }
}

class Sender implements WireOwner {
  readonly #bytes: Buffer;
  readonly #done: (well: boolean) => void;
  readonly #got = createHash('sha1');

  constructor(bytes: Buffer, done: (well: boolean) => void) {
    this.#bytes = bytes;
    this.#done = done;
  }
  wireConnected(wire: Wire): void {
    wire.read();
    wire.write(this.#bytes);
    wire.finish();
  }
  wireData(_wire: Wire, bytes: Buffer): void {
    this.#got.update(bytes);
  }
  wireDrained(): void {}
  wireEnded(wire: Wire): void {
    wire.close(false);
    this.#done(this.#got.digest('hex') === createHash('sha1').update(this.#bytes).digest('hex'));
  }
  wireFailed(wire: Wire): void {
    wire.close(false);
    this.#done(false);
  }
}
