import type { Refusal } from '../contract/words.ts';
import type { Core, Live } from '../relay/core.ts';
import { Dial, type DialOwner } from '../relay/dial.ts';
import type { Wire } from '../relay/wire.ts';
import type { Candidates } from '../upstream/candidates.ts';
import type { Lease } from '../upstream/pool.ts';

/** What one exchange needs of a socket. */
export type Wanted = {
  /** the host, its port, and the route that leads there */
  key: string;
  /** it may be sent again, so a used socket will do */
  repeatable: boolean;
  /** nobody else may use the socket, before or after */
  isPrivate: boolean;
  /** a PROXY header makes a socket one client's */
  announcement: Buffer | null;
  candidates: () => Candidates | Promise<Candidates>;
};

export type BorrowerOwner = {
  now(): number;
  wake(at: number): void;
  dialling(backend: string): void;
  /** `header` goes out before anything else */
  borrowed(wire: Wire, header: Buffer | null): void;
  failed(reason: Refusal): void;
};

/**
 * Gets a client connection the backend sockets of its exchanges, one at a time: an idle one of the pool, or a new one. Keeps the fd budget:
 * the descriptor that the connection was promised is a socket of the pool's for as long as one is borrowed.
 */
export class Borrower implements DialOwner {
  readonly #core: Core;
  readonly #live: Live;
  readonly #owner: BorrowerOwner;
  #wanted: Wanted | null = null;
  #dial: Dial | null = null;
  #lease: Lease<Wire> | null = null;
  #isPrivate = false;
  /** kept for the next exchange of this client with the same host */
  #own: { key: string; lease: Lease<Wire> } | null = null;
  #holdsPromise = true;

  constructor(core: Core, live: Live, owner: BorrowerOwner) {
    this.#core = core;
    this.#live = live;
    this.#owner = owner;
  }

  /** what is borrowed now */
  get wire(): Wire | null {
    return this.#lease?.wire ?? null;
  }
  /** what is borrowed is this client's alone */
  get isPrivate(): boolean {
    return this.#isPrivate;
  }
  /** what is borrowed was used before, and the exchange may be tried once more with a new one */
  get mayRetry(): boolean {
    return this.#lease !== null && this.#lease.uses > 1 && this.#wanted?.repeatable === true;
  }
  get dials(): boolean {
    return this.#dial !== null;
  }
  /** nothing is dialled, borrowed or kept */
  get isAlone(): boolean {
    return this.#holdsPromise;
  }

  borrow(wanted: Wanted): void {
    this.#wanted = wanted;
    const own = this.#takeOwn(wanted);
    this.#isPrivate = wanted.isPrivate || wanted.announcement !== null || own !== null;
    const lease = own ?? (wanted.repeatable && !this.#isPrivate ? this.#core.pool.take(wanted.key) : null);
    if (lease === null) {
      this.#open(wanted);
      return;
    }
    this.#spendPromise();
    if (own === null) this.#core.budget.upstreams += 1;
    this.#lease = lease;
    this.#owner.borrowed(lease.wire, null);
  }

  /** A used socket was dead before it answered: once more with a new one. False when that may not be done. */
  retry(): boolean {
    const wanted = this.#wanted;
    if (wanted === null || !this.mayRetry) return false;
    const before = this.#lease?.before;
    this.giveBack(false);
    before?.();
    this.#wanted = wanted;
    this.#open(wanted);
    return true;
  }

  /** The socket is this client's alone from here on. */
  keepToOneself(): void {
    this.#isPrivate = true;
  }

  /** `lost`: told when the backend ends the socket before anybody else has had it. */
  giveBack(reuse: boolean, lost?: () => void): void {
    const lease = this.#lease;
    const key = this.#wanted?.key;
    this.#lease = null;
    this.#wanted = null;
    if (lease === null || key === undefined) return;
    if (reuse && this.#isPrivate && !lease.wire.closed) {
      this.#own = { key, lease };
      lease.wire.owner = {
        ...{ wireConnected: () => {}, wireDrained: () => {} },
        ...{ wireData: () => this.#loseOwn(lost), wireEnded: () => this.#loseOwn(lost), wireFailed: () => this.#loseOwn(lost) },
      };
      return;
    }
    this.#release(lease, reuse ? 'reuse' : 'destroy', lost);
  }

  stop(): void {
    this.#dial?.abort();
    this.#dial = null;
    this.giveBack(false);
    this.#dropOwn();
    this.#regainPromise();
  }

  onDeadline(): void {
    this.#dial?.onDeadline();
  }

  #open(wanted: Wanted): void {
    const { connect } = this.#live.timeouts;
    const dial = new Dial(this, this.#core, { connectMs: connect, happyEyeballs: this.#live.resolver.happyEyeballs });
    this.#dial = dial;
    const found = wanted.candidates();
    if ('then' in found) void found.then((later) => dial.start(later));
    else dial.start(found);
  }

  now(): number {
    return this.#owner.now();
  }
  wake(at: number): void {
    this.#owner.wake(at);
  }

  dialling(backend: string): void {
    this.#spendPromise();
    this.#owner.dialling(backend);
  }

  dialled(wire: Wire): void {
    const [dial, wanted] = [this.#dial, this.#wanted];
    this.#dial = null;
    if (wanted === null || dial === null) return;
    this.#core.histograms.dialSeconds.observe((this.now() - dial.startedAt) / 1000);
    this.#lease = this.#core.pool.admit(wanted.key, wire);
    this.#owner.borrowed(wire, wanted.announcement);
  }

  dialFailed(reason: Refusal): void {
    this.#dial = null;
    this.#regainPromise();
    this.#owner.failed(reason);
  }

  #takeOwn({ key }: Wanted): Lease<Wire> | null {
    const own = this.#own;
    if (own === null) return null;
    if (own.key !== key || own.lease.wire.closed) {
      this.#dropOwn();
      return null;
    }
    this.#own = null;
    return own.lease;
  }

  #loseOwn(lost: (() => void) | undefined): void {
    this.#dropOwn();
    lost?.();
  }

  #dropOwn(): void {
    const own = this.#own;
    this.#own = null;
    if (own) this.#release(own.lease, 'destroy');
  }

  #release(lease: Lease<Wire>, how: 'reuse' | 'destroy', lost?: () => void): void {
    this.#core.budget.upstreams -= 1;
    this.#regainPromise();
    lease.release(how, lost);
  }

  #spendPromise(): void {
    if (!this.#holdsPromise) return;
    this.#holdsPromise = false;
    this.#core.budget.promised -= 1;
  }

  #regainPromise(): void {
    if (this.#holdsPromise) return;
    this.#holdsPromise = true;
    this.#core.budget.promised += 1;
  }
}
