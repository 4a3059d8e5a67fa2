import type { Incident } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import type { Judgement } from '#shared/runs.ts';
import { formatFigure, plural } from '#shared/units/count.ts';

export type RunOutcome = {
  runId: string;
  nodeId: string;
  nodeName: string;
  verdict: string | null;
  runbookKey: string;
  judgement: Judgement | null;
};
type Known = Incident['known'];

/** What the evidence says so far, in sentences with their figures, each with the page that shows it. */
export function whatWeKnow(o: {
  nodes: readonly FleetNode[];
  fleet: readonly FleetNode[];
  /** the console's sentence about the node that dies first */
  verdict: { node: FleetNode; sentence: string } | null;
  runs: readonly RunOutcome[];
}): Known {
  return [...grown(o.verdict), ...byRuns(o.runs), ...naturalExperiment(o.nodes, o.fleet)];
}

function grown(verdict: { node: FleetNode; sentence: string } | null): Known {
  if (verdict === null) return [];
  const { node, sentence } = verdict;
  const tone = node.leak.verdict === 'leaking' ? 'danger' : node.leak.verdict === 'not-leaking' ? 'ok' : 'unknown';
  return [{ tone, text: `${node.name}: ${sentence}`, href: `/nodes/${node.id}`, link: 'Fds of the node' }];
}

/** The last word of each run on each node, with the figures that it was decided by. */
function byRuns(runs: readonly RunOutcome[]): Known {
  return runs
    .filter((run) => run.verdict !== null && run.judgement !== null)
    .slice(-5)
    .map(({ runId, nodeName, verdict, judgement, runbookKey }) => {
      const figures = judgement === null ? '' : compared(judgement);
      const what = runbookKey === 'fd-leak' ? 'pool off and restarted' : runbookKey;
      const said = verdict === 'pass' ? 'it is fixed' : verdict === 'fail' ? 'it is not fixed' : 'nobody can tell yet';
      const tone = verdict === 'pass' ? 'ok' : verdict === 'fail' ? 'danger' : 'unknown';
      return { tone, text: `${nodeName}, ${what}: ${said}${figures}.`, href: `/runs/${runId}`, link: runName(runId) };
    });
}

export function compared({ before, after }: Judgement): string {
  const of = (side: Judgement['before']) =>
    side?.per1000Connections
      ? `${formatFigure(side.per1000Connections.mid)} fds per 1,000 connections`
      : side?.perMinute
        ? `${formatFigure(side.perMinute.mid)} fds a minute`
        : null;
  const [was, is] = [of(before), of(after)];
  if (was === null && is === null) return '';
  return `: ${was ?? 'not measured'} before, ${is ?? 'not measured'} after`;
}

/** Which setting the leaking nodes share and the others have not. Says nothing where every node is the same. */
function naturalExperiment(nodes: readonly FleetNode[], fleet: readonly FleetNode[]): Known {
  const judged = fleet.filter((n) => n.leak.verdict !== 'cannot-tell');
  const share = (set: readonly FleetNode[]) => `${set.filter((n) => n.leak.verdict === 'leaking').length} of ${set.length}`;
  const on = judged.filter((n) => n.pool.enabled === true);
  const off = judged.filter((n) => n.pool.enabled === false);
  if (nodes.length === 0 || judged.length < 2 || !judged.some((n) => n.leak.verdict === 'leaking')) return [];
  const text =
    on.length > 0 && off.length > 0
      ? `Of the nodes that are judged, ${share(on)} with the pool on leak, and ${share(off)} with it off.`
      : `${share(judged)} judged nodes leak, and all have the pool ${on.length > 0 ? 'on' : 'off'}: the pool alone does not tell them apart.`;
  return [{ tone: 'unknown', text, href: '/compare', link: `Compare ${plural(fleet.length, 'node')}` }];
}
