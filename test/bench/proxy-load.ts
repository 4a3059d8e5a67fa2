import { alpn, extension, handshake, helloBody, hostName, records, serverNames } from '#test/unit/proxy-core/hello-bytes.ts';
import type { Wire, WireOwner, Wires } from '../../proxy-core/src/relay/wire.ts';
import { openWires } from '../../proxy-core/src/relay/wires.ts';

// Load for a proxy, and the backends behind it: every byte is checked. Each mode prints one line of JSON.
//   backend PORT BYTES                     after a ClientHello sends BYTES of the pattern and waits for the client's end
//   sink PORT BYTES                        after a ClientHello takes BYTES, checks each, answers one byte
//   client PORT NAME AT-ONCE SECS BYTES    connects, sends a ClientHello, reads BYTES, closes; again and again
//   upload PORT NAME AT-ONCE SECS BYTES    the other way round
//   hold PORT NAME CONNECTIONS             holds connections that have got a byte each, until stdin ends
//   count PORT NAME AT-ONCE TOTAL BYTES    `client` for so many connections

/** A prime: no buffer's size divides it, so bytes that are shifted or come twice are seen. */
const PERIOD = 65_521;
const CHUNK = 262_144;
const HELLO_BYTES = 517;
const ADDRESSES = 64;
const HOLD_AT_ONCE = 200;

const pattern = Buffer.alloc(2 * CHUNK + PERIOD);
for (let i = 0, x = 12_345; i < pattern.length; i += 1) {
  if (i < PERIOD) x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
  pattern[i] = i < PERIOD ? x >>> 16 : (pattern[i - PERIOD] ?? 0);
}
const expected = (at: number, length: number): Buffer => pattern.subarray(at % PERIOD, (at % PERIOD) + length);
const isRight = (bytes: Buffer, at: number): boolean => bytes.equals(expected(at, bytes.length));

/** As large as a browser's without post-quantum keys. */
function helloOf(name: string): Buffer {
  const make = (padding: number) =>
    records(
      handshake(helloBody({ extensions: [serverNames(hostName(name)), alpn('h2', 'http/1.1'), extension(21, Buffer.alloc(padding))] })),
    );
  return make(HELLO_BYTES - make(0).length);
}

