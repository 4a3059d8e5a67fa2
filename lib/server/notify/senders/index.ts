import type { ChannelTarget } from '#shared/notify.ts';
import type { Reach } from '../reach.ts';
import { sendAlertmanager } from './alertmanager.ts';
import { sendEmail } from './email.ts';
import { sendPagerduty } from './pagerduty.ts';
import { sendSlack } from './slack.ts';
import type { Told } from './told.ts';
import { sendWebhook } from './webhook.ts';

export type AnyReceiver = { target: ChannelTarget; secret: string; allowPrivate: boolean };

/** Sends by the channel's kind. Gives the receiver's answer in words; throws SendFailure. */
export function send({ target, secret, allowPrivate }: AnyReceiver, told: Told, signal?: AbortSignal): Promise<string> {
  const reach: Reach = { allowPrivate, caCertificate: target.caCertificate };
  switch (target.kind) {
    case 'webhook':
      return sendWebhook({ target, secret, reach }, told, signal);
    case 'slack':
      return sendSlack({ target, secret, reach }, told, signal);
    case 'pagerduty':
      return sendPagerduty({ target, secret, reach }, told, signal);
    case 'email':
      return sendEmail({ target, secret, reach }, told, signal);
    case 'alertmanager':
      return sendAlertmanager({ target, secret, reach }, told, signal);
  }
}
