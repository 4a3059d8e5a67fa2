import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import ssh2 from 'ssh2';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { catalogue, type SshTarget } from '#server/ssh/index.ts';
import { TRANSPORTS } from '#shared/nodes.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { makeKeyPair } from '#test/support/ssh-servers.ts';
import { until } from '#test/support/until.ts';
import { fingerprintOf } from '../../../lib/server/ssh/host-keys.ts';

// A node that was taken over speaks what it likes. Whatever it says, we are done with it in time, with bounded memory and in few words, and it is left.

const hello = catalogue.journal({ unit: 'hello', configPath: '/etc/sniproxy/config.yaml', sinceSeconds: 0, lines: 5 });
const ASK_MS = 4000;
/** A session is set up within 10 s; what hangs in it is left soon after. */
const LEFT_MS = 25_000;
/** Of this process, in which several of them flood at once. */
const MOST_MIB = 192;
const MOST_WORDS = 500;

const fingerprintOfKey = (line: string) => fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64'));

type Peer = (socket: net.Socket) => void;

/** Again and again, as fast as it is taken. */
function flood(socket: net.Socket, bytes: Buffer): void {
  const write = () => {
    for (let i = 0; i < 16; i++) if (socket.destroyed || !socket.write(bytes)) return;
    setImmediate(write);
  };
  socket.on('drain', write).resume();
  write();
}

/** RFC 4253 section 6, before there are keys. */
function packet(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + (8 - ((payload.length + 5) % 8) < 4 ? 8 : 0);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + padding + 1);
  head[4] = padding;
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

const IDENT = Buffer.from('SSH-2.0-OpenSSH_9.9\r\n');
const lists = ['curve25519-sha256', 'ssh-ed25519', 'aes128-ctr', 'aes128-ctr', 'hmac-sha2-256', 'hmac-sha2-256', 'none', 'none', '', ''];
const KEXINIT = packet(
  Buffer.concat([
    Buffer.from([20]),
    Buffer.alloc(16),
    ...lists.map((names) => {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(names.length);
      return Buffer.concat([size, Buffer.from(names)]);
    }),
    Buffer.alloc(5),
  ]),
);
const times = (count: number, bytes: Buffer) => Buffer.concat(Array.from({ length: count }, () => bytes));
const afterIdent =
  (bytes: Buffer): Peer =>
  (socket) => {
    socket.write(IDENT);
    flood(socket, bytes);
  };
const once =
  (...bytes: Buffer[]): Peer =>
  (socket) =>
    socket.resume().write(Buffer.concat([IDENT, ...bytes]));

/** Before there is a session: none of these gets as far as our key. */
const STRANGERS: Record<string, Peer> = {
  'greets without end': (socket) => flood(socket, times(1000, Buffer.from('welcome\u001b[2J to this machine\r\n'))),
  'greets in one line without end': (socket) => flood(socket, Buffer.alloc(64 * 1024, 0x61)),
  'names itself without end': (socket) => {
    socket.write('SSH-2.0-');
    flood(socket, Buffer.alloc(64 * 1024, 0x62));
  },
  'offers its algorithms again and again': afterIdent(times(100, KEXINIT)),
  'tells to be ignored again and again': afterIdent(
    times(200, packet(Buffer.concat([Buffer.from([2, 0, 0, 0x20, 0]), Buffer.alloc(8192)]))),
  ),
  'sends debug words again and again': afterIdent(
    times(100, packet(Buffer.concat([Buffer.from([4, 1, 0, 0, 4, 0]), Buffer.alloc(1032, 0x1b)]))),
  ),
  'announces a packet of 4 GiB': afterIdent(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(64 * 1024)])),
  'announces a packet of nothing': once(Buffer.alloc(64)),
  'sends a list of algorithms that is longer than its packet': once(
    packet(Buffer.concat([Buffer.from([20]), Buffer.alloc(16), Buffer.from([0x7f, 0xff, 0xff, 0xff]), Buffer.from('curve25519-sha256')])),
  ),
  'leaves with ten thousand words of farewell': once(
    packet(Buffer.concat([Buffer.from([1, 0, 0, 0, 2, 0, 0, 0x27, 0x10]), Buffer.alloc(10_000, '\u001b]0;owned\u0007'), Buffer.alloc(4)])),
  ),
};

/** An SSH server as a library makes it, that lets anybody in and then does `act`. */
function lettingIn(key: string, act: (o: { session: ssh2.Session; leave: () => void }) => void, authenticate = true): Peer {
  return (socket) => {
    const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
      client.on('error', () => {});
      client.on('authentication', (context) => {
        // the system's ssh looks at the host key so, and would stay
        if (context.method === 'none') context.reject();
        else if (authenticate) context.accept();
      });
      client.on('session', (accept) => {
        const session = accept();
        act({ session, leave: () => socket.destroy() });
      });
    });
    server.injectSocket(socket);
  };
}

type Exec = { channel: ssh2.ServerChannel; leave: () => void };
const onExec =
  (run: (o: Exec) => void) =>
  ({ session, leave }: { session: ssh2.Session; leave: () => void }) => {
    session.on('exec', (accept) => {
      const channel = accept();
      channel.on('error', () => {});
      run({ channel, leave });
    });
  };
