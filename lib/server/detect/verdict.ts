import type { Leak } from '#shared/nodes.ts';
import { formatFigure, formatSigned } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import type { NodeFds } from '#shared/xray.ts';
import { whatGrew } from './grew.ts';

/** An older look says little of what grows now. */
const FRESH_LOOK_MS = 6 * 3_600_000;

/**
 * A node's verdict in one or two sentences, and what grew, by whom, where two looks at the fds of this very process know it:
 * "Leaking 12 fds a minute, 3.1 per 1,000 connections. In the 10 min up to the last look, 2 min ago: client sockets in CLOSE_WAIT +118 (96 %)."
 */
export function verdictSentence(input: {
  leak: Leak;
  now: number;
  processStart: string | null;
  /** the last look and what it was compared with; null where there is none */
  fds: Pick<NodeFds, 'look' | 'comparison'> | null;
}): string {
  const { leak } = input;
  if (leak.verdict === 'not-leaking') return 'Not leaking: a leak that fills the headroom within three days would have shown.';
  if (leak.verdict === 'cannot-tell') return `Cannot tell yet${leak.missing ? `: needs ${leak.missing}` : ''}.`;
  return `${rateOf(leak)}${growthOf(input)}`;
}

function rateOf({ perMinute, per1000Connections }: Leak): string {
  if (perMinute === null) return 'Leaking.';
  const perConnections = per1000Connections === null ? '' : `, ${formatFigure(Math.max(0, per1000Connections.mid))} per 1,000 connections`;
  return `Leaking ${formatSigned(perMinute.mid)} fds a minute${perConnections}.`;
}

function growthOf({ now, processStart, fds }: Parameters<typeof verdictSentence>[0]): string {
  const look = fds?.look;
  if (!fds?.comparison || !look || !sameStart(look.processStart, processStart)) return '';
  const age = now - Date.parse(look.at);
  const grown = age <= FRESH_LOOK_MS ? whatGrew(fds.comparison) : null;
  if (grown === null) return '';
  const ago = formatDuration(Math.max(0, age) / 1000);
  return ` In the ${formatDuration(fds.comparison.seconds)} up to the last look, ${ago} ago: ${grown.kinds}.${grown.by}`;
}

/** Sources round process starts differently. */
const SAME_START_MS = 2_500;
const sameStart = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && Math.abs(Date.parse(a) - Date.parse(b)) <= SAME_START_MS;
