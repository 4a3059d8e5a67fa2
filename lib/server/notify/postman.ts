import type { Db } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import { openReceiver, type Sealed } from './channels.ts';
import { channelsDue, claim, type Due, delivered, dueOf, failed, releaseAll, released } from './outbox.ts';
import { SendFailure } from './reach.ts';
import { send } from './senders/index.ts';

/** How often the outbox is looked into without being told; after a change it is looked into at once. */
const POLL_MS = 1000;
/** Receivers that one channel is asked at a time: one that hangs holds up nobody else's. An Alertmanager is told one after the other. */
const AT_ONCE = 4;

export type Postman = ReturnType<typeof createPostman>;

/** Carries what is in the outbox to its receivers, each channel by itself. At least once: what was under way when the process died goes again with the same id. */
export function createPostman(deps: {
  db: Db;
  sealed: Sealed;
  events: EventHub;
  clock: Clock;
  log: Log;
  consoleUrl: string;
  alone: boolean;
}) {
  const { db, clock, log, events } = deps;
  const stopping = new AbortController();
  const underWay = new Map<string, Set<string>>();
  const turns = new Map<string, Promise<unknown>>();
  const work = new Set<Promise<void>>();
  let wake = () => {};
  let woken = false;
  let loop: Promise<void> | null = null;

  const poke = () => {
    woken = true;
    wake();
  };

  async function look(): Promise<void> {
    for (const channelId of await channelsDue(db, clock.now())) {
      const busy = underWay.get(channelId) ?? new Set<string>();
      underWay.set(channelId, busy);
      if (busy.size >= AT_ONCE) continue;
      for (const due of await dueOf(db, channelId, clock.now(), AT_ONCE * 4)) {
        if (busy.size >= AT_ONCE || stopping.signal.aborted) break;
        if (busy.has(due.id)) continue;
        const lease = await claim(db, due.id, clock.now());
        if (lease === null) continue;
        busy.add(due.id);
        const done = deliver(due, lease)
          .catch((error) => log.error({ err: error, deliveryId: due.id }, 'a delivery could not be noted'))
          .finally(() => {
            busy.delete(due.id);
            work.delete(done);
            poke();
          });
        work.add(done);
      }
    }
  }

  async function deliver(due: Due, lease: number): Promise<void> {
    const receiver = await openReceiver(db, deps.sealed, due.channelId);
    if (!receiver) return;
    const told = () => ({ id: due.id, event: due.event, alert: due.payload, at: clock.now(), consoleUrl: deps.consoleUrl });
    try {
      const sent = () => send(receiver, told(), stopping.signal);
      const answer = receiver.target.kind === 'alertmanager' ? await inTurn(due.channelId, sent) : await sent();
      await delivered(db, due.id, answer, clock.now());
    } catch (error) {
      if (stopping.signal.aborted) return released(db, due.id, lease);
      const failure =
        error instanceof SendFailure ? error : new SendFailure('the console failed to say it; its log has the reason', { again: true });
      if (failure !== error) log.error({ err: error, deliveryId: due.id }, 'a notification could not be said');
      const state = await failed(db, due, lease, failure, clock.now());
      if (state === 'dead')
        log.warn({ deliveryId: due.id, channel: receiver.channel.name, why: failure.message }, 'a notification was given up');
    }
    events.publish({ type: 'alert.changed', key: due.alertKey });
  }

  /** One after the other per channel, so that an older word never arrives after a newer one. */
  function inTurn<T>(channelId: string, act: () => Promise<T>): Promise<T> {
    const done = (turns.get(channelId) ?? Promise.resolve()).then(act, act);
    turns.set(
      channelId,
      done.catch(() => undefined),
    );
    return done;
  }

  async function run(): Promise<void> {
    if (deps.alone) await releaseAll(db);
    while (!stopping.signal.aborted) {
      woken = false;
      await look().catch((error) => log.error({ err: error }, 'the outbox could not be read'));
      if (woken) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        clock.sleep(POLL_MS, stopping.signal).then(resolve, () => resolve());
      });
    }
  }

  return {
    poke,
    inTurn,
    signal: stopping.signal,
    start(): void {
      loop ??= run();
    },
    async stop(): Promise<void> {
      stopping.abort(new Error('the console stops'));
      wake();
      await loop;
      await Promise.allSettled(work);
    },
  };
}
