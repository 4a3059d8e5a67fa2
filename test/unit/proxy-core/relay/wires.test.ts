import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { handleWires } from '../../../../proxy-core/src/relay/handle-wire.ts';
import { BULK_BYTES, QUIET_BYTES } from '../../../../proxy-core/src/relay/read-buffers.ts';
import { streamWires } from '../../../../proxy-core/src/relay/stream-wire.ts';
import type { Wire, WireOwner, Wires } from '../../../../proxy-core/src/relay/wire.ts';

/** Notes what it is told, and keeps what it gets. */
class Recorder implements WireOwner {
  readonly told: string[] = [];
  readonly #chunks: Buffer[] = [];
  inside = false;
  wireConnected(): void {
    this.#note('connected');
  }
  wireData(_wire: Wire, bytes: Buffer): void {
    assert.ok(!this.inside, 'told from inside a call');
    this.#chunks.push(Buffer.from(bytes));
  }
  wireEnded(): void {
    this.#note('ended');
  }
  wireDrained(): void {
    this.#note('drained');
  }
  wireFailed(wire: Wire, code: string): void {
    this.#note(code);
    wire.close(false);
  }
  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
  has(word: string): boolean {
    return this.told.includes(word);
  }
  /** Whatever `call` does, nothing is told before it returns. */
  quietly<T>(call: () => T): T {
    this.inside = true;
    const result = call();
    this.inside = false;
    return result;
  }
  #note(word: string): void {
    assert.ok(!this.inside, `${word} was told from inside a call`);
    this.told.push(word);
  }
}

const fds = () => fs.readdirSync('/proc/self/fd').length;
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const portOf = (server: net.Server) => {
  const at = server.address();
  return at !== null && typeof at === 'object' ? at.port : 0;
};

