import { shortId } from '../quic/invariants.ts';

/** RFC 9000 17.2: a connection id of versions 1 and 2 has at most so many bytes. */
const MAX_ID_BYTES = 20;
/** Shorter ids would be met by chance. RFC 9000 leaves their length to the server; 4 bytes is what quic-go's have. */
export const MIN_ID_BYTES = 4;
/** One address cannot hold more flows than are worth looking through for a datagram. */
export const MAX_PATHS_PER_ADDRESS = 64;

/**
 * Where a client's datagram belongs. A flow has one path for each address that its client has spoken from. Three keys lead to them: the
 * client's address and port; the connection ids that servers chose, which hold wherever the client moves to; and, for the first packets
 * of a connection, the id that its client made up, which means something from that client's address alone. Everything that is put in has
 * to be taken out by its owner; the table itself bounds nothing but the paths of one address.
 */
export class FlowTable<Flow, Path extends { readonly flow: Flow }> {
  readonly #paths = new Map<string, Path[]>();
  readonly #ids = new Map<string, Flow>();
  /** how many ids there are of each length: a short header does not say where its id ends */
  readonly #lengths = new Uint32Array(MAX_ID_BYTES + 1);
  readonly #firsts = new Map<string, Flow>();
  readonly #hosts = new Map<string, Set<Path>>();

  pathsOf(tuple: string): readonly Path[] | undefined {
    return this.#paths.get(tuple);
  }

  pathOf(tuple: string, flow: Flow): Path | undefined {
    return this.#paths.get(tuple)?.find((path) => path.flow === flow);
  }

  /** False when this address and port have as many as they may. */
  addPath(tuple: string, host: string, path: Path): boolean {
    const paths = this.#paths.get(tuple);
    if (paths === undefined) this.#paths.set(tuple, [path]);
    else if (paths.length >= MAX_PATHS_PER_ADDRESS) return false;
    else paths.push(path);
    const known = this.#hosts.get(host);
    if (known === undefined) this.#hosts.set(host, new Set([path]));
    else known.add(path);
    return true;
  }

  removePath(tuple: string, host: string, path: Path): void {
    const left = this.#paths.get(tuple)?.filter((other) => other !== path) ?? [];
    if (left.length === 0) this.#paths.delete(tuple);
    else this.#paths.set(tuple, left);
    const known = this.#hosts.get(host);
    known?.delete(path);
    if (known?.size === 0) this.#hosts.delete(host);
  }

  /** Paths from one address, whatever the port. */
  pathsFrom(host: string): Iterable<Path> {
    return this.#hosts.get(host) ?? [];
  }

  /** False when the id is another flow's, whose it stays, or cannot be one that is looked up. */
  addId(id: string, flow: Flow): boolean {
    if (id.length < MIN_ID_BYTES || id.length > MAX_ID_BYTES || this.#ids.has(id)) return false;
    this.#ids.set(id, flow);
    this.#lengths[id.length] = (this.#lengths[id.length] ?? 0) + 1;
    return true;
  }

  removeId(id: string): void {
    if (this.#ids.delete(id)) this.#lengths[id.length] = (this.#lengths[id.length] ?? 0) - 1;
  }

  byId(id: string): Flow | undefined {
    return this.#ids.get(id);
  }

  /** The flow that a short header's id belongs to; of ids that begin alike, the longer one is meant. */
  byShortHeader(datagram: Buffer): Flow | undefined {
    for (let length = MAX_ID_BYTES; length >= MIN_ID_BYTES; length -= 1) {
      if (this.#lengths[length] === 0) continue;
      const id = shortId(datagram, length);
      const flow = id === null ? undefined : this.#ids.get(id);
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  addFirst(tuple: string, id: string, flow: Flow): void {
    this.#firsts.set(firstKey(tuple, id), flow);
  }

  removeFirst(tuple: string, id: string): void {
    this.#firsts.delete(firstKey(tuple, id));
  }

  byFirst(tuple: string, id: string): Flow | undefined {
    return this.#firsts.get(firstKey(tuple, id));
  }

  /** entries of each kind, all 0 when every flow has left */
  get sizes(): { paths: number; ids: number; firsts: number; hosts: number; lengths: number } {
    const lengths = this.#lengths.reduce((sum, count) => sum + count, 0);
    return { paths: this.#paths.size, ids: this.#ids.size, firsts: this.#firsts.size, hosts: this.#hosts.size, lengths };
  }
}

/** An address holds no NUL. */
export const firstKey = (tuple: string, id: string): string => `${tuple}\0${id}`;
