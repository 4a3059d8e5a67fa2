/** Bytes of the one buffer that quiet connections read into; who fills it moves bulk. */
export const QUIET_BYTES = 16_384;
/** Half of it costs a fifth more CPU per byte, twice of it saves little: what is read at once is also written at once. */
export const BULK_BYTES = 524_288;
/** 64 MiB in all; connections beyond that read in small portions. */
const MAX_LENT = 128;
/** kept for the next one: 8 MiB */
const MAX_KEPT = 16;

/**
 * What connections read into. All quiet ones share one small buffer, since what is read is copied before the next read; who moves bulk gets a
 * large one of its own, written from without a copy. So a quiet tunnel holds no buffer, and the memory for bulk is bounded.
 */
export class ReadBuffers {
  readonly quiet = Buffer.allocUnsafeSlow(QUIET_BYTES);
  readonly #kept: Buffer[] = [];
  #lent = 0;

  get lent(): number {
    return this.#lent;
  }

  /** Null when too many are out. */
  take(): Buffer | null {
    if (this.#lent >= MAX_LENT) return null;
    this.#lent += 1;
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(BULK_BYTES);
  }

  give(buffer: Buffer): void {
    this.#lent -= 1;
    if (this.#kept.length < MAX_KEPT) this.#kept.push(buffer);
  }
}
