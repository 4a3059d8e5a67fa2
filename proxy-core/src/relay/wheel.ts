/** Something with one deadline at a time. The links belong to the wheel. */
export type Timed = {
  timedNext: Timed | null;
  timedPrevious: Timed | null;
  /** slot it hangs in, -1 = none */
  timedSlot: number;
  /** tick at which it is due; it may hang in an earlier slot when that lies further away than one turn */
  timedDue: number;
  /** The deadline came: act, and tell the next one in ms of `now()`, or 0 for none. */
  onDeadline(now: number): number;
};

const TICK_MS = 50;
const SLOTS = 1024;
/** the list that is being run */
const RUNNING = SLOTS;

/**
 * One timer for all connections instead of one each. Scheduling, moving and cancelling are O(1): entries hang in doubly linked lists, one
 * per tick. Deadlines that lie further away than a turn (51 s) are looked at once a turn. Never early, late by less than two ticks.
 */
export class TimerWheel {
  readonly #slots: (Timed | null)[] = Array.from({ length: SLOTS + 1 }, () => null);
  #size = 0;
  #tick = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #clock: () => number;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#tick = Math.floor(clock() / TICK_MS);
  }

  now(): number {
    return this.#clock();
  }

  get size(): number {
    return this.#size;
  }

  /** `at` in ms of `now()`. */
  schedule(entry: Timed, at: number): void {
    this.cancel(entry);
    if (this.#size === 0) this.#tick = Math.floor(this.#clock() / TICK_MS);
    entry.timedDue = Math.max(Math.ceil(at / TICK_MS), this.#tick + 1);
    this.#insert(entry);
    this.#timer ??= setInterval(() => this.advance(), TICK_MS);
  }

  cancel(entry: Timed): void {
    if (entry.timedSlot < 0) return;
    if (entry.timedPrevious) entry.timedPrevious.timedNext = entry.timedNext;
    else this.#slots[entry.timedSlot] = entry.timedNext;
    if (entry.timedNext) entry.timedNext.timedPrevious = entry.timedPrevious;
    entry.timedNext = null;
    entry.timedPrevious = null;
    entry.timedSlot = -1;
    this.#size -= 1;
    if (this.#size === 0) this.#stop();
  }

  /** Runs what is due. After a pause longer than a turn each slot is looked at once. */
  advance(): void {
    const now = this.#clock();
    const target = Math.floor(now / TICK_MS);
    const from = Math.max(this.#tick, target - SLOTS);
    for (let tick = from + 1; tick <= target; tick += 1) {
      this.#tick = tick;
      this.#turn(tick % SLOTS, target, now);
    }
  }

  /** The due slot's list moves to a list of its own first: what is scheduled into the slot meanwhile waits for its next turn. */
  #turn(slot: number, target: number, now: number): void {
    const list = this.#slots[slot] ?? null;
    if (list === null) return;
    this.#slots[slot] = null;
    this.#slots[RUNNING] = list;
    for (let entry: Timed | null = list; entry; entry = entry.timedNext) entry.timedSlot = RUNNING;
    for (let entry = this.#slots[RUNNING]; entry; entry = this.#slots[RUNNING]) {
      this.cancel(entry);
      const due = entry.timedDue > target ? entry.timedDue * TICK_MS : entry.onDeadline(now);
      if (due > 0) this.schedule(entry, due);
    }
  }

  #insert(entry: Timed): void {
    const slot = entry.timedDue % SLOTS;
    const head = this.#slots[slot] ?? null;
    entry.timedNext = head;
    entry.timedPrevious = null;
    entry.timedSlot = slot;
    if (head) head.timedPrevious = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}