/** Sends so many bytes of the pattern, as the wire takes them. */
class Sending {
  #at = 0;
  readonly #total: number;
  constructor(total: number) {
    this.#total = total;
  }
  get done(): boolean {
    return this.#at >= this.#total;
  }
  get sent(): number {
    return this.#at;
  }
  go(wire: Wire): void {
    while (!this.done) {
      const length = Math.min(CHUNK, this.#total - this.#at);
      const bytes = expected(this.#at, length);
      this.#at += length;
      if (!wire.write(bytes)) return;
    }
  }
}

class Served implements WireOwner {
  #got = 0;
  #right = true;
  readonly #bytes: number;
  readonly #sending: Sending;
  readonly #takes: boolean;

  constructor(takes: boolean, bytes: number) {
    this.#takes = takes;
    this.#bytes = bytes;
    this.#sending = new Sending(takes ? 1 : bytes);
  }
  wireConnected(): void {}
  wireData(wire: Wire, bytes: Buffer): void {
    const skip = Math.min(bytes.length, Math.max(0, HELLO_BYTES - this.#got));
    const before = this.#got;
    this.#got += bytes.length;
    if (this.#takes && skip < bytes.length) this.#right &&= isRight(bytes.subarray(skip), before + skip - HELLO_BYTES);
    if (!this.#right) wire.close(false);
    else if (before < this.#wanted && this.#got >= this.#wanted) this.#sending.go(wire);
  }
  wireDrained(wire: Wire): void {
    this.#sending.go(wire);
  }
  wireEnded(wire: Wire): void {
    wire.close(false);
  }
  wireFailed(wire: Wire): void {
    wire.close(false);
  }
  get #wanted(): number {
    return HELLO_BYTES + (this.#takes ? this.#bytes : 0);
  }
}

async function serve(wires: Wires, port: number, takes: boolean, bytes: number): Promise<void> {
  const server = wires.listener((wire) => {
    wire.owner = new Served(takes, bytes);
    wire.carry();
    wire.read();
  });
  await new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve));
  say({ port });
}

type Job = { wires: Wires; port: number; hello: Buffer; bytes: number; uploads: boolean; holds: boolean };

class Load {
  done = 0;
  wrong = 0;
  relayed = 0;
  open = 0;
  readonly firstByteMs: number[] = [];
  readonly held: Wire[] = [];
  readonly job: Job;
  #dialled = 0;
  #more: () => boolean;
  #finished: () => void = () => {};

  constructor(job: Job, more: () => boolean) {
    this.job = job;
    this.#more = more;
  }

  run(atOnce: number): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
      for (let i = 0; i < atOnce; i += 1) this.next();
    });
  }

  next(): void {
    if (this.#more()) {
      this.open += 1;
      this.#dialled += 1;
      // Addresses in turn: closed connections keep their ports for a minute.
      this.job.wires.dial(`127.0.0.${1 + (this.#dialled % ADDRESSES)}`, this.job.port, new Asking(this));
    } else if (this.open === 0) this.#finished();
  }

  ended(wire: Wire, right: boolean): void {
    if (right) this.done += 1;
    else this.wrong += 1;
    this.open -= 1;
    if (right && this.job.holds) this.held.push(wire);
    else wire.close(false);
    this.next();
  }
}

class Asking implements WireOwner {
  readonly #load: Load;
  readonly #startedAt = performance.now();
  readonly #sending: Sending;
  #got = 0;
  #over = false;

  constructor(load: Load) {
    this.#load = load;
    this.#sending = new Sending(load.job.uploads ? load.job.bytes : 0);
  }
  wireConnected(wire: Wire): void {
    wire.carry();
    wire.read();
    if (wire.write(this.#load.job.hello)) this.#send(wire);
  }
  wireDrained(wire: Wire): void {
    this.#send(wire);
  }
  wireData(wire: Wire, bytes: Buffer): void {
    if (this.#got === 0) this.#load.firstByteMs.push(performance.now() - this.#startedAt);
    const right = isRight(bytes, this.#got);
    this.#got += bytes.length;
    const { uploads, bytes: total } = this.#load.job;
    if (!uploads) this.#load.relayed += bytes.length;
    if (!right || this.#got >= (uploads ? 1 : total)) this.#end(wire, right);
  }
  wireEnded(wire: Wire): void {
    this.#end(wire, false);
  }
  wireFailed(wire: Wire): void {
    this.#end(wire, false);
  }
  #send(wire: Wire): void {
    const before = this.#sending.sent;
    this.#sending.go(wire);
    this.#load.relayed += this.#sending.sent - before;
  }
  #end(wire: Wire, right: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#load.ended(wire, right);
  }
}

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function main(): Promise<void> {
  const [mode = '', ...args] = process.argv.slice(2);
  const wires = await openWires();
  const numbers = args.map(Number);
  const [port = 0, second = 0, third = 0, fourth = 0, fifth = 0] = numbers;
  if (mode === 'backend' || mode === 'sink') {
    await serve(wires, port, mode === 'sink', second);
    return;
  }
  const holds = mode === 'hold';
  const job: Job = { wires, port, hello: helloOf(args[1] ?? ''), bytes: holds ? 1 : fifth, uploads: mode === 'upload', holds };
  const startedAt = performance.now();
  let begun = 0;
  const counted = mode === 'count' ? fourth : third;
  const more = mode === 'client' || mode === 'upload' ? () => performance.now() - startedAt < fourth * 1000 : () => begun++ < counted;
  const load = new Load(job, more);
  await load.run(holds ? Math.min(HOLD_AT_ONCE, third) : third);
  const times = load.firstByteMs.sort((a, b) => a - b);
  say({
    done: load.done,
    wrong: load.wrong,
    seconds: (performance.now() - startedAt) / 1000,
    gigabytes: load.relayed / 1e9,
    p50Ms: times[Math.floor(times.length / 2)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
  });
  if (holds) for await (const _ of process.stdin);
  for (const wire of load.held) wire.close(false);
}

await main();
