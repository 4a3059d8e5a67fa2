import type { FleetNode, LeakVerdict, NodeState } from './nodes.ts';
import type { SelectorSubject } from './selector.ts';
import type { Band } from './time.ts';
import { formatBand } from './units/band.ts';
import { formatFigure, formatSigned } from './units/count.ts';
import { BEYOND_HORIZON, formatForecast, HORIZON_SECONDS } from './units/time.ts';

/** The glyphs that a node may have; each has one shape, one colour and one word. */
type NodeMark = 'ok' | 'warn' | 'danger' | 'unknown' | 'blind' | 'down' | 'wait';

/** Under this to EMFILE, by the near end of the band, is danger. */
export const DANGER_SECONDS = 3600;

export const STATE_WORDS: Record<NodeState, string> = {
  up: 'Up',
  degraded: 'Degraded',
  'scrape-blind': 'Scrape-blind',
  down: 'Down',
  unknown: 'Never seen',
};
export const STATE_MARKS: Record<NodeState, NodeMark> = {
  up: 'ok',
  degraded: 'warn',
  'scrape-blind': 'blind',
  down: 'down',
  unknown: 'unknown',
};
export const LEAK_WORDS: Record<LeakVerdict, string> = {
  leaking: 'Leaking',
  'not-leaking': 'Not leaking',
  'cannot-tell': 'Can’t tell yet',
};

export type Tone = 'ok' | 'warn' | 'danger' | 'unknown' | 'neutral';
export const STATE_TONES: Record<NodeState, Tone> = {
  up: 'neutral',
  degraded: 'warn',
  'scrape-blind': 'unknown',
  down: 'danger',
  unknown: 'unknown',
};

/** The forecast of a leaking node; nothing else is a forecast. */
export const forecastOf = (node: FleetNode): Band | null => (node.leak.verdict === 'leaking' ? node.timeToEmfileSeconds : null);

export const isSeen = (node: FleetNode): boolean => node.openFds !== null;

export function leakTone(node: FleetNode): Tone {
  if (node.leak.verdict === 'cannot-tell') return 'unknown';
  if (node.leak.verdict === 'not-leaking') return 'ok';
  const band = forecastOf(node);
  return band !== null && band.low < DANGER_SECONDS ? 'danger' : 'warn';
}

export const leakMark = (node: FleetNode): NodeMark =>
  (({ ok: 'ok', warn: 'warn', danger: 'danger', unknown: 'unknown', neutral: 'wait' }) as const)[leakTone(node)];

/** In lists one mark stands for both reachability and leak: the worse one, and the words say which. */
export function worstOf(node: FleetNode): { kind: NodeMark; words: string } {
  if (node.state === 'down') return { kind: 'down', words: 'down' };
  if (node.hostKey.blocked) return { kind: 'unknown', words: 'blocked: the host key changed' };
  if (node.leak.verdict === 'leaking') return { kind: leakMark(node), words: 'leaking' };
  if (node.state === 'degraded') return { kind: 'warn', words: `degraded: ${node.stateReason ?? 'no reason given'}` };
  if (node.state === 'scrape-blind') return { kind: 'blind', words: 'scrape-blind: fds are counted over SSH' };
  if (node.state === 'unknown') return { kind: 'unknown', words: 'never seen' };
  if (node.leak.verdict === 'cannot-tell')
    return { kind: 'unknown', words: `can’t tell yet${node.leak.missing ? `: ${node.leak.missing}` : ''}` };
  return { kind: 'ok', words: 'up, not leaking' };
}

/** What the forecast column says, and how loud. */
export function forecastWords(node: FleetNode): { text: string; band: string | null; tone: Tone } {
  if (node.state === 'down') return { text: 'down', band: null, tone: 'danger' };
  if (node.hostKey.blocked) return { text: 'blocked', band: 'the host key changed', tone: 'danger' };
  if (!isSeen(node)) return { text: 'no data', band: null, tone: 'neutral' };
  if (node.leak.verdict === 'cannot-tell') return { text: 'can’t tell yet', band: node.leak.missing ?? null, tone: 'unknown' };
  if (node.leak.verdict === 'not-leaking') {
    const far = node.timeToEmfileSeconds !== null && node.timeToEmfileSeconds.low > HORIZON_SECONDS;
    return { text: far ? BEYOND_HORIZON : 'not leaking', band: null, tone: 'neutral' };
  }
  const band = forecastOf(node);
  if (!band) return { text: 'leaking', band: 'no forecast yet', tone: 'warn' };
  return { text: formatForecast(band.mid), band: formatBand(band), tone: leakTone(node) };
}

