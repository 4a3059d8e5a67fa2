import type { Annotations } from '#components/charts/annotations.ts';
import type { Annotation } from '#shared/annotations.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import { runName } from '#shared/run-name.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

const seconds = (instant: string): number => Date.parse(instant) / 1000;

/** Samples come to a chart before the list of events is read again, and know restarts, blind stretches and runs themselves: both are taken. */
export function annotationsOf(answer: NodeMetricsAnswer, events: readonly Annotation[]): Annotations {
  const end = answer.times.at(-1) ?? seconds(answer.to);
  const until = (to: string | null) => (to === null ? end : seconds(to));
  const of = <K extends Annotation['kind']>(kind: K) =>
    events.filter((event): event is Extract<Annotation, { kind: K }> => event.kind === kind);
  const starts = [...answer.processStarts.map(seconds), ...of('restart').map(({ from }) => seconds(from))].sort((a, b) => a - b);
  const runs = new Map(
    answer.runs.map(({ id, title, from, to, verdict }) => [id, { id, title, from: seconds(from), to: until(to), verdict }]),
  );
  for (const { runId, title, from, to, verdict } of of('run'))
    runs.set(runId, { id: runId, title, from: seconds(from), to: until(to), verdict });
  return {
    // the same start as two sources saw it
    starts: starts.filter((start, i) => i === 0 || start - (starts[i - 1] ?? 0) > 2),
    blind: answer.blind.map(({ from, to }) => ({ from: seconds(from), to: seconds(to) })),
    runs: [...runs.values()],
    configs: of('config').map(({ from, runId }) => ({ at: seconds(from), byRun: runId !== null })),
    incidents: of('incident').map(({ incidentId, title, from, to }) => ({ id: incidentId, title, from: seconds(from), to: until(to) })),
    drills: of('drill').map(({ drill, from, to }) => ({ name: drill, from: seconds(from), to: until(to) })),
  };
}

export type EventWords = {
  mark: 'run' | 'drift' | 'danger' | 'unknown' | 'blind' | 'wait' | 'ok' | 'skip';
  what: string;
  detail: string;
  href: string | null;
};

/** An event in words, for the list behind the lane. */
export function eventWords(event: Annotation): EventWords {
  const lasted =
    event.to === null ? 'still going on' : event.to === event.from ? '' : `for ${formatDuration(seconds(event.to) - seconds(event.from))}`;
  const byRun = (runId: string | null) => (runId === null ? null : `/runs/${encodeURIComponent(runId)}`);
  switch (event.kind) {
    case 'restart': {
      const fds =
        event.fdsBefore !== null && event.fdsAfter !== null ? `${formatCount(event.fdsBefore)} → ${formatCount(event.fdsAfter)} fds` : '';
      const lived = event.livedSeconds === null ? '' : `lived ${formatDuration(event.livedSeconds)}`;
      const detail = [lived, fds, event.runId === null ? '' : `by ${runName(event.runId)}`].filter(Boolean).join(', ');
      return { mark: 'run', what: 'Restart', detail, href: byRun(event.runId) };
    }
    case 'run':
      return {
        mark: 'wait',
        what: event.title,
        detail: [event.verdict ?? '', lasted].filter(Boolean).join(', '),
        href: byRun(event.runId),
      };
    case 'config': {
      const detail = `${event.before?.slice(0, 8) ?? 'not known'} → ${event.after.slice(0, 8)}${event.runId === null ? ', by hand or by another tool' : `, by ${runName(event.runId)}`}`;
      return { mark: 'drift', what: 'config.yaml changed', detail, href: byRun(event.runId) ?? '?tab=config' };
    }
    case 'drill':
      return { mark: 'unknown', what: `Drill ${event.drill}`, detail: lasted, href: null };
    case 'blind':
      return { mark: 'blind', what: 'Scrape-blind', detail: `${lasted}, fds were counted over SSH`, href: null };
    case 'gap':
      return { mark: 'skip', what: 'No data', detail: `${lasted}, nothing answered`, href: null };
    case 'incident':
      return { mark: 'danger', what: event.title, detail: lasted, href: `/incidents/${encodeURIComponent(event.incidentId)}` };
  }
}
