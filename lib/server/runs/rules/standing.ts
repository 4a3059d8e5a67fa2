import { type ChangeRule, WEEKDAYS, type Weekday } from '#shared/change-rules.ts';
import { matchesSelector, parseSelector, type SelectorSubject } from '#shared/selector.ts';

/** `until`: when that may be over, epoch ms; asked again then, because another rule may hold by that time. */
export type Closed = { rule: ChangeRule; until: number };
export type Standing = { closed: Closed | null; needsApproval: ChangeRule | null };

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Whether a node may be changed at an instant, from data alone. A freeze outweighs a window; of several freezes the last to end counts. */
export function standingOf(rules: readonly ChangeRule[], node: SelectorSubject, now: number): Standing {
  const here = rules.filter((rule) => covers(rule, node));
  const frozen = here.flatMap((rule): Closed[] =>
    rule.kind === 'freeze' && Date.parse(rule.from) <= now && now < Date.parse(rule.to) ? [{ rule, until: Date.parse(rule.to) }] : [],
  );
  const windows = here.flatMap((rule): Closed[] => (rule.kind === 'window' ? [{ rule, until: opensAt(rule, now) }] : []));
  const open = windows.length === 0 || windows.some((w) => w.until <= now);
  const next = open ? null : windows.reduce((a, b) => (b.until < a.until ? b : a));
  const last = frozen.length === 0 ? null : frozen.reduce((a, b) => (b.until > a.until ? b : a));
  return { closed: last ?? next, needsApproval: here.find((rule) => rule.kind === 'approval') ?? null };
}

/** A selector was read when its rule was made; one that cannot be read any more covers everything, because a guard must not fall open. */
function covers(rule: ChangeRule, node: SelectorSubject): boolean {
  const parsed = parseSelector(rule.selector);
  return !parsed.ok || matchesSelector(parsed.selector, node);
}

/** `now` when the window is open; else the start of its next span. Off by the clock change in the week of one: it is asked again then. */
function opensAt(rule: Extract<ChangeRule, { kind: 'window' }>, now: number): number {
  const local = minuteOfWeek(now, rule.timeZone);
  const [from, to] = [minutes(rule.from), minutes(rule.to)];
  const length = (to - from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const waits = rule.days.map((day) => {
    const since = modulo(local - (WEEKDAYS.indexOf(day) * DAY_MINUTES + from), WEEK_MINUTES);
    return since < length ? 0 : WEEK_MINUTES - since;
  });
  const wait = Math.min(...waits);
  return wait === 0 ? now : (Math.floor(now / MINUTE_MS) + wait) * MINUTE_MS;
}

const minutes = (timeOfDay: string): number => {
  const [hours = 0, rest = 0] = timeOfDay.split(':').map(Number);
  return hours * 60 + rest;
};
const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** From Monday 00:00, where the people of that zone are. */
function minuteOfWeek(at: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.indexOf(String(part.weekday).toLowerCase() as Weekday);
  return day * DAY_MINUTES + Number(part.hour) * 60 + Number(part.minute);
}

/** What people read where a node waits or a run is refused. */
export const describeClosed = ({ rule, until }: Closed): string => {
  const at = `${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return rule.kind === 'freeze'
    ? `frozen until ${at} by ${rule.createdBy}: ${rule.reason}`
    : `outside its maintenance window (${rule.reason}), which opens at ${at}`;
};
