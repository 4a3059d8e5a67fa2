import type { Alert, ChannelTarget, Delivery } from '#shared/notify.ts';
import { listed } from '#shared/units/count.ts';
import type { Reach } from '../reach.ts';

/** One notification, as it goes out: the same id however often it is tried. */
export type Told = {
  id: string;
  event: Delivery['event'];
  alert: Alert /** when it is sent, epoch ms */;
  at: number /** of this console, no trailing slash */;
  consoleUrl: string;
};
export type Receiver<K extends ChannelTarget['kind']> = { target: Extract<ChannelTarget, { kind: K }>; secret: string; reach: Reach };

/** Gives what the receiver answered, in words; throws SendFailure. */
export type Sender<K extends ChannelTarget['kind']> = (receiver: Receiver<K>, told: Told, signal?: AbortSignal) => Promise<string>;

export const linkOf = ({ alert, consoleUrl }: Told): string => `${consoleUrl}${alert.link}`;

/** `[resolved] edge-07: 41 min to EMFILE` */
export function headline({ event, alert }: Told): string {
  if (event === 'test' || event === 'message') return alert.title;
  const by = alert.by === null || event === 'firing' ? '' : ` by ${alert.by}`;
  return `[${event === 'firing' ? alert.severity : `${event}${by}`}] ${alert.title}`;
}

/** Each node once, the first ten by name. */
export function nodeNames({ alert }: Told): string {
  return listed([...new Set(alert.signals.map((s) => s.node))], 10);
}
export const ruleNames = ({ alert }: Told): string => [...new Set(alert.signals.map((s) => s.rule))].join(', ');
