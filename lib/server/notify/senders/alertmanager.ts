import { toInstant } from '#shared/time.ts';
import { labelsOf } from '../labels.ts';
import { assertTaken, post, SendFailure } from '../reach.ts';
import { linkOf, type Receiver, type Sender, type Told } from './told.ts';

/** An alert that is not said again is over by itself after that: a console that is gone keeps nobody awake. */
export const FIRES_FOR_MS = 5 * 60_000;
const TEST_MS = 60_000;

/** One signal as `postableAlert` of Alertmanager's API v2. */
export function postableAlert(told: Told): object {
  const { alert, event } = told;
  const [signal] = alert.signals;
  const labels = signal ? labelsOf(signal, alert.severity) : { alertname: 'HeadroomTest', severity: 'info' };
  const ends =
    alert.state === 'resolved' && alert.endsAt !== null ? alert.endsAt : toInstant(told.at + (event === 'test' ? TEST_MS : FIRES_FOR_MS));
  return {
    labels,
    annotations: { summary: alert.title, description: alert.text },
    startsAt: alert.startsAt,
    endsAt: ends,
    generatorURL: linkOf(told),
  };
}

export async function pushAlerts(
  { target, secret, reach }: Receiver<'alertmanager'>,
  alerts: readonly object[],
  signal?: AbortSignal,
): Promise<string> {
  const { host } = new URL(target.url);
  const url = `${target.url.replace(/\/+$/, '').replace(/\/api\/v2(\/alerts)?$/, '')}/api/v2/alerts`;
  const answer = await post(url, JSON.stringify(alerts), secret === '' ? {} : { authorization: secret }, reach, signal);
  assertTaken(host, answer);
  return `${host} answered ${answer.status}`;
}

export const sendAlertmanager: Sender<'alertmanager'> = async (receiver, told, signal) => {
  if (told.event === 'message')
    throw new SendFailure('an Alertmanager takes alerts and no messages: choose another channel', { again: false });
  return pushAlerts(receiver, [postableAlert(told)], signal);
};
