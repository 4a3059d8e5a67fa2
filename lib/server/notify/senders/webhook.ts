import { createHmac } from 'node:crypto';
import { assertTaken, post } from '../reach.ts';
import { linkOf, type Sender } from './told.ts';

/**
 * Standard Webhooks 1.0: the headers webhook-id, webhook-timestamp (seconds) and webhook-signature `v1,<base64 of HMAC-SHA256(key, id.timestamp.body)>`;
 * the key is what follows `whsec_`, base64. A repeated attempt has the same id, so a receiver that keeps ids acts once.
 */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

export const sendWebhook: Sender<'webhook'> = async ({ target, secret, reach }, told, signal) => {
  const timestamp = Math.floor(told.at / 1000);
  const body = JSON.stringify({
    type: told.event === 'test' || told.event === 'message' ? told.event : `alert.${told.event}`,
    timestamp: new Date(told.at).toISOString(),
    data: { ...told.alert, link: linkOf(told) },
  });
  const headers = {
    'webhook-id': told.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook(secret, told.id, timestamp, body),
    'idempotency-key': told.id,
  };
  const answer = await post(target.url, body, headers, reach, signal);
  const { host } = new URL(target.url);
  assertTaken(host, answer);
  return `${host} answered ${answer.status}`;
};
