import type { Db, Tx } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Log } from '#server/kernel/log.ts';
import type { AlertRule } from '#shared/alert-rules.ts';
import type { Alert, Channel, ChannelTest, Delivery, HeldAlert } from '#shared/notify.ts';
import type { Silence } from '#shared/silences.ts';
import { toInstant } from '#shared/time.ts';
import { type AlertNow, enqueue, listAlerts, noteAlert, pruneAlerts, sweepAlerts } from './alerts.ts';
import { createChannelVerbs, listChannels, openReceiver, type Sealed } from './channels.ts';
import { noteIncident, noteOpenIncidents } from './of-incident.ts';
import { listDeliveries, retryDelivery } from './outbox.ts';
import { createPostman } from './postman.ts';
import { SendFailure } from './reach.ts';
import { resendAll } from './resend.ts';
import { currentRules, listRules, type RuleNow, setRule } from './rule-settings.ts';
import { syncRunSilences } from './run-silences.ts';
import { send } from './senders/index.ts';
import { addSilence, editSilence, expireSilence, findSilence, listSilences, replaceSilence } from './silences.ts';

/** A silence that ended, a channel that is new: told within this time, without any other change. */
const SWEEP_MS = 5000;
/** What is open is said again, lest anything was changed without a word: a rule's mode, a node's labels. */
const NOTE_MS = 60_000;
const RESEND_MS = 60_000;
const PRUNE_MS = 3_600_000;
/** Below the time in which the API answers. */
const TEST_MS = 8000;

export type Notify = ReturnType<typeof createNotify>;
type Deps = {
  db: Db;
  sealed: Sealed;
  events: EventHub;
  clock: Clock;
  log: Log;
  /** where browsers reach this console */
  url: string;
  /** no other process uses this database */
  alone: boolean;
};

/** A text for people, from a run's step: sent once, whatever becomes of the console meanwhile. */
export type Message = { key: string; channel: string; title: string; text: string; link: string; by: string };

