import { atMost } from '#server/kernel/at-most.ts';
import type { FleetNode } from '#shared/nodes.ts';
import type { Report } from '#shared/reports.ts';
import { toInstant } from '#shared/time.ts';
import type { ReportsDeps, Sees } from './deps.ts';
import { readHappened } from './happened.ts';
import { readHeadroom } from './headroom.ts';
import { reportHtml } from './html.ts';
import { reportMarkdown } from './markdown.ts';
import { nextOf, summaryOf } from './words.ts';

export type Reports = ReturnType<typeof createReports>;

const WEEK_MS = 7 * 86_400_000;
const MOST_DYING = 5;
/** Each reads the history of every node. */
const MOST_AT_ONCE = 4;

/** What a range of time was for the fleet, from what is stored. Changes nothing; whoever sends it on a schedule asks `make` and renders it. */
export function createReports(deps: ReportsDeps) {
  const bounded = atMost(MOST_AT_ONCE, 'reports');
  async function make(range: { from?: number | undefined; to?: number | undefined }, sees: Sees): Promise<Report> {
    const now = deps.clock.now();
    const toMs = Math.min(range.to ?? now, now);
    const fromMs = Math.min(range.from ?? toMs - WEEK_MS, toMs - 1);
    const nodes = (await deps.fleet()).filter(({ id }) => sees.has(id));
    const [headroom, happened] = await Promise.all([
      readHeadroom(deps, nodes, { fromMs, toMs }),
      readHappened(deps, { fromMs, toMs }, sees),
    ]);
    const head = { from: toInstant(fromMs), to: toInstant(toMs), madeAt: toInstant(now), nodes: nodes.length };
    const report = { ...head, ...headroom, ...happened, now: standing(nodes) };
    const empty = report.lowest.length + report.incidents.length + report.changes.length + report.drills.length === 0;
    return { ...report, empty, summary: empty ? [] : summaryOf(report), next: nextOf(report) };
  }
  return {
    /** throws request.rate-limited */
    make: (...asked: Parameters<typeof make>) => bounded(() => make(...asked)),
    render: (report: Report, format: 'md' | 'html'): string => (format === 'md' ? reportMarkdown(report) : reportHtml(report)),
  };
}

function standing(nodes: readonly FleetNode[]): Report['now'] {
  const dying = nodes.flatMap((node) =>
    node.leak.verdict !== 'leaking' || node.timeToEmfileSeconds === null
      ? []
      : {
          ...{ nodeId: node.id, name: node.name, verdict: node.leak.verdict, perMinute: node.leak.perMinute?.mid ?? null },
          seconds: { low: node.timeToEmfileSeconds.low, high: node.timeToEmfileSeconds.high },
        },
  );
  dying.sort((a, b) => a.seconds.low - b.seconds.low);
  const named = ({ id, name }: FleetNode) => ({ nodeId: id, name });
  return {
    diesFirst: dying.slice(0, MOST_DYING),
    drift: nodes.filter(({ drift }) => drift).map(named),
    notUp: nodes.filter(({ state }) => state !== 'up').map((node) => ({ ...named(node), state: node.state })),
  };
}
