import type net from 'node:net';
import type { HostPort } from '../contract/addresses.ts';

/** Silence after which the kernel begins to ask whether the peer is still there. */
export const KEEP_ALIVE_MS = 60_000;

/**
 * One TCP connection, with the little that a relay needs of it. There are two kinds: sockets by their handle, and by streams where this Node
 * does not offer what handles need. Nothing is told to the owner from inside a call of the owner's, and nothing after `close`.
 */
export type Wire = {
  /** Who is told what happens. Changing it is how a connection changes its state. */
  owner: WireOwner;
  readonly closed: boolean;
  /** The other side's address and this side's; null when the connection is gone. The first answer is kept. */
  remote(): HostPort | null;
  local(): HostPort | null;
  /** Nothing is read before the first call. */
  read(): void;
  pause(): void;
  /**
   * True when the kernel has taken all of it. Otherwise the rest waits, the bytes must stay as they are, and `wireDrained` tells when nothing waits
   * any more; to write meanwhile is allowed, and makes more wait.
   */
  write(bytes: Buffer): boolean;
  /** bytes that wait; fewer than before is progress */
  readonly waiting: number;
  /** End of file, behind what is written. The other direction stays open. */
  finish(): void;
  /** Frees the descriptor at once; what waits is lost. `reset`: the other side must not take it for a proper end. */
  close(reset: boolean): void;
  /** From here on it may read in large portions, lent for `wireData` alone: an owner whose bytes wait in another wire pauses this one till then. */
  carry(): void;
  /** For one that is quiet: keepalive looks after it, and a large buffer goes back. Not while its bytes wait in another wire. */
  rest(): void;
};

export type WireOwner = {
  /** a dialled wire is open */
  wireConnected(wire: Wire): void;
  /** Before `carry` the bytes are the owner's to keep. */
  wireData(wire: Wire, bytes: Buffer): void;
  wireEnded(wire: Wire): void;
  wireDrained(wire: Wire): void;
  /** reset, or not connected; the owner is to close it */
  wireFailed(wire: Wire, code: string): void;
};

/** One way to open wires. */
export type Wires = {
  readonly kind: 'handles' | 'streams';
  /** A listener whose clients come as wires that nobody owns yet. */
  listener(accept: (wire: Wire) => void): net.Server;
  /** `host` is an address. Failures are told, never thrown. */
  dial(host: string, port: number, owner: WireOwner): Wire;
};

/** Owns what is not anybody's yet, or no longer. */
export const NOBODY: WireOwner = {
  wireConnected: () => {},
  wireData: () => {},
  wireEnded: () => {},
  wireDrained: () => {},
  wireFailed: (wire) => wire.close(false),
};
