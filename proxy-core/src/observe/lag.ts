const SAMPLE_MS = 500;
const WINDOW = 20;

/** How late the event loop runs its timers: the longest delay of the last 10 s, in seconds. */
export class EventLoopLag {
  readonly #seconds: number[] = [];
  #expected = 0;
  #timer: NodeJS.Timeout | null = null;

  start(): void {
    this.#expected = performance.now() + SAMPLE_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#seconds.push(Math.max(0, now - this.#expected) / 1000);
      if (this.#seconds.length > WINDOW) this.#seconds.shift();
      this.#expected = now + SAMPLE_MS;
    }, SAMPLE_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** A delay that is going on now counts too. */
  get worst(): number {
    return Math.max(0, (performance.now() - this.#expected) / 1000, ...this.#seconds);
  }
}