const pour = (
  to: { destroyed: boolean; write(bytes: Buffer): boolean; once(event: 'drain', then: () => void): unknown },
  bytes: Buffer,
): void => {
  while (!to.destroyed && to.write(bytes));
  to.once('drain', () => pour(to, bytes));
};

/** After it let us in. */
const KNOWN: Record<string, (key: string) => Peer> = {
  'never says whether it takes our key': (key) => lettingIn(key, () => {}, false),
  'takes a command and says nothing': (key) =>
    lettingIn(
      key,
      onExec(() => {}),
    ),
  'floods what a command says': (key) =>
    lettingIn(
      key,
      onExec(({ channel }) => pour(channel, Buffer.alloc(32_768, 0x63))),
    ),
  'floods what a command complains of': (key) =>
    lettingIn(
      key,
      onExec(({ channel }) => pour(channel.stderr, Buffer.alloc(32_768, 0x64))),
    ),
  'leaves in the middle of an answer': (key) =>
    lettingIn(
      key,
      onExec(({ channel, leave }) => {
        channel.write('half of an ans');
        setImmediate(leave);
      }),
    ),
  'closes the channel without an exit': (key) =>
    lettingIn(
      key,
      onExec(({ channel }) => channel.close()),
    ),
  'opens no channel and says so in no words': (key) => lettingIn(key, () => {}),
};

async function hostile(t: TestContext, peer: Peer): Promise<{ port: number; open: () => number }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    peer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, open: () => sockets.size };
}

const at = (port: number, transport: SshTarget['transport']): SshTarget => ({
  ...{ id: 'n_1', name: 'node-n_1', host: '127.0.0.1', sshPort: port, user: 'sre' },
  ...(transport && { transport }),
});

/** What came of asking it: words of ours, in time; or an answer that is marked as cut. */
async function asked(t: TestContext, transport: SshTarget['transport'], peer: Peer, pinned: string | null): Promise<string> {
  const { port, open } = await hostile(t, peer);
  const { ssh, db } = await testSsh(t, makeKeyPair().private, 'n_1');
  if (pinned) await pin(db, 'n_1', pinned);
  const [began, before] = [performance.now(), process.memoryUsage.rss()];
  let said: string;
  try {
    const { cut, stdout, stderr, exitCode } = await ssh.exec(at(port, transport), hello, { timeoutMs: ASK_MS });
    assert.ok(cut || exitCode === null, `it was taken for an answer: ${exitCode}`);
    assert.ok(stdout.length <= 1024 * 1024 && stderr.length <= 64 * 1024);
    said = 'cut';
  } catch (error) {
    assert.ok(isHeadroomError(error), String(error));
    said = `${error.code} ${error.message}`;
  }
  assert.ok(performance.now() - began < ASK_MS + 6000, `it took ${Math.round(performance.now() - began)} ms`);
  assert.ok(said.length <= MOST_WORDS, `${said.length} characters: ${said.slice(0, 300)}`);
  assert.match(said, /^[\x20-\x7e“”’…]*$/u, said);
  await ssh.close();
  await until('it is left', () => open() === 0, { timeoutMs: LEFT_MS });
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  assert.ok(grown < MOST_MIB, `${Math.round(grown)} MiB more`);
  return said;
}

for (const transport of TRANSPORTS)
  describe(`by ${transport}, a node that`, { concurrency: 8 }, () => {
    for (const [what, peer] of Object.entries(STRANGERS))
      test(what, async (t) => {
        assert.match(await asked(t, transport, peer, null), /^ssh\.(unreachable|timeout) SSH to 127\.0\.0\.1:\d+/);
      });
    for (const [what, make] of Object.entries(KNOWN))
      test(what, async (t) => {
        const key = makeKeyPair();
        assert.match(await asked(t, transport, make(key.private), fingerprintOfKey(key.public)), /^(cut$|ssh\.)/);
      });

    test('shows another host key at its second look is not given ours', async (t) => {
      const [one, two] = [makeKeyPair(), makeKeyPair()];
      let looks = 0;
      let offeredTo = 0;
      const { port } = await hostile(t, (socket) => {
        const key = looks++ === 0 ? one : two;
        const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
          client.on('error', () => {});
          client.on('authentication', (context) => {
            if (context.method === 'none') return context.reject();
            if (key === two) offeredTo++;
            context.accept();
          });
          client.on('session', (accept) => accept().on('exec', (ok) => void ok().exit(0)));
          client.on('ready', () => setTimeout(() => client.end(), 300).unref());
        });
        server.injectSocket(socket);
      });
      const { ssh, db } = await testSsh(t, makeKeyPair().private, 'n_1');
      await pin(db, 'n_1', fingerprintOfKey(one.public));
      const ask = () => ssh.exec(at(port, transport), hello, { timeoutMs: 8000 });
      if (transport === 'ssh2') {
        await ask().catch(() => undefined);
        await until('the first session ended', () => ssh.sessions() === 0);
      }
      await assert.rejects(ask(), (error) => isHeadroomError(error) && error.code === 'ssh.host-key-changed');
      assert.ok(looks >= 2);
      assert.equal(offeredTo, 0);
      assert.equal((await ssh.hostKey('n_1')).blocked, true);
    });
  });
