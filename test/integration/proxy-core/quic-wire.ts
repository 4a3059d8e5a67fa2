import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { cryptoFrame, type Sealed, sealInitial } from '#test/support/quic-initial.ts';
import { extension, handshake, helloBody, hostName, serverNames } from '../../unit/proxy-core/hello-bytes.ts';
import type { tempDir } from './harness.ts';

type Owner = Parameters<typeof tempDir>[0];
export const LOOPBACK = '127.0.0.1';
const V1 = Buffer.from([0, 0, 0, 1]);

async function socketOn(owner: Owner, port = 0): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(port, LOOPBACK);
  await once(socket, 'listening');
  owner.after(() => socket.close());
  return socket;
}

/** A long header's packet that nobody can open, as a server sends it: `first` is its first byte. */
export const fromServer = (dcid: Buffer, scid: Buffer, { first = 0xc0, size = 1200, version = V1 } = {}): Buffer => {
  const header = Buffer.concat([Buffer.from([first]), version, Buffer.from([dcid.length]), dcid, Buffer.from([scid.length]), scid]);
  return Buffer.concat([header, randomBytes(Math.max(0, size - header.length))]);
};

/** A short header's packet with that destination id. */
export const short = (dcid: Buffer, size = 60): Buffer => Buffer.concat([Buffer.from([0x41]), dcid, randomBytes(size - 1 - dcid.length)]);

/** The first datagrams of a client that asks for `name`: two of them, of 1,200 bytes, with the name in the second. */
export function initials(name: string | null, options: Sealed = {}): [Buffer, Buffer] {
  const names = name === null ? [] : [serverNames(hostName(name))];
  const hello = handshake(helloBody({ extensions: [extension(51, Buffer.alloc(1200, 5)), ...names] }));
  const seal = (from: number, to: number, packetNumber: number) =>
    sealInitial(cryptoFrame(from, hello.subarray(from, to)), { size: 1200, packetNumber, ...options });
  return [seal(0, 1000, 0), seal(1000, hello.length, 1)];
}

export type Got = { datagram: Buffer; port: number };

/** Something that speaks UDP and keeps what it hears. */
export async function speaker(owner: Owner, port = 0) {
  const socket = await socketOn(owner, port);
  const got: Got[] = [];
  let onDatagram: (datagram: Buffer, from: number) => void = () => {};
  socket.on('message', (datagram, from) => {
    got.push({ datagram, port: from.port });
    onDatagram(datagram, from.port);
  });
  socket.on('error', () => {});
  return {
    got,
    port: socket.address().port,
    bytes: () => got.reduce((sum, { datagram }) => sum + datagram.length, 0),
    has: (datagram: Buffer) => got.some((one) => one.datagram.equals(datagram)),
    send: (to: number, ...datagrams: Buffer[]) => {
      for (const datagram of datagrams) socket.send(datagram, to, LOOPBACK);
    },
    answer: (handler: (datagram: Buffer, from: number) => void) => {
      onDatagram = handler;
    },
  };
}
export type Speaker = Awaited<ReturnType<typeof speaker>>;

/** A backend that answers each first packet of a connection with its own id, always the same, and every short header with `reply`. */
export async function quicBackend(owner: Owner, id: Buffer, reply?: (datagram: Buffer) => Buffer): Promise<Speaker> {
  const backend = await speaker(owner);
  const known = new Set<number>();
  backend.answer((datagram, from) => {
    if ((datagram[0] ?? 0) >= 0x80) {
      if (known.has(from)) return;
      known.add(from);
      backend.send(from, fromServer(Buffer.alloc(0), id));
    } else if (reply) backend.send(from, reply(datagram));
  });
  return backend;
}

export const randomId = (length = 8): Buffer => randomBytes(length);

/** Shares of all datagrams; what is late comes after up to twelve others. */
export type BadWire = { lost: number; doubled: number; late: number };

/** A wire to `to` that does what wires do, to both directions, by a seed. Returns its port, and what it did. */
export async function badWire(owner: Owner, to: number, { lost, doubled, late }: BadWire) {
  const front = await socketOn(owner);
  const backs = new Map<number, dgram.Socket>();
  const did = { carried: 0, lost: 0, doubled: 0, late: 0 };
  const waiting: { left: number; go: () => void }[] = [];
  let state = 42;
  const chance = (share: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32 < share;
  };
  const carry = (go: () => void) => {
    for (const one of waiting) one.left -= 1;
    while (waiting[0] !== undefined && waiting[0].left <= 0) waiting.shift()?.go();
    did.carried += 1;
    if (chance(lost)) did.lost += 1;
    else if (chance(late)) {
      did.late += 1;
      waiting.push({ left: 12, go });
    } else {
      go();
      if (chance(doubled)) {
        did.doubled += 1;
        go();
      }
    }
  };
  owner.after(() => {
    for (const back of backs.values()) back.close();
  });
  front.on('message', (datagram, { port }) => {
    let back = backs.get(port);
    if (back === undefined) {
      back = dgram.createSocket('udp4').on('error', () => {});
      back.bind(0, LOOPBACK);
      back.on('message', (answer) => carry(() => front.send(answer, port, LOOPBACK)));
      backs.set(port, back);
    }
    const way = back;
    carry(() => way.send(datagram, to, LOOPBACK));
  });
  return { port: front.address().port, did };
}
