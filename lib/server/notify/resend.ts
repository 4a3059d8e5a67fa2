import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import { firingFor } from './alerts.ts';
import { openReceiver, type Sealed, toChannel } from './channels.ts';
import type { Postman } from './postman.ts';
import { postableAlert, pushAlerts } from './senders/alertmanager.ts';

/** Of one request. */
const MOST_AT_ONCE = 500;

/** Says to every Alertmanager what still fires, before it would expire there. Not in the outbox: the next round is the retry. */
export async function resendAll(deps: {
  db: Db;
  sealed: Sealed;
  clock: Clock;
  log: Log;
  consoleUrl: string;
  postman: Pick<Postman, 'inTurn' | 'signal'>;
}): Promise<void> {
  const { db, postman, clock, log } = deps;
  const rows = await db.selectFrom('channels').selectAll().where('kind', '=', 'alertmanager').where('enabled', '=', 1).execute();
  const round = rows.map(toChannel).map((channel) =>
    postman.inTurn(channel.id, async () => {
      const receiver = await openReceiver(db, deps.sealed, channel.id);
      if (receiver?.target.kind !== 'alertmanager') return;
      const { target, secret, allowPrivate } = receiver;
      const alerts = await firingFor(db, channel);
      for (let i = 0; i < alerts.length; i += MOST_AT_ONCE) {
        const told = alerts
          .slice(i, i + MOST_AT_ONCE)
          .map((alert) => postableAlert({ id: alert.key, event: 'firing', alert, at: clock.now(), consoleUrl: deps.consoleUrl }));
        await pushAlerts({ target, secret, reach: { allowPrivate, caCertificate: target.caCertificate } }, told, postman.signal);
      }
    }),
  );
  for (const done of await Promise.allSettled(round))
    if (done.status === 'rejected' && !postman.signal.aborted)
      log.warn({ why: String(done.reason?.message ?? done.reason) }, 'an Alertmanager did not take what still fires');
}
