import { formatHostPort, type HostPort } from '../contract/addresses.ts';

/** A backend that failed is tried after the others for so long. */
const FAILED_MS = 30_000;
/** More backends than this are not remembered; the oldest memory goes first. */
const MAX_BACKENDS = 1024;

/** What was seen of QUIC backends: UDP has no handshake that would tell at once whether somebody is there. */
export class Backends {
  readonly #failedAt = new Map<string, number>();
  readonly #answering = new Map<string, HostPort>();

  failed(backend: HostPort, now: number): void {
    remember(this.#failedAt, formatHostPort(backend), now);
  }

  answered({ host, port }: HostPort): void {
    const key = formatHostPort({ host, port });
    this.#failedAt.delete(key);
    if (!this.#answering.has(key)) remember(this.#answering, key, { host, port });
  }

  /** In their order, those that have failed lately last. */
  ordered<B extends HostPort>(backends: readonly B[], now: number): readonly B[] {
    if (this.#failedAt.size === 0 || backends.length < 2) return backends;
    const failed = (backend: B) => now - (this.#failedAt.get(formatHostPort(backend)) ?? Number.NEGATIVE_INFINITY) < FAILED_MS;
    return [...backends.filter((backend) => !failed(backend)), ...backends.filter(failed)];
  }

  /** Backends that have answered in QUIC since the start. */
  get answering(): readonly HostPort[] {
    return [...this.#answering.values()];
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > MAX_BACKENDS ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}