/** Who is told what: channels, the outbox, silences, and what is set for the rules. */
export function createNotify({ db, sealed, events, clock, log, url, alone }: Deps) {
  const postman = createPostman({ db, sealed, events, clock, log, consoleUrl: url, alone });
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  let unsubscribe = () => {};

  /** One at a time; asked again meanwhile, it is done once more. */
  let sweeping: Promise<void> = Promise.resolve();
  let waiting = false;
  let notedAt = 0;
  function sweep(): Promise<void> {
    if (waiting) return sweeping;
    waiting = true;
    sweeping = sweeping.then(sweepOnce, sweepOnce);
    return sweeping;
  }
  async function sweepOnce(): Promise<void> {
    waiting = false;
    if (stopping.signal.aborted) return;
    const now = clock.now();
    const { silences, alerts } = await db.transaction().execute(async (tx) => {
      if (now >= notedAt + NOTE_MS) await noteOpenIncidents(tx, now);
      return { silences: await syncRunSilences(tx, now), alerts: await sweepAlerts(tx, now) };
    });
    if (now >= notedAt + NOTE_MS) notedAt = now;
    for (const silenceId of silences) events.publish({ type: 'silence.changed', silenceId });
    for (const key of alerts) events.publish({ type: 'alert.changed', key });
    postman.poke();
  }
  const resend = () => resendAll({ db, sealed, clock, log, consoleUrl: url, postman });
  const every = (ms: number, what: string, act: () => Promise<unknown>) => {
    const run = async () => {
      while (!stopping.signal.aborted) {
        await act().catch((error) => log.error({ err: error }, what));
        await clock.sleep(ms, stopping.signal).catch(() => undefined);
      }
    };
    loops.push(run());
  };
  const channelNamed = async (name: string) => {
    const row = await db.selectFrom('channels').select(['id', 'kind', 'enabled']).where('name', '=', name).executeTakeFirst();
    if (!row)
      throw new HeadroomError(
        'channel.not-found',
        `There is no channel ${JSON.stringify(name.slice(0, 40))}: an admin can add it under Settings.`,
      );
    return row;
  };

  return {
    verbs: { channels: createChannelVerbs({ sealed }), retryDelivery, addSilence, editSilence, expireSilence, replaceSilence, setRule },
    /** An incident or one of its signals changed, in this transaction: see noteIncident. */
    noteIncident: (tx: Tx, incidentId: string): Promise<void> => noteIncident(tx, incidentId, clock.now()),
    /** see noteAlert */
    note: (tx: Tx, alert: AlertNow): Promise<void> => noteAlert(tx, alert, clock.now()),
    alerts: (options?: { kind?: Alert['kind']; over?: boolean }): Promise<HeldAlert[]> => listAlerts(db, options),
    channels: (): Promise<Channel[]> => listChannels(db),
    deliveries: (options: {
      limit: number;
      state?: Delivery['state'] | undefined;
      channelId?: string | undefined;
      alertKey?: string | undefined;
    }): Promise<Delivery[]> => listDeliveries(db, options),
    silences: (): Promise<Silence[]> => listSilences(db, clock.now()),
    silence: (id: string): Promise<Silence> => findSilence(db, id, clock.now()),
    rules: (on: Db | Tx = db): Promise<RuleNow[]> => currentRules(on),
    ruleList: (sees: (nodeId: string) => boolean): Promise<AlertRule[]> => listRules(db, sees, clock.now()),

    /** Asks the receiver now, and says in words what it answered. Kept among the deliveries. */
    async test(channelId: string, by: string): Promise<ChannelTest> {
      const receiver = await openReceiver(db, sealed, channelId);
      if (!receiver)
        throw new HeadroomError('channel.not-found', `There is no channel ${JSON.stringify(channelId.slice(0, 64))}: it was removed.`);
      const started = clock.now();
      const id = newId('dl', started);
      const alert = plainAlert({
        key: `test:${id}`,
        title: 'Headroom: a test',
        text: `${by} asked whether this channel works. It does.`,
        link: '/alerts?tab=channels',
        at: started,
      });
      const told = { id, event: 'test' as const, alert, at: started, consoleUrl: url };
      const outcome = await send(receiver, told, AbortSignal.any([postman.signal, AbortSignal.timeout(TEST_MS)])).then(
        (answer) => ({ ok: true, answer }),
        (error) => ({
          ok: false,
          answer: error instanceof SendFailure ? error.message : 'the console failed to say it; its log has the reason',
        }),
      );
      const now = clock.now();
      const row = {
        id,
        channelId,
        alertKey: alert.key,
        change: 1,
        event: 'test',
        payload: JSON.stringify(alert),
        state: outcome.ok ? 'delivered' : 'dead',
      };
      await db
        .insertInto('deliveries')
        .values({
          ...row,
          attempts: 1,
          since: started,
          nextAt: started,
          leaseUntil: 0,
          createdAt: started,
          finishedAt: now,
          answer: outcome.answer,
        })
        .execute();
      events.publish({ type: 'alert.changed', key: alert.key });
      const sentence = `${outcome.ok ? 'It works' : 'It did not arrive'}: ${outcome.answer}.`;
      return { ok: outcome.ok, sentence, durationMs: now - started };
    },

    /** Says to every Alertmanager what fires; done by itself once a minute. */
    resend,

    messages: {
      /** Puts it into the outbox; the same key again is the same message. */
      async send(message: Message): Promise<void> {
        const channel = await channelNamed(message.channel);
        const alert = plainAlert({ ...message, at: clock.now() });
        await enqueue(db, { channelId: channel.id, alertKey: message.key, change: 1, event: 'message', payload: alert }, clock.now());
        postman.poke();
      },
      /** What became of it; null before it was sent. */
      async answer(channel: string, key: string): Promise<Delivery | null> {
        const { id } = await channelNamed(channel);
        return (await listDeliveries(db, { limit: 1, channelId: id, alertKey: key }))[0] ?? null;
      },
    },

    start(): void {
      unsubscribe = events.subscribe((_id, event) => {
        if (event.type === 'fleet.sample' || event.type === 'audit.appended') return;
        postman.poke();
        if (event.type === 'alert-rule.changed') notedAt = 0;
        if (['silence.changed', 'run.changed', 'alert-rule.changed', 'channel.changed'].includes(event.type))
          sweep().catch((error) => log.error({ err: error }, 'the silences could not be held against the alerts'));
      });
      postman.start();
      every(SWEEP_MS, 'the alerts could not be swept', sweep);
      every(RESEND_MS, 'the Alertmanagers could not be told', resend);
      every(PRUNE_MS, 'old deliveries could not be removed', () => pruneAlerts(db, clock.now()));
    },
    async stop(): Promise<void> {
      unsubscribe();
      stopping.abort(new Error('the console stops'));
      await postman.stop();
      await Promise.allSettled([...loops, sweeping]);
    },
  };
}

const plainAlert = ({ key, title, text, link, at }: { key: string; title: string; text: string; link: string; at: number }): Alert => ({
  ...{
    key,
    kind: 'incident',
    state: 'firing',
    severity: 'info',
    title,
    text,
    link,
    signals: [],
    startsAt: toInstant(at),
    endsAt: null,
    by: null,
  },
});