async function listener(t: TestContext, wires: Wires, accept: (wire: Wire) => void): Promise<number> {
  const open: Wire[] = [];
  const server = wires.listener((wire) => {
    open.push(wire);
    accept(wire);
  });
  t.after(() => {
    server.close();
    for (const wire of open) wire.close(true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

/** Two ends of one connection, each with a recorder. */
async function pair(t: TestContext, wires: Wires) {
  const [near, far] = [new Recorder(), new Recorder()];
  const accepted: Wire[] = [];
  const port = await listener(t, wires, (wire) => {
    wire.owner = far;
    accepted.push(wire);
  });
  const dialled = near.quietly(() => wires.dial('127.0.0.1', port, near));
  t.after(() => dialled.close(true));
  await until('both are open', () => near.has('connected') && accepted.length === 1);
  const [other] = accepted;
  assert.ok(other);
  return { near, far, dialled, accepted: other, port };
}

const handles = handleWires();
for (const wires of [...(handles === null ? [] : [handles]), streamWires])
  describe(`wires by ${wires.kind}`, () => {
    test('bytes arrive whole and in order, in portions of any size, and the end behind them', async (t) => {
      for (const size of [1, QUIET_BYTES - 1, QUIET_BYTES, QUIET_BYTES + 1, BULK_BYTES + QUIET_BYTES, 3_000_001]) {
        const { far, dialled, accepted } = await pair(t, wires);
        accepted.carry();
        accepted.read();
        const bytes = randomBytes(size);
        dialled.write(bytes);
        dialled.finish();
        await until('the end', () => far.has('ended'), { timeoutMs: 10_000 });
        assert.equal(sha(far.bytes()), sha(bytes), `${size} bytes`);
      }
    });

    test('an end closes one direction, not the other', async (t) => {
      const { near, far, dialled, accepted } = await pair(t, wires);
      dialled.read();
      accepted.read();
      dialled.finish();
      await until('the end', () => far.has('ended'));
      accepted.write(Buffer.from('late'));
      accepted.finish();
      await until('the other end', () => near.has('ended'));
      assert.equal(near.bytes().toString(), 'late');
      assert.deepEqual([dialled.closed, accepted.closed], [false, false]);
    });

    test('nothing is read before it is asked for, nor while paused', async (t) => {
      const { near, far, dialled, accepted } = await pair(t, wires);
      dialled.write(Buffer.from('one'));
      dialled.read();
      accepted.write(Buffer.from('x'));
      await until('the other way works', () => near.bytes().length === 1);
      assert.equal(far.bytes().length, 0);
      accepted.read();
      await until('it is read', () => far.bytes().toString() === 'one');
      accepted.pause();
      dialled.write(Buffer.from('two'));
      accepted.write(Buffer.from('y'));
      await until('the other way works', () => near.bytes().length === 2);
      assert.equal(far.bytes().toString(), 'one');
      accepted.read();
      await until('it goes on', () => far.bytes().toString() === 'onetwo');
    });

    test('a write that waits says so, tells when it no longer does, and loses nothing', async (t) => {
      const { near, far, dialled, accepted } = await pair(t, wires);
      const bytes = randomBytes(8_000_000);
      assert.equal(
        near.quietly(() => dialled.write(bytes)),
        false,
      );
      assert.ok(!near.has('drained'));
      accepted.read();
      await until('it has drained', () => near.has('drained'), { timeoutMs: 10_000 });
      assert.equal(near.told.filter((word) => word === 'drained').length, 1);
      await until('all is there', () => far.bytes().length === bytes.length, { timeoutMs: 10_000 });
      assert.equal(sha(far.bytes()), sha(bytes));
    });

    test('a reset reaches the other side as a failure, a close as an end', async (t) => {
      const closed = await pair(t, wires);
      closed.accepted.read();
      closed.dialled.close(false);
      await until('the end', () => closed.far.told.length > 0);
      assert.deepEqual(closed.far.told, ['ended']);
      const reset = await pair(t, wires);
      reset.accepted.read();
      reset.dialled.close(true);
      await until('the failure', () => reset.far.told.length > 0);
      assert.deepEqual(reset.far.told, ['ECONNRESET']);
    });

    test('a write to a side that is gone fails, and is told later', async (t) => {
      const { near, dialled, accepted } = await pair(t, wires);
      accepted.close(true);
      await until('the failure', () => {
        near.quietly(() => dialled.write(Buffer.from('x')));
        return near.told.some((word) => /^(EPIPE|ECONNRESET)$/.test(word));
      });
    });

    test('a port where nobody listens refuses, and is told later', async (t) => {
      const free = net.createServer().listen(0, '127.0.0.1');
      await once(free, 'listening');
      const port = portOf(free);
      free.close();
      await once(free, 'close');
      const recorder = new Recorder();
      const wire = recorder.quietly(() => wires.dial('127.0.0.1', port, recorder));
      t.after(() => wire.close(false));
      await until('it is refused', () => recorder.told.length > 0);
      assert.deepEqual(recorder.told, ['ECONNREFUSED']);
    });

    test('IPv6 is dialled too', async (t) => {
      const server = wires.listener((wire) => wire.close(false));
      t.after(() => server.close());
      server.listen(0, '::1');
      await once(server, 'listening');
      const recorder = new Recorder();
      const wire = wires.dial('::1', portOf(server), recorder);
      t.after(() => wire.close(false));
      await until('it is open', () => recorder.has('connected'));
      assert.deepEqual(wire.remote(), { host: '::1', port: portOf(server) });
    });

    test('a close frees the descriptor within the call, in whatever state', async (t) => {
      const states: ((wire: Wire) => void)[] = [
        () => {},
        (wire) => wire.read(),
        (wire) => wire.finish(),
        (wire) => void wire.write(randomBytes(8_000_000)),
        (wire) => {
          wire.write(randomBytes(8_000_000));
          wire.finish();
        },
      ];
      for (const reset of [false, true])
        for (const state of states) {
          const { near, dialled } = await pair(t, wires);
          const before = fds();
          state(dialled);
          near.quietly(() => dialled.close(reset));
          assert.equal(fds(), before - 1);
          dialled.close(reset);
          await new Promise((resolve) => setImmediate(resolve));
          assert.equal(fds(), before - 1);
        }
    });

    test('a close during the dial ends it, and nothing more is told', async (t) => {
      const port = await listener(t, wires, () => {});
      const recorder = new Recorder();
      const before = fds();
      const wire = wires.dial('127.0.0.1', port, recorder);
      wire.close(false);
      await until('the descriptor is free', () => fds() <= before + 1);
      assert.deepEqual(recorder.told, []);
    });

    test('addresses are known as long as there was somebody to ask', async (t) => {
      const { dialled, accepted, port } = await pair(t, wires);
      const [remote, local] = [accepted.remote(), accepted.local()];
      assert.deepEqual(local, { host: '127.0.0.1', port });
      assert.deepEqual(dialled.remote(), local);
      assert.deepEqual(dialled.local(), remote);
      accepted.close(false);
      assert.deepEqual([accepted.remote(), accepted.local()], [remote, local]);
    });

    test('keepalive asks after 60 s: of clients from the start, of backends once they rest', {
      skip: !fs.existsSync('/usr/bin/ss'),
    }, async (t) => {
      const { dialled, port } = await pair(t, wires);
      dialled.rest();
      const shown = execFileSync('/usr/bin/ss', ['-Htno', 'state', 'established', `( sport = :${port} or dport = :${port} )`], {
        encoding: 'utf8',
      });
      assert.equal(shown.match(/timer:\(keepalive,(59|1min)/g)?.length, 2, shown);
    });

    test('slow readers beside fast ones: no byte of one connection ever reaches another', async (t) => {
      const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
      const bytesOf = (seed: number) => Buffer.alloc(1_500_000 + seed * 1001, `${seed}-`);
      // A relay in the small: what comes from one side is written to the other, which is slow for every second client.
      const source = await listener(t, wires, (wire) => {
        wire.owner = new (class extends Recorder {
          override wireData(from: Wire, hello: Buffer): void {
            from.write(bytesOf(hello[0] ?? 0));
            from.finish();
          }
        })();
        wire.read();
      });
      const relay = await listener(t, wires, (client) => {
        const toClient = new (class extends Recorder {
          override wireConnected(): void {
            client.read();
          }
          override wireData(from: Wire, bytes: Buffer): void {
            if (!client.write(bytes)) from.pause();
          }
          override wireEnded(): void {
            client.finish();
          }
        })();
        const upstream = wires.dial('127.0.0.1', source, toClient);
        upstream.carry();
        client.owner = new (class extends Recorder {
          override wireData(_from: Wire, hello: Buffer): void {
            upstream.write(hello);
            upstream.read();
          }
          override wireDrained(): void {
            upstream.read();
          }
        })();
      });
      const one = async (seed: number) => {
        const socket = net.connect({ port: relay, host: '127.0.0.1', allowHalfOpen: true });
        t.after(() => socket.destroy());
        const hash = createHash('sha256');
        socket.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          if (seed % 2 === 0) return;
          socket.pause();
          setTimeout(() => socket.resume(), 1);
        });
        socket.write(Buffer.from([seed]));
        await once(socket, 'end');
        return hash.digest('hex');
      };
      assert.deepEqual(
        await Promise.all(seeds.map(one)),
        seeds.map((seed) => sha(bytesOf(seed))),
      );
    });
  });

describe('the choice of wires', () => {
  const chosen = (...options: string[]) =>
    execFileSync(
      process.execPath,
      [
        ...options,
        '-e',
        `import(${JSON.stringify(path.resolve('proxy-core/src/relay/wires.ts'))}).then(async (m) => console.log((await m.openWires()).kind))`,
      ],
      { encoding: 'utf8' },
    ).trim();

  test('is handles on this Node, and streams on one that lacks what they need or does otherwise', () => {
    assert.equal(chosen(), 'handles');
    assert.equal(chosen('--import', 'data:text/javascript,process.binding=undefined'), 'streams');
    const other = `const{TCP}=process.binding('tcp_wrap');TCP.prototype.useUserBuffer=function(){}`;
    assert.equal(chosen('--import', `data:text/javascript,${encodeURIComponent(other)}`), 'streams');
  });
});
