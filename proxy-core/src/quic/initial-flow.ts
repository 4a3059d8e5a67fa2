import type { Refusal } from '../contract/words.ts';
import { type ClientHello, parseClientHello } from '../parse/client-hello.ts';
import { CryptoStream, MAX_CRYPTO } from './crypto-stream.ts';
import { readCryptoFrames } from './frames.ts';
import { clientIdleTimeout } from './idle-timeout.ts';
import { type InitialKeys, initialKeys } from './initial-keys.ts';
import { openInitial } from './open-initial.ts';
import { type QuicPacket, readPacket } from './packet.ts';
import type { QuicVersion } from './versions.ts';

/** Why a flow's first datagrams are not routed. */
export type QuicRefusal = Extract<Refusal, 'unknown_version' | 'quic_malformed' | 'sni_malformed' | 'not_client_hello' | 'hello_too_large'>;

export type QuicVerdict =
  | { kind: 'more' }
  /** nothing of a client's first flight is in it: it is to be dropped, or belongs to a flow that is known already */
  | { kind: 'no-match' }
  /** `idleTimeout`: the client's max_idle_timeout in ms, null = none */
  | { kind: 'asked'; hello: ClientHello; idleTimeout: number | null; version: QuicVersion; dcid: Buffer; scid: Buffer }
  | { kind: 'refused'; reason: QuicRefusal };

const MORE: QuicVerdict = { kind: 'more' };
const NO_MATCH: QuicVerdict = { kind: 'no-match' };
/** RFC 9000 14.1: an Initial in a smaller datagram must be discarded. */
export const MIN_DATAGRAM = 1200;
/** RFC 9000 7.2: of the id that a client makes up for its first packets. With a token it may be one that the server gave in a Retry. */
const MIN_FIRST_ID = 8;
/** A hello of 64 KiB takes 56 of them at 1,200 bytes. */
const MAX_DATAGRAMS = 64;
const MAX_COALESCED = 16;
const HANDSHAKE_HEADER = 4;
const CLIENT_HELLO = 1;

type Flow = { version: QuicVersion; dcid: Buffer; scid: Buffer; keys: InitialKeys };

/**
 * The first datagrams of one client, until they say what it asks for. Only packets that authenticate count, and the first of them decides
 * version and connection ids, so a spoofed datagram can neither end the flow nor change its name. Order and cuts do not matter.
 */
export class InitialFlow {
  readonly #stream = new CryptoStream();
  #flow: Flow | null = null;
  #datagrams = 0;
  #settled: QuicVerdict | null = null;

  /** held for pieces of the hello */
  get bytes(): number {
    return this.#stream.capacity;
  }

  push(datagram: Buffer): QuicVerdict {
    if (this.#settled !== null) return this.#settled;
    this.#datagrams += 1;
    const verdict = this.#read(datagram);
    if (verdict.kind === 'asked' || verdict.kind === 'refused') this.#settled = verdict;
    else if (this.#datagrams >= MAX_DATAGRAMS) this.#settled = { kind: 'refused', reason: 'hello_too_large' };
    return this.#settled ?? (this.#flow === null ? verdict : MORE);
  }

  #read(datagram: Buffer): QuicVerdict {
    let at = 0;
    let found: QuicVerdict = NO_MATCH;
    for (let i = 0; i < MAX_COALESCED && at < datagram.length; i += 1) {
      const packet = readPacket(datagram, at);
      if (packet === null || packet.kind === 'short' || packet.kind === 'version-negotiation' || packet.kind === 'retry') return found;
      if (packet.kind === 'unknown-version')
        return this.#flow === null && i === 0 && datagram.length >= MIN_DATAGRAM ? { kind: 'refused', reason: 'unknown_version' } : found;
      at = packet.end;
      if (packet.kind !== 'initial' || datagram.length < MIN_DATAGRAM) continue;
      const verdict = this.#initial(datagram, packet);
      if (verdict.kind === 'asked' || verdict.kind === 'refused') return verdict;
      if (verdict.kind === 'more') found = verdict;
      // All packets of a datagram have one id (RFC 9000 12.2), so no other one authenticates either; to try each takes ms.
      if (this.#flow === null) return found;
    }
    return found;
  }

  #initial(datagram: Buffer, packet: Extract<QuicPacket, { kind: 'initial' }>): QuicVerdict {
    const flow = this.#flow ?? newFlow(packet);
    if (flow === null || flow.version !== packet.version || !flow.dcid.equals(packet.dcid) || !flow.scid.equals(packet.scid))
      return NO_MATCH;
    const opened = openInitial(datagram, packet, flow.keys);
    if (opened === 'undecryptable') return NO_MATCH;
    this.#flow = flow;
    const frames = opened === 'malformed' ? null : readCryptoFrames(opened.payload);
    if (frames === null) return { kind: 'refused', reason: 'quic_malformed' };
    for (const { offset, data } of frames) {
      const added = this.#stream.add(offset, data);
      if (added !== 'ok') return { kind: 'refused', reason: added === 'conflict' ? 'quic_malformed' : 'hello_too_large' };
    }
    return readHello(this.#stream.contiguous, flow);
  }
}

/** Connection ids are copied: a datagram's buffer is used again. */
function newFlow({ version, dcid, scid, token }: Extract<QuicPacket, { kind: 'initial' }>): Flow | null {
  if (dcid.length < MIN_FIRST_ID && token.length === 0) return null;
  return { version, dcid: Buffer.from(dcid), scid: Buffer.from(scid), keys: initialKeys(version, dcid, 'client') };
}

/** QUIC carries handshake messages without TLS records. */
function readHello(bytes: Buffer, { version, dcid, scid }: Flow): QuicVerdict {
  if (bytes.length === 0) return MORE;
  if (bytes[0] !== CLIENT_HELLO) return { kind: 'refused', reason: 'not_client_hello' };
  if (bytes.length < HANDSHAKE_HEADER) return MORE;
  const end = HANDSHAKE_HEADER + bytes.readUIntBE(1, 3);
  if (end > MAX_CRYPTO) return { kind: 'refused', reason: 'hello_too_large' };
  if (bytes.length < end) return MORE;
  const hello = parseClientHello(bytes, HANDSHAKE_HEADER, end);
  if (hello === null) return { kind: 'refused', reason: 'sni_malformed' };
  return { kind: 'asked', hello, idleTimeout: clientIdleTimeout(bytes, HANDSHAKE_HEADER, end), version, dcid, scid };
}