/** The verdict in one sentence, with its numbers and what is missing. */
export function verdictSentence(node: FleetNode): { lead: string; rest: string } {
  const { leak } = node;
  if (leak.verdict === 'leaking') {
    const perMinute = leak.perMinute
      ? `${formatSigned(leak.perMinute.mid)} fds/min, 95 % ${formatSigned(leak.perMinute.low)} to ${formatSigned(leak.perMinute.high)}`
      : null;
    return leak.per1000Connections
      ? {
          lead: `${formatFigure(leak.per1000Connections.mid)} fds leak per 1,000 connections.`,
          rest: perMinute ? `${perMinute}, in this process life.` : '',
        }
      : { lead: 'Leaking.', rest: perMinute ? `${perMinute}. Per connection: too few connections counted to say.` : '' };
  }
  if (leak.verdict === 'not-leaking') {
    const bound = leak.per1000Connections
      ? `At most ${formatFigure(Math.max(0, leak.per1000Connections.high))} fds per 1,000 connections, 95 %.`
      : 'Open fds follow the live tunnels.';
    return { lead: 'Not leaking in this process life.', rest: bound };
  }
  if (!isSeen(node)) return { lead: 'Can’t tell.', rest: node.stateReason ? sentence(node.stateReason) : 'This node gives no data.' };
  return { lead: 'Can’t tell yet.', rest: leak.missing ? `Missing: ${leak.missing}.` : 'This process life is too young for a slope.' };
}

/** The verdict, and of a leak what grew, by whom, where the console's own words know it: whatever they say after the rate. */
export function saidVerdict(node: FleetNode, said: string | undefined): { lead: string; rest: string } {
  const own = verdictSentence(node);
  const end = said?.search(/\.\s/) ?? -1;
  if (!said || end < 0 || node.leak.verdict !== 'leaking') return own;
  return { lead: own.lead, rest: `${own.rest} ${said.slice(end + 1).trim()}`.trim() };
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;

/** Gone already, or barred from being looked at: no forecast is worse. */
export const isOut = (node: FleetNode): boolean => node.state === 'down' || node.hostKey.blocked;

/**
 * Where a node stands in "who dies first": what is down, then what is blocked, then leaks by the near end of their band, then what cannot be told,
 * then what was never seen, then by fullness.
 */
export function urgency(node: FleetNode): number {
  if (isOut(node)) return node.state === 'down' ? -2 : -1;
  const band = forecastOf(node);
  if (node.leak.verdict === 'leaking') return band ? Math.min(band.low, 9e7) : 9.1e7;
  if (!isSeen(node)) return 2e8;
  if (node.leak.verdict === 'cannot-tell') return 1e8 - fullness(node);
  if (node.state === 'scrape-blind') return 2.5e8;
  return 3e8 - fullness(node);
}

/** In steps of 2 %, so that rows of about the same fullness keep their places while figures move. */
const fullness = (node: FleetNode): number => Math.round(usedShare(node) * 50) / 50;

export const usedShare = (node: FleetNode): number => (node.openFds !== null && node.fdLimit ? node.openFds / node.fdLimit : 0);

export const poolWord = (node: FleetNode): 'on' | 'off' | 'unknown' =>
  node.pool.enabled === null ? 'unknown' : node.pool.enabled ? 'on' : 'off';

/**
 * The documented fix was tried here and this node leaks, or may leak, on: doing it again would free fds for a while and cure nothing.
 * A node that is judged clean since is none of these.
 */
export const isNotFixed = (node: FleetNode, last: { verdict: string } | null): boolean =>
  last?.verdict === 'fail' && node.leak.verdict !== 'not-leaking';

/** Why no run may be started on this node now, with what to do; null when one may. */
export function whyNotRun(node: FleetNode, mayOperate: boolean): string | null {
  if (!mayOperate) return 'Changes need the operator role; an admin can give it to you.';
  if (node.hostKey.blocked) return 'Not while the host key blocks this node: approve the new key first.';
  if (node.hostKey.fingerprint === null) return 'Not before its host key is approved: nothing is sent to this node yet.';
  if (node.activeRunId !== null) return 'A run is changing this node already; this one can start when it has ended.';
  return null;
}

/** The facts that a selector may ask of a node, as the console itself answers them. */
export const selectorSubject = (node: FleetNode): SelectorSubject => ({
  id: node.id,
  name: node.name,
  labels: node.labels,
  facts: { pool: poolWord(node), leak: node.leak.verdict, state: node.state, drift: node.drift ? 'yes' : 'no' },
});
