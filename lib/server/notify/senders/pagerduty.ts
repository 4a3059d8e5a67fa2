import { assertTaken, type HttpAnswer, post } from '../reach.ts';
import { linkOf, nodeNames, ruleNames, type Sender, type Told } from './told.ts';

const ACTIONS = { firing: 'trigger', acknowledged: 'acknowledge', resolved: 'resolve', test: 'trigger', message: 'trigger' } as const;
/** docs: summary is at most 1,024 characters, dedup_key 255. */
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Events API v2. All of an alert's events carry its key, so repeated ones fall together there. */
export function pagerdutyEvent(
  routingKey: string,
  told: Told,
  action: 'trigger' | 'acknowledge' | 'resolve' = ACTIONS[told.event],
): object {
  const { alert } = told;
  const about = { routing_key: routingKey, event_action: action, dedup_key: cut(`headroom:${alert.key}`, 255) };
  if (action !== 'trigger') return about;
  return {
    ...about,
    payload: {
      summary: cut(alert.title, 1024),
      source: nodeNames(told) || 'headroom',
      severity: alert.severity,
      timestamp: alert.startsAt,
      component: 'sniproxy',
      ...(alert.signals.length > 0 && { class: ruleNames(told) }),
      custom_details: {
        text: alert.text,
        rules: ruleNames(told),
        nodes: [...new Set(alert.signals.map((s) => s.node))].slice(0, 200),
        delivery: told.id,
      },
    },
    client: 'Headroom',
    client_url: linkOf(told),
    links: [{ href: linkOf(told), text: 'Open in Headroom' }],
  };
}

/** A test is triggered and resolved at once, so that nobody keeps it. */
export const sendPagerduty: Sender<'pagerduty'> = async ({ target, secret, reach }, told, signal) => {
  const { host } = new URL(target.url);
  const say = async (event: object): Promise<HttpAnswer> => {
    const answer = await post(target.url, JSON.stringify(event), {}, reach, signal);
    assertTaken(host, answer);
    return answer;
  };
  const answer = await say(pagerdutyEvent(secret, told));
  if (told.event === 'test') await say(pagerdutyEvent(secret, told, 'resolve'));
  return `${host} answered ${answer.status}${told.event === 'test' ? ', to a trigger and to its resolve' : ''}`;
};
