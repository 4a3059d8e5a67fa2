import { isIpv4 } from '../contract/addresses.ts';
import { plainAddress } from './destinations.ts';

/** Counts what is open per key. Keys exist only while something is open under them, so the map is bounded by the connections. */
export class Concurrency {
  readonly #open = new Map<string, number>();

  /** False when `limit` are open already; otherwise one more is. */
  enter(key: string, limit: number): boolean {
    const open = this.#open.get(key) ?? 0;
    if (open >= limit) return false;
    this.#open.set(key, open + 1);
    return true;
  }

  leave(key: string): void {
    const open = (this.#open.get(key) ?? 0) - 1;
    if (open > 0) this.#open.set(key, open);
    else this.#open.delete(key);
  }

  get keys(): number {
    return this.#open.size;
  }
}

/**
 * What comes by QUIC is counted by itself: anybody can write another's address, and any name, on a first datagram, and must not take
 * what that client has by TCP, or what others have of that name.
 */
export const quicKey = (key: string): string => `quic ${key}`;

/** One client = one IPv4 address (mapped ones included) or one IPv6 /64. */
export function clientKey(address: string): string {
  const plain = plainAddress(address);
  if (isIpv4(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? front : [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return groups.slice(0, 4).join(':');
}
