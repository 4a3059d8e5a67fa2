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
