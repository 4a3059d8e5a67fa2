import type { Refusal } from '../contract/words.ts';
import type { FdBudget } from '../guard/fd-budget.ts';
import type { Candidate, Candidates } from '../upstream/candidates.ts';
import type { Wire, WireOwner, Wires } from './wire.ts';

/** RFC 8305 5: an address that has not answered after so long gets company. */
const ATTEMPT_DELAY_MS = 250;
/** Attempts at a time; the oldest makes room for one more. */
const MAX_ATTEMPTS = 2;

export type DialOwner = {
  now(): number;
  /** to be asked for `onDeadline` at this time at the latest */
  wake(at: number): void;
  /** a candidate is tried */
  dialling(backend: string): void;
  /** The wire is the owner's from now on; it counts in the fd budget already. */
  dialled(wire: Wire): void;
  dialFailed(reason: Refusal): void;
};

/**
 * Backends in turn within `timeouts.connect`; each gets an equal share of what is left of it. The addresses of one backend are tried within
 * its share: one beside the other when the first is slow (RFC 8305), or in turn when that is switched off.
 */
export class Dial implements WireOwner {
  readonly startedAt: number;
  readonly #owner: DialOwner;
  readonly #wires: Wires;
  readonly #budget: FdBudget;
  readonly #happyEyeballs: boolean;
  readonly #until: number;
  #candidates: readonly Candidate[] = [];
  #next = 0;
  /** what is dialled now, oldest first */
  readonly #attempts: Wire[] = [];
  /** when the current backend has had its share */
  #shareUntil = 0;
  #over = false;

  constructor(
    owner: DialOwner,
    { wires, budget }: { wires: Wires; budget: FdBudget },
    { connectMs, happyEyeballs }: { connectMs: number; happyEyeballs: boolean },
  ) {
    this.#owner = owner;
    this.#wires = wires;
    this.#budget = budget;
    this.#happyEyeballs = happyEyeballs;
    this.startedAt = owner.now();
    this.#until = this.startedAt + connectMs;
    owner.wake(this.#until);
  }

  start(found: Candidates): void {
    if (this.#over) return;
    if ('refused' in found) {
      this.#fail(found.refused);
      return;
    }
    this.#candidates = found.candidates;
    this.#attempt();
  }

  /** The lookup has had its time, or the attempts of now: the next address is tried, beside them when it is one of the same backend. */
  onDeadline(): void {
    if (this.#next === 0) this.#fail('dns_failed');
    else if (this.#next >= this.#candidates.length) this.#fail('connect_timeout');
    else {
      const beside = this.#racesNext && this.#owner.now() < this.#shareUntil;
      if (!beside) while (this.#attempts.length > 0) this.#drop();
      // One more descriptor than the connection was admitted for: only while there is room.
      else if (this.#attempts.length >= MAX_ATTEMPTS || !this.#budget.hasRoom) this.#drop();
      this.#attempt();
    }
  }

  abort(): void {
    this.#over = true;
    while (this.#attempts.length > 0) this.#drop();
  }

  wireConnected(wire: Wire): void {
    const at = this.#attempts.indexOf(wire);
    if (at >= 0) this.#attempts.splice(at, 1);
    this.abort();
    this.#owner.dialled(wire);
  }

  wireFailed(wire: Wire, code: string): void {
    const at = this.#attempts.indexOf(wire);
    if (at < 0) return;
    this.#attempts.splice(at, 1);
    this.#close(wire);
    if (this.#next < this.#candidates.length) this.#attempt();
    else if (this.#attempts.length === 0)
      this.#fail(code === 'ECONNREFUSED' ? 'connect_refused' : code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_failed');
  }

  wireData(): void {}
  wireEnded(): void {}
  wireDrained(): void {}

  /** The next address is one of the backend that is tried now, and may be tried beside it. */
  get #racesNext(): boolean {
    return this.#happyEyeballs && this.#candidates[this.#next]?.backend === this.#candidates[this.#next - 1]?.backend;
  }

  #attempt(): void {
    const candidate = this.#candidates[this.#next];
    if (!candidate) return;
    const now = this.#owner.now();
    if (!this.#racesNext || this.#next === 0) this.#shareUntil = now + (this.#until - now) / this.#turnsLeft();
    this.#next += 1;
    this.#owner.wake(this.#racesNext ? Math.min(now + ATTEMPT_DELAY_MS, this.#shareUntil) : this.#shareUntil);
    this.#owner.dialling(candidate.backend);
    this.#budget.upstreams += 1;
    this.#attempts.push(this.#wires.dial(candidate.host, candidate.port, this));
  }

  /** Shares that the rest of the time is divided into: one for each backend, or for each address when they are tried in turn. */
  #turnsLeft(): number {
    if (this.#next >= this.#candidates.length - 1) return 1;
    const left = this.#candidates.slice(this.#next);
    return this.#happyEyeballs ? left.filter(({ backend }, i) => backend !== left[i - 1]?.backend).length : left.length;
  }

  #drop(): void {
    const oldest = this.#attempts.shift();
    if (oldest) this.#close(oldest);
  }

  #close(wire: Wire): void {
    wire.close(false);
    this.#budget.upstreams -= 1;
  }

  #fail(reason: Refusal): void {
    this.abort();
    this.#owner.dialFailed(reason);
  }
}
