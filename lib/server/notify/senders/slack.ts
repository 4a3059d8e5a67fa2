import { assertTaken, post } from '../reach.ts';
import { headline, linkOf, nodeNames, ruleNames, type Sender, type Told } from './told.ts';

/** docs.slack.dev/messaging/formatting-message-text: these three are escaped, nothing else. */
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
/** Longest texts that Slack takes: header 150, section 3000, field 2000. */
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const ICONS = { critical: ':red_circle:', warning: ':large_orange_circle:', info: ':large_blue_circle:' } as const;
const iconOf = ({ event, alert }: Told): string => {
  if (event === 'resolved') return ':white_check_mark:';
  return event === 'acknowledged' ? ':eyes:' : ICONS[alert.severity];
};

export function slackMessage(told: Told): { text: string; blocks: object[] } {
  const { alert } = told;
  const facts = [
    ['Nodes', nodeNames(told)],
    ['Rules', ruleNames(told)],
    ['Began', `<!date^${Math.floor(Date.parse(alert.startsAt) / 1000)}^{date_short_pretty} {time}|${alert.startsAt}>`],
    ...(alert.endsAt === null
      ? []
      : [['Ended', `<!date^${Math.floor(Date.parse(alert.endsAt) / 1000)}^{date_short_pretty} {time}|${alert.endsAt}>`]]),
  ].filter(([, value]) => value !== '');
  return {
    text: cut(escaped(headline(told)), 3000),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(`${iconOf(told)} ${headline(told)}`, 150), emoji: true } },
      ...(alert.text === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: cut(escaped(alert.text), 3000) } }]),
      ...(alert.signals.length === 0
        ? []
        : [
            {
              type: 'section',
              fields: facts.map(([label = '', value = '']) => ({
                type: 'mrkdwn',
                text: cut(`*${label}*\n${label === 'Began' || label === 'Ended' ? value : escaped(value)}`, 2000),
              })),
            },
          ]),
      { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'Open in Headroom' }, url: linkOf(told) }] },
    ],
  };
}

/** An incoming webhook. Slack takes no idempotency key: an attempt that was interrupted after Slack took it is seen twice. */
export const sendSlack: Sender<'slack'> = async ({ secret, reach }, told, signal) => {
  const { host } = new URL(secret);
  const answer = await post(secret, JSON.stringify(slackMessage(told)), {}, reach, signal);
  assertTaken(host, answer);
  return `${host} answered ${answer.status} ${answer.body.trim().slice(0, 40)}`.trim();
};
