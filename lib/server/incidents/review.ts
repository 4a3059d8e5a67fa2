import type { Incident, Signal } from '#shared/incidents.ts';
import { runName } from '#shared/run-name.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import type { Impact } from './impact.ts';
import type { RunOutcome } from './known.ts';
import { inline } from './markdown.ts';
import { BEGAN } from './timeline.ts';

type Reviewed = { incident: Incident; impacts: ReadonlyMap<string, Impact>; runs: readonly RunOutcome[] };

/** Longer is worth a word in a review. */
const SLOW_TO_ACKNOWLEDGE_S = 300;

/** The one that opened it, of those that fired at the same moment. */
export function firstSignal({ signals, declaredBy }: Incident): Signal | undefined {
  const since = Math.min(...signals.map((s) => Date.parse(s.since)));
  const first = signals.filter((s) => Date.parse(s.since) === since);
  return first.find((s) => declaredBy === `rule ${s.rule}`) ?? first[0];
}

/** Seconds until somebody said that he sees it; null while nobody did. */
export const acknowledgedAfter = ({ acknowledged, openedAt }: Incident): number | null =>
  acknowledged ? Math.max(0, Date.parse(acknowledged.at) - Date.parse(openedAt)) / 1000 : null;

const refusedOf = (impacts: Reviewed['impacts']): number => [...impacts.values()].reduce((sum, i) => sum + i.refused, 0);

/** Of each restart whether its node's evidence was kept before. */
function restartsOf({ timeline, captures }: Incident) {
  return timeline
    .filter((e) => e.kind === 'restart' && e.text !== BEGAN)
    .map((e) => ({ nodeName: e.nodeName ?? '', kept: captures.some((c) => c.nodeId === e.nodeId && c.at <= e.at) }));
}

/** What a review would want repeated, as far as the record tells. */
export function wentWell({ incident, impacts, runs }: Reviewed): string[] {
  const seconds = acknowledgedAfter(incident);
  const kept = restartsOf(incident).filter((r) => r.kept);
  const peak = Math.max(0, ...[...impacts.values()].map((i) => i.peakPercent ?? 0));
  const fixed = runs.filter((r) => r.verdict === 'pass' && r.judgement !== null);
  const first = firstSignal(incident);
  const left = first?.evidence.facts.find(({ label }) => label === 'Time to EMFILE')?.value;
  return [
    ...(first && left ? [`- When the first rule fired, ${inline(first.nodeName)} had ${left} left before EMFILE.`] : []),
    ...(seconds !== null && seconds <= SLOW_TO_ACKNOWLEDGE_S ? [`- It was acknowledged after ${formatDuration(seconds)}.`] : []),
    ...(peak > 0 && peak < 100 && refusedOf(impacts) === 0
      ? [`- It was seen before users could: no connection was refused, and at worst ${Math.round(peak)} % of a limit was used.`]
      : []),
    ...(kept.length > 0
      ? [`- Evidence was kept before ${kept.length === 1 ? 'the restart' : plural(kept.length, 'restart')} that would have destroyed it.`]
      : []),
    ...fixed.map(
      (r) => `- ${runName(r.runId)} showed by its slope that ${inline(r.nodeName)} is fixed, not by a low count after a restart.`,
    ),
    '- *To fill in*: what else helped',
  ];
}

/** What a review would ask about, as far as the record tells. */
export function fellShort({ incident, impacts, runs }: Reviewed): string[] {
  const first = firstSignal(incident);
  const age = first?.evidence.facts.find(({ label }) => label === 'Process age')?.value;
  const seconds = acknowledgedAfter(incident);
  const blind = restartsOf(incident).filter((r) => !r.kept);
  const refused = refusedOf(impacts);
  const names = [...new Set(blind.map((r) => inline(r.nodeName)))].join(', ');
  return [
    ...(first && age ? [`- The process of ${inline(first.nodeName)} was ${age} old when the first rule fired.`] : []),
    ...(seconds === null ? ['- Nobody acknowledged it.'] : []),
    ...(seconds !== null && seconds > SLOW_TO_ACKNOWLEDGE_S
      ? [`- It took ${formatDuration(seconds)} until somebody acknowledged it.`]
      : []),
    ...(blind.length > 0 ? [`- ${plural(blind.length, 'restart')} destroyed evidence that had not been kept: ${names}.`] : []),
    ...runs
      .filter((r) => r.verdict === 'fail')
      .map((r) => `- ${runName(r.runId)} did not fix ${inline(r.nodeName)}: what it changed was not the cause.`),
    ...runs
      .filter((r) => r.verdict === 'inconclusive')
      .map((r) => `- ${runName(r.runId)} could not tell on ${inline(r.nodeName)}: too little time or load.`),
    ...(incident.reopened > 0
      ? [`- It came back ${incident.reopened === 1 ? 'once' : `${incident.reopened} times`} after it was called over.`]
      : []),
    ...(refused > 0 ? [`- ${formatCount(refused)} connections were refused before it was under control.`] : []),
    '- *To fill in*: what else should have gone better',
  ];
}
