import type { Report } from '#shared/reports.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { formatForecast } from '#shared/units/time.ts';

const SOON_SECONDS = 7 * 86_400;
const LOW_PERCENT = 20;

/** What the figures say, the gravest first. Pure. */
export function summaryOf(report: Omit<Report, 'summary' | 'next' | 'empty'>): string[] {
  const { leaks, now, lowest, incidents, changes } = report;
  const said: string[] = [];
  const [first] = now.diesFirst;
  if (first) said.push(`${first.name} runs out of fds first, in ${range(first.seconds)}, unless somebody acts.`);
  if (leaks.found > 0)
    said.push(
      `${plural(leaks.found, 'incident')} of a leak: ${leaks.fixed} closed, ${leaks.open} still open.${leaks.notFixed > 0 ? ` ${plural(leaks.notFixed, 'fix', 'fixes')} judged "not fixed".` : ''}`,
    );
  const [low] = lowest;
  if (low)
    said.push(`The least headroom was ${Math.round(low.percent)} % of the limit (${formatCount(low.headroom)} fds), on ${low.name}.`);
  if (incidents.length > 0)
    said.push(`${plural(incidents.length, 'incident')}, ${incidents.filter(({ closedAt }) => closedAt !== null).length} closed.`);
  if (changes.length > 0)
    said.push(
      `${plural(changes.length, 'change')}: ${changes.filter(({ status }) => status === 'succeeded').length} succeeded, ${changes.filter(({ status }) => status === 'failed').length} failed, ${changes.filter(({ status }) => status === 'rolled-back').length} rolled back.`,
    );
  if (now.drift.length > 0) said.push(`${plural(now.drift.length, 'node')} with a config that was not agreed.`);
  return said;
}

/** What to do next week. Pure. */
export function nextOf(report: Omit<Report, 'summary' | 'next' | 'empty'>): string[] {
  const { leaks, now, lowest, incidents, drills } = report;
  const next: string[] = [];
  for (const node of now.diesFirst.filter(({ seconds }) => seconds.low < SOON_SECONDS).slice(0, 3))
    next.push(`${node.name}: keep evidence, then run fd-leak or buy time; it is out of fds in ${range(node.seconds)}.`);
  for (const incident of incidents.filter(({ closedAt }) => closedAt === null).slice(0, 5))
    next.push(`INC-${incident.number} is open: give it an owner, or close it by evidence.`);
  if (leaks.notFixed > 0)
    next.push('What was judged "not fixed" needs another cause than the one that was treated: compare two looks of fd X-ray.');
  for (const node of now.drift.slice(0, 3)) next.push(`${node.name}: agree to its config.yaml, or put back the one that was agreed.`);
  for (const node of now.notUp.slice(0, 3)) next.push(`${node.name} is ${node.state}: bring it back, or take it out of the fleet.`);
  for (const node of lowest.filter(({ percent }) => percent < LOW_PERCENT).slice(0, 3))
    next.push(`${node.name} came down to ${Math.round(node.percent)} % headroom: raise its limit or give it fewer connections.`);
  if (drills.length === 0) next.push('Nobody rehearsed: run a drill.');
  return next;
}

export const range = ({ low, high }: { low: number; high: number | null }): string =>
  high === null
    ? `${formatForecast(low)} or more`
    : low === high
      ? formatForecast(low)
      : `${formatForecast(low)} to ${formatForecast(high)}`;
