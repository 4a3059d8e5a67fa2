import type { Judgement } from '#shared/runs.ts';
import type { Interval } from '#shared/time.ts';

const NUMBERS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Three digits where they matter; a slope of unexplained fds below 0 is chance and reads as 0. */
export function fds(value: number): string {
  const shown = Math.max(0, value);
  if (shown < 0.05) return '0';
  return shown >= 100 ? WHOLE.format(shown) : NUMBERS.format(Number(shown.toFixed(1)));
}

type Side = Judgement['before'];

/** The verdict in the product's words, with its numbers: "fixed: 412 fds leaked per 1,000 connections before, 0.3 after". */
export function fixSentence(input: {
  verdict: 'fixed' | 'not-fixed' | 'inconclusive';
  wasLeaking: boolean;
  before: Side;
  after: Side;
  missing: string | null;
  /** what a node left alone leaks now, per 1,000 connections */
  control?: Interval | null;
}): string {
  const { verdict, wasLeaking, before, after, missing, control } = input;
  const numbers = compare(before, after);
  if (verdict === 'inconclusive') return join('inconclusive', missing === null ? numbers : `needs ${missing}`);
  if (verdict === 'not-fixed') return join('not fixed', wasLeaking || numbers === null ? numbers : `${numbers}; it was not leaking before`);
  const alone = wasLeaking && control ? `; the node left alone leaks ${fds(control.mid)}` : '';
  return `${join(wasLeaking ? 'fixed' : 'was not leaking', numbers)}${alone}`;
}

const join = (head: string, tail: string | null): string => (tail === null ? head : `${head}: ${tail}`);

function compare(before: Side, after: Side): string | null {
  const per1000 = pair(before?.per1000Connections, after?.per1000Connections, 'per 1,000 connections');
  return per1000 ?? pair(before?.perMinute, after?.perMinute, 'per minute') ?? alone(after);
}

function pair(before: Interval | null | undefined, after: Interval | null | undefined, unit: string): string | null {
  if (!before || !after) return null;
  return `${fds(before.mid)} fds leaked ${unit} before, ${fds(after.mid)} after`;
}

function alone(after: Side): string | null {
  if (after?.per1000Connections) return `${fds(after.per1000Connections.mid)} fds leaked per 1,000 connections`;
  return after?.perMinute ? `${fds(after.perMinute.mid)} fds leaked per minute` : null;
}
